# SPDX-License-Identifier: MIT
"""Test signals with a plan: a sweep, and many tones at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .generators import Generator
from .params import Choice, Param, check_number, decibels_to_factor, parameters

if TYPE_CHECKING:
    from typing import Self

MOST_TONES = 64


class Sweep(Generator):
    """A sine that glides from one frequency to another, once; then silence.

    `start` plays it again, when it has ended or was stopped. What is set while it glides (other
    than level and `playing`) is for the next time.

    Parameters
    ----------
    start_frequency, stop_frequency : float
        In hertz, 0.001 to half the samplerate; the first may be the higher one.
    seconds : float
        Its length, 0.001 to 86,400; rounded to whole frames.
    curve : {"exponential", "linear"}
        Equal time for each octave, or for each hertz.
    level_db : float
        Of the peak, in dBFS; -120 (silence) to 24.
    fade_in, fade_out : float
        Seconds of a raised cosine at the ends, 0 to 60; together not longer than the sweep is.
    channels : int
        Of the output, all the same; 1 to 256.
    playing : bool
        False: silent until `start`.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        A number is out of its range. `DesignError`, one of these, for a frequency above half the
        samplerate, when an engine or a rendering is built.

    Notes
    -----
    Formulas: `tenuto.design.sweep.sweep`, which gives the same samples as an array; `inverse`
    beside it makes an impulse response of a recording.

    Examples
    --------
    >>> import tenuto
    >>> tenuto.Sweep(20, 20000, seconds=5).curve
    'exponential'
    """

    kind = "sweep"
    start_frequency = Param(20.0, 0.001, 384_000, "Hz", "At most half the samplerate.")
    stop_frequency = Param(20_000.0, 0.001, 384_000, "Hz", "At most half the samplerate.")
    seconds = Param(5.0, 0.001, 86_400, "s", "How long.")
    curve = Choice("exponential", ("exponential", "linear"), "How the frequency moves.")
    fade_in = Param(0.01, 0, 60, "s", "Raised cosine at the begin.")
    fade_out = Param(0.01, 0, 60, "s", "Raised cosine at the end.")

    def __init__(
        self,
        start_frequency: float = 20.0,
        stop_frequency: float = 20_000.0,
        seconds: float = 5.0,
        *,
        curve: str = "exponential",
        level_db: float = -20.0,
        fade_in: float = 0.01,
        fade_out: float = 0.01,
        channels: int = 1,
        playing: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(
            channels,
            name=name,
            start_frequency=start_frequency,
            stop_frequency=stop_frequency,
            seconds=seconds,
            curve=curve,
            level_db=level_db,
            fade_in=fade_in,
            fade_out=fade_out,
            playing=playing,
        )

    def _targets(self, samplerate: float) -> list[float]:
        from ..design.sweep import is_exponential

        frames = max(1, round(self.seconds * samplerate))
        return [
            *super()._targets(samplerate),
            float(frames),
            self._per_frame("start_frequency", self.start_frequency, samplerate),
            self._per_frame("stop_frequency", self.stop_frequency, samplerate),
            float(is_exponential(self.curve, self.start_frequency, self.stop_frequency)),
            float(min(frames, round(self.fade_in * samplerate))),
            float(min(frames, round(self.fade_out * samplerate))),
        ]


class MultiTone(Generator):
    """The sum of up to 64 steady sines, fixed when it is made.

    Parameters
    ----------
    frequencies : sequence of float
        1 to 64 of them, in hertz, 0.001 to half the samplerate.
    levels_db : sequence of float, optional
        Of the tones against each other, -120 to 24 dB; default: all 0.
    phases : "schroeder", "zero" or sequence of float
        Where in the cycle each starts, -1 to 1 cycles. "schroeder" keeps the crest factor low (for
        tones at equal distances, in ascending order).
    level_db : float
        Of the peak of a tone whose own level is 0 dB, in dBFS; -120 (silence) to 24.
    channels : int
        Of the output, all the same; 1 to 256.
    playing : bool
        False: silent until `start`.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        A number is out of its range, or there are not as many levels or phases as frequencies.

    Notes
    -----
    Phases: `tenuto.design.tones.schroeder_phases`.

    Examples
    --------
    >>> import tenuto
    >>> tones = tenuto.MultiTone([100 * k for k in range(1, 33)], level_db=-40)
    >>> len(tones.frequencies), tones.phases
    (32, 'schroeder')
    """

    kind = "multitone"

    def __init__(
        self,
        frequencies: Sequence[float],
        levels_db: Sequence[float] | None = None,
        phases: str | Sequence[float] = "schroeder",
        *,
        level_db: float = -20.0,
        channels: int = 1,
        playing: bool = True,
        name: str | None = None,
    ) -> None:
        count = len(frequencies)
        if not 1 <= count <= MOST_TONES:
            raise ValueError(
                f"MultiTone.frequencies has {count} numbers: must have 1 to {MOST_TONES}"
            )
        self._frequencies = _checked("frequencies", frequencies, 0.001, 384_000, "Hz", count)
        levels_db = [0.0] * count if levels_db is None else levels_db
        self._levels_db = _checked("levels_db", levels_db, -120, 24, "dB", count)
        self._phases: str | tuple[float, ...]
        if isinstance(phases, str):
            if phases not in ("schroeder", "zero"):
                raise ValueError(
                    f"MultiTone.phases={phases!r}: possible are 'schroeder', 'zero', or cycles "
                    "for each tone"
                )
            self._phases = phases
        else:
            self._phases = _checked("phases", phases, -1, 1, "cycles", count)
        super().__init__(channels, name=name, level_db=level_db, playing=playing)

    @property
    def frequencies(self) -> tuple[float, ...]:
        """In hertz."""
        return self._frequencies

    @property
    def levels_db(self) -> tuple[float, ...]:
        """Of the tones against each other."""
        return self._levels_db

    @property
    def phases(self) -> str | tuple[float, ...]:
        """As they were asked for."""
        return self._phases

    def _options(self, samplerate: float) -> list[float]:
        from ..design.tones import schroeder_phases

        cycles: Sequence[float]
        if isinstance(self._phases, str):
            is_zero = self._phases == "zero"
            cycles = (
                [0.0] * len(self._frequencies)
                if is_zero
                else (schroeder_phases(self._levels_db).tolist())
            )
        else:
            cycles = self._phases
        options = []
        for frequency, level, phase in zip(self._frequencies, self._levels_db, cycles, strict=True):
            share = self._per_frame("frequencies", frequency, samplerate)
            options += [share, decibels_to_factor(level), phase]
        return options

    def _to_table(self) -> dict[str, Any]:
        phases = self._phases if isinstance(self._phases, str) else list(self._phases)
        return {
            "frequencies": list(self._frequencies),
            "levels_db": list(self._levels_db),
            "phases": phases,
            **super()._to_table(),
        }

    @classmethod
    def _from_table(cls, table: dict[str, Any]) -> Self:
        known = ("frequencies", "levels_db", "phases", *parameters(cls), "channels")
        for key in table:
            if key not in known:
                raise TypeError(f'the key "{key}" is not known; possible: {", ".join(known)}')
        if "frequencies" not in table:
            raise ValueError('the key "frequencies" is missing')
        return cls(**table)


def _checked(
    name: str, values: Sequence[float], low: float, high: float, unit: str, count: int
) -> tuple[float, ...]:
    if len(values) != count:
        raise ValueError(f"MultiTone.{name} has {len(values)} numbers for {count} frequencies")
    return tuple(
        check_number(f"MultiTone.{name}[{i}]", value, low, high, unit)
        for i, value in enumerate(values)
    )
