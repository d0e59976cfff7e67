# SPDX-License-Identifier: MIT
"""Filters to look between samples, and to work at a multiple of the samplerate.

All are linear-phase windowed sincs (Kaiser's window); they are made of NumPy alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def true_peak_detector() -> NDArray[np.float64]:
    """The limiter's detector: what lies between two samples, four times oversampled.

    Returns
    -------
    ndarray, float64, shape (2, 20)
        The interpolator for a quarter of the way from the tenth of 20 samples to the next, and for
        the middle. The one for three quarters is the reverse of the first. Each sums to 1.

    Notes
    -----
    Windowed sincs, 20 taps, Kaiser's window with beta 4: flat within 0.12 dB up to 0.42 of the
    samplerate. The 12 taps that ITU-R BS.1770-4 Annex 2 prints begin to fall earlier.

    Examples
    --------
    >>> quarter, middle = true_peak_detector()
    >>> round(float(quarter.sum()), 12), bool(abs(middle - middle[::-1]).max() < 1e-15)
    (1.0, True)
    """
    import numpy as np

    taps, beta = 20, 4.0
    rows = []
    for instant in (0.25, 0.5):
        distance = np.arange(taps) - (taps // 2 - 1) - instant
        window = np.i0(beta * np.sqrt(np.maximum(0, 1 - (2 * distance / taps) ** 2)))
        row = np.sinc(distance) * window
        rows.append(row / row.sum())
    return np.array(rows)


def halfband(passband: float, attenuation_db: float) -> NDArray[np.float64]:
    """One side of a half-band filter, which doubles or halves a samplerate.

    Parameters
    ----------
    passband : float
        Up to which part of the *high* samplerate it passes, 0 to 0.25 (both excluded); it stops
        from ``0.5 - passband`` on.
    attenuation_db : float
        How much it stops, in decibels, 21 to 150; it passes the others as exactly (within
        ``10 ** (-attenuation_db / 20)``).

    Returns
    -------
    ndarray, float64, shape (count,)
        Every second coefficient left of the middle, the outermost first, with a sum of 1/2; the
        right side is the mirror image, those in between are 0, the middle one is 1. The whole has a
        gain of 2: of a doubled rate half of the samples are zeros.

    Raises
    ------
    ValueError
        A parameter is out of its range.

    Notes
    -----
    Length by Kaiser's formula: J. F. Kaiser, *Nonrecursive digital filter design using the
    I0-sinh window function*, ISCAS 1974.

    Examples
    --------
    >>> side = halfband(0.1, 60)
    >>> len(side), round(float(side.sum()), 12)
    (4, 0.5)
    """
    import numpy as np

    if not 0 < passband < 0.25:
        raise ValueError(f"passband={passband!r}: must be above 0 and below 0.25")
    if not 21 <= attenuation_db <= 150:
        raise ValueError(f"attenuation_db={attenuation_db!r}: must be between 21 and 150 dB")
    a = attenuation_db
    beta = 0.1102 * (a - 8.7) if a > 50 else 0.5842 * (a - 21) ** 0.4 + 0.07886 * (a - 21)
    length = (a - 7.95) / (2.285 * 2 * math.pi * (0.5 - 2 * passband)) + 1
    count = max(1, math.ceil((length + 1) / 4))
    stopped = np.linspace(0.5 - passband, 0.5, 512)
    while True:
        distance = np.arange(2 * count - 1, 0, -2)  # from the middle, in samples of the high rate
        window = np.i0(beta * np.sqrt(1 - (distance / (2 * count)) ** 2))
        side = np.sinc(distance / 2) * window
        side *= 0.5 / side.sum()
        response = 0.5 + np.cos(2 * np.pi * np.outer(stopped, distance)) @ side
        if np.abs(response).max() <= 10 ** (-a / 20):
            return np.asarray(side, dtype=np.float64)
        count += 1  # the formula is an estimate, and a low one for few coefficients


def last_halving(passband: float, size: int = 16) -> NDArray[np.float64]:
    """The filter in front of the first of several halvings, with an even number of coefficients.

    It also makes good what the mean of two neighbours takes away, ``cos(pi f / samplerate)``: the
    curve of `tenuto.Distortion` is such a mean.

    Parameters
    ----------
    passband : float
        Up to which part of the high samplerate it is exact, 0 to 0.2 (both excluded); it stops from
        ``0.5 - passband`` on.
    size : int
        How many coefficients, an even number.

    Returns
    -------
    ndarray, float64, shape (size,)
        Symmetric.

    Raises
    ------
    ValueError
        A parameter is out of its range.

    Examples
    --------
    >>> h = last_halving(0.05)
    >>> round(float(h.sum()), 4), bool(abs(h - h[::-1]).max() < 1e-15)
    (1.0, True)
    """
    import numpy as np

    if not 0 < passband < 0.2:
        raise ValueError(f"passband={passband!r}: must be above 0 and below 0.2")
    if size < 2 or size % 2:
        raise ValueError(f"size={size!r}: must be an even number of at least 2")
    passed = np.linspace(0, passband, 200)
    stopped = np.linspace(0.5 - passband, 0.5, 400)
    frequency = np.concatenate([passed, stopped])
    wanted = np.concatenate([1 / np.cos(np.pi * passed), np.zeros(len(stopped))])
    basis = 2 * np.cos(2 * np.pi * np.outer(frequency, np.arange(size // 2)[::-1] + 0.5))
    # The last frequencies need no help: every such filter has a zero at half the samplerate.
    half = np.linalg.lstsq(basis, wanted, rcond=None)[0]
    return np.concatenate([half, half[::-1]])
