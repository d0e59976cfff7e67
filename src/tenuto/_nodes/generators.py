# SPDX-License-Identifier: MIT
"""Sources of sound that need no input: oscillators and noise, and what all of them have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._errors import DesignError, GraphError
from .base import Node, Port
from .params import Choice, Param, Switch, Whole, check_number, decibels_to_factor, parameters

if TYPE_CHECKING:
    from typing import Self

    import numpy as np
    from numpy.typing import NDArray

MOST_CHANNELS = 256


class Generator(Node):
    """What every generator has: a level, a number of channels, a start and a stop.

    Parameters
    ----------
    channels : int
        Of the output, 1 to 256.
    name : str, optional
        How messages call it.
    """

    is_source = True
    level_db = Param(-20.0, -120, 24, "dBFS", "How loud; -120 is silence.")
    playing = Switch(True, "Whether it is to be heard; changes by a fade of 10 ms.")

    def __init__(self, channels: int = 1, *, name: str | None = None, **parameters: Any) -> None:
        who = f"{type(self).__name__}.channels"
        self._channels = int(check_number(who, channels, 1, MOST_CHANNELS, "", whole=True))
        self._starts = 1
        super().__init__(name=name, **parameters)

    @property
    def channels(self) -> int:
        """Channels of the output."""
        return self._channels

    def start(self) -> None:
        """Play: from silence the sound begins anew, at exactly the frame that is scheduled.

        While it can be heard this changes nothing (but ends a fade-out that is under way).
        """
        self._starts += 1
        self.playing = True

    def stop(self) -> None:
        """Fade out in 10 ms; from then on the output is exactly zero."""
        self.playing = False

    def _targets(self, samplerate: float) -> list[float]:
        run = float(self._starts) if self.playing else 0.0
        return [run, decibels_to_factor(self.level_db)]

    def _widths(self, incoming: int) -> tuple[int, int]:
        if incoming:
            raise GraphError(f'"{self.name}" is a source: nothing can be connected to it')
        return 0, self._channels

    def _to_table(self) -> dict[str, Any]:
        return {**super()._to_table(), "channels": self.channels}

    @classmethod
    def _from_table(cls, table: dict[str, Any]) -> Self:
        known = (*parameters(cls), "channels")  # the width is no parameter: it does not change
        for key in table:
            if key not in known:
                raise TypeError(f'the key "{key}" is not known; possible: {", ".join(known)}')
        return cls(**table)

    def _per_frame(self, name: str, frequency: float, samplerate: float) -> float:
        """`frequency` as a share of the samplerate; `DesignError` when it is above half of it."""
        if frequency > samplerate / 2:
            raise DesignError(
                f"{type(self).__name__}.{name}={frequency!r}: must be between 0 and "
                f"{samplerate / 2:g} Hz, half of the samplerate"
            )
        return frequency / samplerate


class Oscillator(Generator):
    """A sine, square, saw or triangle without aliases.

    Parameters
    ----------
    shape : {"sine", "square", "saw", "triangle"}
        As `scipy.signal.square` and `sawtooth` draw them: the square is high first, for `duty` of
        the cycle, then low; the saw rises from -1 to 1; the triangle rises from -1 for `duty` of
        the cycle, then falls. A change is a cross-fade of 10 ms.
    frequency : float
        In hertz, 0 to half the samplerate. Exact to 1e-15; a change glides for 10 ms.
    phase_cycles : float
        Where in the cycle it starts, -1 to 1 cycles.
    duty : float
        0.01 to 0.99, for square and triangle. A square's mean is ``2 * duty - 1``, not zero.
    level_db : float
        Of the peak, in dBFS; -120 (silence) to 24. Edges overshoot it by 9 % (0.75 dB), as those of
        any band-limited waveform do.
    fm_depth : float
        Hertz of deviation for an `fm` input of 1; -192,000 to 192,000.
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
    Edges and corners are band-limited with a kernel of 80 frames, see `tenuto.design.blep`: flat to
    0.42 of the samplerate (20 kHz at 48 kHz), aliases below -100 dB. There is no latency.

    Examples
    --------
    >>> import tenuto
    >>> osc = tenuto.Oscillator("square", frequency=440, duty=0.25, level_db=-12)
    >>> osc.stop()
    >>> osc.playing, osc.shape
    (False, 'square')
    """

    kind = "oscillator"
    side_inputs = ("am", "fm")
    shape = Choice("sine", ("sine", "square", "saw", "triangle"), "The waveform.")
    frequency = Param(440.0, 0, 384_000, "Hz", "At most half the samplerate.")
    phase_cycles = Param(0.0, -1, 1, "cycles", "Where in the cycle it starts.")
    duty = Param(0.5, 0.01, 0.99, "", "The share of the cycle that is high, or rises.")
    fm_depth = Param(0.0, -192_000, 192_000, "Hz", "Deviation for an fm input of 1.")

    def __init__(
        self,
        shape: str = "sine",
        frequency: float = 440.0,
        *,
        phase_cycles: float = 0.0,
        duty: float = 0.5,
        level_db: float = -20.0,
        fm_depth: float = 0.0,
        channels: int = 1,
        playing: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(
            channels,
            name=name,
            shape=shape,
            frequency=frequency,
            phase_cycles=phase_cycles,
            duty=duty,
            level_db=level_db,
            fm_depth=fm_depth,
            playing=playing,
        )

    @property
    def am(self) -> Port:
        """Side input, one channel: the amplitude is multiplied by (1 + am)."""
        return self._side("am")

    @property
    def fm(self) -> Port:
        """Side input, one channel: ``fm_depth * fm`` hertz are added to the frequency.

        The sum is bounded to half the samplerate; a negative one runs backwards.
        """
        return self._side("fm")

    def _targets(self, samplerate: float) -> list[float]:
        return [
            *super()._targets(samplerate),
            self._per_frame("frequency", self.frequency, samplerate),
            self.phase_cycles,
            self.duty,
            self.fm_depth / samplerate,
            float(type(self).shape.words.index(self.shape)),
        ]

    def _options(self, samplerate: float) -> list[float]:
        from ..design import blep

        return [float(blep.DENSITY)]

    def _data(self, samplerate: float) -> NDArray[np.float32]:
        from ..design import blep

        return blep.tables().astype("float32")


class Noise(Generator):
    """White or pink noise that can be repeated.

    Parameters
    ----------
    color : {"white", "pink"}
        White: the same power in each hertz; pink: in each octave, from 10 Hz up. A change is a
        cross-fade of 10 ms.
    seed : int
        0 to 2**53. The same seed gives the same samples; another one other noise, at once.
    level_db : float
        Of the RMS value, in dBFS (a full-scale sine has -3 dBFS); -120 (silence) to 24. White noise
        is evenly distributed: no sample is more than 4.8 dB above this. Pink noise comes close to a
        normal distribution: with -20 dBFS it does not reach full scale in a lifetime.
    channels : int
        Of the output, independent of each other; 1 to 256.
    playing : bool
        False: silent until `start`.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        A number is out of its range.

    Notes
    -----
    Generator: SplitMix64 (G. Steele, D. Lea, C. Flood, 2014). Pink filter: `tenuto.design.pink`;
    from a start, its lowest octave takes about 0.1 s to reach its level.

    Examples
    --------
    >>> import tenuto
    >>> tenuto.Noise("pink", seed=7, channels=2).channels
    2
    """

    kind = "noise"
    color = Choice("white", ("white", "pink"), "The spectrum.")
    seed = Whole(0, 0, 2**53, "", "What all samples follow from.")

    def __init__(
        self,
        color: str = "white",
        *,
        seed: int = 0,
        level_db: float = -20.0,
        channels: int = 1,
        playing: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(
            channels, name=name, color=color, seed=seed, level_db=level_db, playing=playing
        )

    def _targets(self, samplerate: float) -> list[float]:
        return [*super()._targets(samplerate), float(self.color == "pink"), self.seed]

    def _options(self, samplerate: float) -> list[float]:
        from ..design.pink import pinking

        poles, weights, factor = pinking(samplerate)
        return [*poles.tolist(), *weights.tolist(), factor]
