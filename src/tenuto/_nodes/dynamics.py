# SPDX-License-Identifier: MIT
"""Compressor, gate and limiter: gain that follows the level."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .base import Node, Port
from .params import Param, decibels_to_factor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DB_PER_OCTAVE = 20 * math.log10(2)
"""The core's levels are base-2 logarithms of amplitudes."""

LIMITER_MARGIN_DB = 0.25
_INTERPOLATOR_FRAMES = 13  # of the limiter's detector and its guard, as core/dsp/limiter.h has it
"""How far below the ceiling the limiter keeps what it takes for the true peak: interpolators of
different meters differ by that much on noise."""


def way_per_frame(seconds: float, samplerate: float) -> float:
    """The part of the way that a one-pole smoother goes per frame: 1 - exp(-1/(s fs)).

    >>> way_per_frame(0.0, 48000), round(1 - (1 - way_per_frame(0.01, 1000)) ** 10, 4)
    (1.0, 0.6321)
    """
    return -math.expm1(-1 / (seconds * samplerate)) if seconds * samplerate > 0.02 else 1.0


class Compressor(Node):
    """Make loud passages softer.

    The level of the loudest channel, or of what is connected to `key`, decides on the gain of all
    channels, so a stereo image stays where it is.

    Parameters
    ----------
    threshold_db : float
        Level from which on it reduces, in dBFS of the amplitude, -80 to 0.
    ratio : float
        How many decibels more at the input give one more at the output, 1 to 100.
    attack_seconds, release_seconds : float
        Time constants of the reduction in decibels while it grows and while it shrinks, 0 to 1 and
        0 to 5 seconds: after one of them 63 % of a step is done.
    knee_db : float
        Width of the bend around the threshold, in decibels, 0 to 40.
    makeup_db : float
        Gain behind it, in decibels, -24 to 24.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        A parameter is out of its range.

    Notes
    -----
    Feed-forward, in the log domain, detector behind the gain computer. Source: D. Giannoulis,
    M. Massberg, J. D. Reiss, *Digital Dynamic Range Compressor Design*, J. Audio Eng. Soc. 60 (6),
    2012. Changes of threshold, ratio, knee and make-up take 10 ms.

    Examples
    --------
    >>> import tenuto
    >>> tenuto.Compressor(threshold_db=-20, ratio=4).curve(-8.0)
    -17.0
    """

    kind = "compressor"
    side_inputs = ("key",)
    threshold_db = Param(-20.0, -80, 0, "dB", "From which level on it reduces.")
    ratio = Param(4.0, 1, 100, "", "Decibels in for one decibel out, above the threshold.")
    attack_seconds = Param(0.01, 0, 1, "s", "Time constant while the reduction grows.")
    release_seconds = Param(0.1, 0, 5, "s", "Time constant while the reduction shrinks.")
    knee_db = Param(0.0, 0, 40, "dB", "Width of the bend around the threshold.")
    makeup_db = Param(0.0, -24, 24, "dB", "Gain behind it.")

    def __init__(
        self,
        threshold_db: float = -20.0,
        ratio: float = 4.0,
        *,
        attack_seconds: float = 0.01,
        release_seconds: float = 0.1,
        knee_db: float = 0.0,
        makeup_db: float = 0.0,
        name: str | None = None,
    ) -> None:
        super().__init__(
            name=name,
            threshold_db=threshold_db,
            ratio=ratio,
            attack_seconds=attack_seconds,
            release_seconds=release_seconds,
            knee_db=knee_db,
            makeup_db=makeup_db,
        )

    @property
    def key(self) -> Port:
        """The side input whose level decides, where something is connected to it."""
        return self._side("key")

    def curve(self, level_db: float) -> float:
        """Output level for a steady input level, both in dBFS, without make-up gain."""
        over = level_db - self.threshold_db
        bend = min(max(over + self.knee_db / 2, 0.0), self.knee_db)
        reduced = max(over - self.knee_db / 2, 0.0)
        if self.knee_db > 0:
            reduced += bend * bend / (2 * self.knee_db)
        return level_db - (1 - 1 / self.ratio) * reduced

    def _targets(self, samplerate: float) -> list[float]:
        return [
            self.threshold_db / DB_PER_OCTAVE,
            1 - 1 / self.ratio,
            self.knee_db / DB_PER_OCTAVE,
            self.makeup_db / DB_PER_OCTAVE,
            way_per_frame(self.attack_seconds, samplerate),
            way_per_frame(self.release_seconds, samplerate),
        ]


