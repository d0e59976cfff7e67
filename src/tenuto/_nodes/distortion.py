# SPDX-License-Identifier: MIT
"""Distortion: bending the waveform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import Node
from .params import Choice, Param, decibels_to_factor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SHAPES = ("tanh", "hard", "soft")
_FACTORS = (4, 8, 16)


class _Factor(Param):
    """One of the factors of oversampling."""

    def check(self, owner: object, value: Any) -> float:
        if isinstance(value, bool) or value not in _FACTORS:
            raise ValueError(
                f"{type(owner).__name__}.{self.name}={value!r}: must be one of "
                + ", ".join(map(str, _FACTORS))
            )
        return int(value)


def _filters(doublings: int) -> list[NDArray[np.float64]]:
    from ..design.oversampling import halfband, last_halving

    # Sound up to 0.4535 of the samplerate (20 kHz at 44.1 kHz) is to come through.
    passband = 0.4535
    sides = [halfband(passband / 2**n, 96) for n in range(1, doublings + 1)]
    return [*sides, last_halving(passband / 2**doublings)]


class Distortion(Node):
    """Bend the waveform, without the inharmonic tones that bending sampled sound makes.

    Parameters
    ----------
    drive_db : float
        Gain in front of the curve, in decibels, -20 to 48.
    shape : str
        The curve: ``"tanh"``, ``"hard"`` (clips at 1) or ``"soft"`` (a cubic up to 1.5). All have a
        slope of 1 at silence and a limit of 1. A change is a cross-fade of 10 ms.
    mix : float
        Part of the bent sound in the output, 0 to 1; the rest is the input, equally late.
    output_db : float
        Gain behind all, in decibels, -120 (silence) to 20.
    oversampling : int
        4, 8 or 16 times the samplerate. An engine takes it when it builds the node; a later change
        is for the next one.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        A parameter is out of its range.

    Notes
    -----
    The curve is applied as the mean over the way from sample to sample. Source: J. Parker,
    V. Zavalishin, E. Le Bivic, *Reducing the Aliasing of Nonlinear Waveshaping Using
    Continuous-Time Convolution*, DAFx-16, 2016. The filters are linear-phase, and all delays
    together are whole frames; sound is flat up to 0.45 of the samplerate.

    Examples
    --------
    >>> import tenuto
    >>> tenuto.Distortion(drive_db=24, shape="hard").oversampling == 8
    True
    """

    kind = "distortion"
    drive_db = Param(12.0, -20, 48, "dB", "Gain in front of the curve.")
    shape = Choice("tanh", _SHAPES, "The curve.")
    mix = Param(1.0, 0, 1, "", "Part of the bent sound in the output.")
    output_db = Param(0.0, -120, 20, "dB", "Gain behind all.")
    oversampling = _Factor(8, 4, 16, "", "At how many times the samplerate (4, 8, 16).")

    def __init__(
        self,
        drive_db: float = 12.0,
        *,
        shape: str = "tanh",
        mix: float = 1.0,
        output_db: float = 0.0,
        oversampling: int = 8,
        name: str | None = None,
    ) -> None:
        super().__init__(
            name=name,
            drive_db=drive_db,
            shape=shape,
            mix=mix,
            output_db=output_db,
            oversampling=oversampling,
        )

    def _targets(self, samplerate: float) -> list[float]:
        level = decibels_to_factor(self.output_db)
        return [
            10 ** (self.drive_db / 20),
            self.mix * level,
            (1 - self.mix) * level,
            float(_SHAPES.index(self.shape)),
        ]

    def _doublings(self) -> int:
        return int(self.oversampling).bit_length() - 1

    def _options(self, samplerate: float) -> list[float]:
        doublings = self._doublings()
        return [float(doublings), *(float(len(row)) for row in _filters(doublings))]

    def _data(self, samplerate: float) -> NDArray[np.float32]:
        import numpy as np

        rows = _filters(self._doublings())
        data = np.zeros((len(rows), max(map(len, rows))), np.float32)
        for number, row in enumerate(rows):
            data[number, : len(row)] = row
        return data
