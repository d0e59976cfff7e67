# SPDX-License-Identifier: MIT
"""Tables for waveforms with edges and corners and without aliases.

A waveform that is sampled has to pass a low-pass filter first. Where it is smooth (a straight line)
the filter changes nothing; at an edge it turns the step into its own step response. The tables hold
the difference of the two, as long as it lasts, and the same for a corner. Sources: E. Brandt, *Hard
Sync Without Aliasing*, ICMC 2001 (the band-limited step; ours has linear phase); J. F. Kaiser and
R. W. Schafer, *On the use of the I0-sinh window for spectrum analysis*, IEEE Trans. ASSP 28, 1980
(its window, and the formulas for its length).
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

REACH = 40
"""Frames to each side of an edge."""
DENSITY = 32
"""Points of the tables per frame; with cubic interpolation 32 leave less than 1e-7."""
ATTENUATION_DB = 100.0
"""Of what lies above half the samplerate, and would come back as an alias."""


@functools.cache
def tables() -> NDArray[np.float64]:
    """Compute low-pass, step and corner tables.

    Returns
    -------
    ndarray, float64, shape (3, REACH * DENSITY + 1)
        From the edge to `REACH` frames after it: the low-pass h (per frame; its integral over both
        sides is 1), its step response minus the step, e(t) = -(integral of h from t on), and the
        same for a corner, b(t) = -(integral of e from t on). Before the edge h(-t) = h(t),
        e(-t) = -e(t), b(-t) = b(t).

    Notes
    -----
    Pass band to 0.42 of the samplerate (20.2 kHz at 48 kHz), stop band from half of it.

    Examples
    --------
    >>> h, e, b = tables()
    >>> float(e[0])
    -0.5
    """
    # The window's transition, in cycles per frame, for this length and attenuation.
    transition = (ATTENUATION_DB - 8) / (2.285 * 2 * np.pi * 2 * REACH)
    cutoff = 0.5 - transition / 2
    beta = 0.1102 * (ATTENUATION_DB - 8.7)

    def low_pass(t: NDArray[np.float64]) -> NDArray[np.float64]:
        window = np.i0(beta * np.sqrt(np.maximum(0, 1 - (t / REACH) ** 2))) / np.i0(beta)
        return 2 * cutoff * np.sinc(2 * cutoff * t) * window

    t = np.arange(REACH * DENSITY + 1) / DENSITY
    # Integrals of h and of t h over each cell by Gauss-Legendre, exact to rounding; then from the
    # end to the centre.
    nodes, weights = np.polynomial.legendre.leggauss(6)
    inside = t[:-1, None] + (nodes + 1) / (2 * DENSITY)
    cells = low_pass(inside) * weights / (2 * DENSITY)

    def from_the_end(parts: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([np.cumsum(parts[::-1])[::-1], [0.0]])

    area, moment = from_the_end(cells.sum(1)), from_the_end((cells * inside).sum(1))
    whole = 2 * area[0]
    step = -area / whole
    corner = t * step + moment / whole  # integration by parts
    return np.stack([low_pass(t) / whole, step, corner])
