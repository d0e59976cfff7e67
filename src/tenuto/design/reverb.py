# SPDX-License-Identifier: MIT
"""The room of `tenuto.Reverb`: lengths of its delays, and what each has to lose.

Plain Python, without NumPy: it is computed anew with each change of a parameter.
"""

from __future__ import annotations

import math
from functools import lru_cache

LINES = 16
SHORT_STEPS = 2

LONG_SECONDS = (0.037, 0.113)
"""Of the largest room (size 1): the shortest and the longest of the lines that feed back."""
SHORT_SECONDS = (0.009, 0.023)
"""Of the largest room: about the longest delay of each step that makes one pulse many."""
SMALLEST = 0.2
"""A room of size 0, as a part of the largest."""
DAMPING_FREQUENCY = 4000.0
"""Where the decay time is ``1 - damping`` of what it is for low frequencies, in hertz."""


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % k for k in range(2, math.isqrt(number) + 1))


def _next_prime(number: int, taken: set[int]) -> int:
    while number in taken or not _is_prime(number):
        number += 1
    taken.add(number)
    return number


@lru_cache(maxsize=64)
def delays(size: float, samplerate: float) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Lengths of the room's delays.

    Parameters
    ----------
    size : float
        0 (a closet) to 1 (a hall); no unit.
    samplerate : float
        In hertz, above 0.

    Returns
    -------
    short, long : tuple of int
        In frames: twice 16 short delays, and the 16 lines that feed back. The lines are different
        prime numbers, so that their echoes seldom fall together, in a geometric series, so that no
        step of the series is heard as a tone.

    Examples
    --------
    >>> short, long = delays(1.0, 48000)
    >>> len(short), len(long), long[:4]
    (32, 16, (1777, 1913, 2063, 2221))
    """
    scale = (SMALLEST + (1 - SMALLEST) * size) * samplerate
    first, last = LONG_SECONDS
    taken: set[int] = set()
    long = tuple(
        _next_prime(round(scale * first * (last / first) ** (i / (LINES - 1))), taken)
        for i in range(LINES)
    )
    short: list[int] = []
    for step, longest in enumerate(SHORT_SECONDS):
        # One in each sixteenth of the time, at a place that repeats as late as can be (golden
        # section); lines that lie side by side get delays that are far apart.
        for line in range(LINES):
            place = (line * 7 + 3 * step) % LINES
            shift = (place * 0.6180339887 + 0.37 * step) % 1.0
            short.append(round(scale * longest * (place + shift) / LINES))
    return tuple(short), long


def damping(
    frames: int, decay_seconds: float, damping: float, samplerate: float
) -> tuple[float, float]:
    """What one line loses: the filter ``y = feed · x + keep · y'``.

    Parameters
    ----------
    frames : int
        Length of the line, at least 1.
    decay_seconds : float
        Time in which low frequencies fall by 60 dB, above 0.
    damping : float
        0 to below 1: at 4 kHz (or 0.45 of a low samplerate) sound falls by 60 dB in ``1 - damping``
        of that time.
    samplerate : float
        In hertz, above 0.

    Returns
    -------
    feed, keep : float
        ``feed / (1 - keep)`` is the factor for the lowest frequencies.

    Notes
    -----
    A line of m frames has to lose 60 dB · m / (samplerate · T) (Jot and Chaigne, 1991). One pole
    with the factor R at the angle w, beside that of frequency 0, solves
    ``(1 - p)² = R² (1 - 2 p cos w + p²)``.

    Examples
    --------
    >>> feed, keep = damping(480, 1.0, 0.0, 48000)
    >>> round(20 * math.log10(feed), 9), keep
    (-0.6, 0.0)
    """
    loss = -3 * frames / (samplerate * decay_seconds)
    low = 10**loss
    if damping <= 0:
        return low, 0.0
    angle = 2 * math.pi * min(DAMPING_FREQUENCY, 0.45 * samplerate) / samplerate
    squared = 10 ** (2 * loss * (1 / (1 - damping) - 1))
    a, b = 1 - squared, 1 - squared * math.cos(angle)
    keep = (b - math.sqrt(b * b - a * a)) / a
    return low * (1 - keep), keep


def loudness(long: tuple[int, ...], decay_seconds: float, samplerate: float) -> float:
    """The factor that gives the room's response the energy 1, if it is not damped.

    What goes round comes back as often as the lines let it: the energy of all rounds is a geometric
    series.

    Examples
    --------
    >>> round(loudness((480,) * 16, 0.06, 48000), 6)
    0.948683
    """
    kept = sum(100 ** (-3 * m / (samplerate * decay_seconds)) for m in long) / len(long)
    return math.sqrt(1 - kept)