class Gate(Node):
    """Let sound through only while it is loud enough.

    The level of the loudest channel, or of what is connected to `key`, decides for all channels.

    Parameters
    ----------
    threshold_db : float
        The gate opens when a sample reaches this, in dBFS, -120 to 0.
    hysteresis_db : float
        It closes when all samples stay this much below the threshold, in decibels, 0 to 40.
    range_db : float
        How much softer sound is while it is closed, in decibels, 0 to 120 (silence).
    attack_seconds, release_seconds : float
        Time constants of the gain while it opens and while it closes, 0 to 1 and 0 to 5 seconds:
        after one of them 63 % of the way is done.
    hold_seconds : float
        For how long all samples must be below before it closes, 0 to 5 seconds; at least half a
        period of the lowest tone that shall not be cut.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        A parameter is out of its range.

    Examples
    --------
    >>> import tenuto
    >>> tenuto.Gate(threshold_db=-50, range_db=20).range_db
    20.0
    """

    kind = "gate"
    side_inputs = ("key",)
    threshold_db = Param(-50.0, -120, 0, "dB", "At which level it opens.")
    hysteresis_db = Param(6.0, 0, 40, "dB", "How much below that it closes.")
    range_db = Param(120.0, 0, 120, "dB", "How much softer sound is while it is closed.")
    attack_seconds = Param(0.001, 0, 1, "s", "Time constant while it opens.")
    release_seconds = Param(0.1, 0, 5, "s", "Time constant while it closes.")
    hold_seconds = Param(0.05, 0, 5, "s", "How long it must be soft before it closes.")

    def __init__(
        self,
        threshold_db: float = -50.0,
        *,
        hysteresis_db: float = 6.0,
        range_db: float = 120.0,
        attack_seconds: float = 0.001,
        release_seconds: float = 0.1,
        hold_seconds: float = 0.05,
        name: str | None = None,
    ) -> None:
        super().__init__(
            name=name,
            threshold_db=threshold_db,
            hysteresis_db=hysteresis_db,
            range_db=range_db,
            attack_seconds=attack_seconds,
            release_seconds=release_seconds,
            hold_seconds=hold_seconds,
        )

    @property
    def key(self) -> Port:
        """The side input whose level decides, where something is connected to it."""
        return self._side("key")

    def _targets(self, samplerate: float) -> list[float]:
        return [
            10 ** (self.threshold_db / 20),
            10 ** ((self.threshold_db - self.hysteresis_db) / 20),
            decibels_to_factor(-self.range_db),
            way_per_frame(self.attack_seconds, samplerate),
            way_per_frame(self.release_seconds, samplerate),
            float(round(self.hold_seconds * samplerate)),
        ]


class Limiter(Node):
    """Keep the true peak below a ceiling.

    It looks ahead, so the gain is down before a peak comes, without a corner. All channels get the
    same gain. What stays below the ceiling passes unchanged (by 0.25 dB, see below), late by the
    look-ahead and 13 frames: `latency_frames_at`.

    Parameters
    ----------
    ceiling_db : float
        What the true peak must not exceed, in dBFS, -20 to 0. Changes take 10 ms.
    release_seconds : float
        Time constant with which a reduction fades, 0.001 to 5 seconds.
    lookahead_seconds : float
        Length of the gain's smoothing, 0.0002 to 0.02 seconds. An engine takes it when it builds
        the node; a later change is for the next one.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        A parameter is out of its range.

    Notes
    -----
    "True peak" depends on the interpolator. This one's is kept 0.25 dB below the ceiling, so that
    meters with the interpolator of ITU-R BS.1770-4 Annex 2, of `scipy.signal.resample_poly` and of
    ffmpeg read at most 0.1 dB above it, on white noise, too (measured in docs/dsp/dynamics.md).

    Examples
    --------
    >>> import tenuto
    >>> tenuto.Limiter(ceiling_db=-1).ceiling_db
    -1.0
    """

    kind = "limiter"
    ceiling_db = Param(-1.0, -20, 0, "dB", "What the true peak must not exceed.")
    release_seconds = Param(0.1, 0.001, 5, "s", "Time constant with which a reduction fades.")
    lookahead_seconds = Param(0.0015, 0.0002, 0.02, "s", "Length of the gain's smoothing.")

    def __init__(
        self,
        ceiling_db: float = -1.0,
        *,
        release_seconds: float = 0.1,
        lookahead_seconds: float = 0.0015,
        name: str | None = None,
    ) -> None:
        super().__init__(
            name=name,
            ceiling_db=ceiling_db,
            release_seconds=release_seconds,
            lookahead_seconds=lookahead_seconds,
        )

    def _targets(self, samplerate: float) -> list[float]:
        return [
            10 ** ((self.ceiling_db - LIMITER_MARGIN_DB) / 20),
            1 - way_per_frame(self.release_seconds, samplerate),
        ]

    def latency_frames_at(self, samplerate: float) -> int:
        """How late it is at that samplerate, in frames."""
        return int(self._options(samplerate)[0]) + _INTERPOLATOR_FRAMES

    def _options(self, samplerate: float) -> list[float]:
        return [float(max(1, round(self.lookahead_seconds * samplerate)))]

    def _data(self, samplerate: float) -> NDArray[np.float32]:
        import numpy as np

        from ..design.oversampling import true_peak_detector

        return np.ascontiguousarray(true_peak_detector(), dtype=np.float32)
