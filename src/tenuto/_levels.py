# SPDX-License-Identifier: MIT
"""Levels of the input, per channel, in decibels relative to full scale."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class LevelSinceStart:
    """Levels over the whole time since the device was started."""

    peak_db: float
    rms_db: float
    clipped: int
    true_peak_db: float | None = None


@dataclass(frozen=True)
class Level:
    """What one channel's meter shows.

    Attributes
    ----------
    peak_db : float
        Largest absolute sample since the meters were last looked at, in dBFS (full scale 1.0 is
        0 dBFS); ``-inf`` for silence.
    held_db : float
        Peak with hold (1.5 s) and fall (20 dB in 1.7 s), in dBFS: what a meter's bar shows.
    rms_db : float
        Root mean square with a time constant of 0.3 s, in dBFS: a full-scale sine reads −3.01,
        a full-scale square 0.
    clipped : int
        Samples at full scale (32767/32768 or more) since the start.
    since_start : LevelSinceStart
        The same over the whole time.
    true_peak_db : float or None
        Largest value between the samples (ITU-R BS.1770-4, Annex 2), since the meters were last
        looked at, in dBTP; None where it is not measured.
    """

    peak_db: float
    held_db: float
    rms_db: float
    clipped: int
    since_start: LevelSinceStart
    true_peak_db: float | None = None


def decibels(amplitude: float) -> float:
    """``20 log10``, with ``-inf`` for 0.

    >>> decibels(0.5)
    -6.020599913279624
    """
    return 20 * math.log10(amplitude) if amplitude > 0 else -math.inf


Row = tuple[float, float, float, float, float, int, int, float, float]


def level(row: Row, *, with_true_peak: bool = False) -> Level:
    """From one row of the core's meters."""
    peak, held, peak_max, mean_square, square_sum, clipped, frames, true_peak, true_peak_max = row
    overall = math.sqrt(square_sum / frames) if frames else 0.0
    return Level(
        peak_db=decibels(peak),
        held_db=decibels(held),
        rms_db=decibels(math.sqrt(mean_square)),
        clipped=clipped,
        since_start=LevelSinceStart(
            decibels(peak_max),
            decibels(overall),
            clipped,
            decibels(true_peak_max) if with_true_peak else None,
        ),
        true_peak_db=decibels(true_peak) if with_true_peak else None,
    )
