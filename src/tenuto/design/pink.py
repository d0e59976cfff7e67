# SPDX-License-Identifier: MIT
"""A filter that makes pink noise of white noise, designed for its samplerate."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ._check import check_range

POLES = 8
LOWEST = 10.0
"""Hertz; below, the spectrum becomes flat."""
_HIGHEST = 0.46  # of the samplerate
_ROUNDS = 40


@functools.cache
def pinking(samplerate: float) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Design the filter ``H(z) = factor * (1 + sum(w z^-1 / (1 - p z^-1)))``.

    Parameters
    ----------
    samplerate : float
        In hertz, 1000 to 1,000,000.

    Returns
    -------
    poles : ndarray, float64, shape (8,)
        p, all real, between -1 and 1.
    weights : ndarray, float64, shape (8,)
        w.
    factor : float
        Such that white noise comes out with the power it went in with.

    Raises
    ------
    DesignError
        `samplerate` is out of range.

    Notes
    -----
    A slope of half an order is what real poles and zeros make that alternate at equal distances on
    a logarithmic scale (J. O. Smith and H. F. Smith, *Closed form fractional integration and
    differentiation via real exponentially spaced pole-zero pairs*, 2016). From there Levenberg's
    and Marquardt's method moves them until the level over the logarithm of the frequency, from
    10 Hz to 0.46 of the samplerate, is a straight line: within 0.03 dB from 44.1 to 96 kHz.

    Examples
    --------
    >>> poles, weights, factor = pinking(48000.0)
    >>> poles.shape, bool(abs(poles).max() < 1)
    ((8,), True)
    """
    check_range("samplerate", samplerate, 1000, 1e6, "Hz")
    highest = _HIGHEST * samplerate
    frequencies = np.geomspace(LOWEST, highest, 400)
    delay = np.exp(-2j * np.pi * frequencies / samplerate)
    wanted = -10 * np.log10(frequencies)

    def roots(places: NDArray[np.float64]) -> NDArray[np.float64]:
        # A place is the logarithm of a bilinear transform's frequency: any gives a stable pole.
        return np.asarray(-np.tanh(places / 2))

    def miss(places: NDArray[np.float64]) -> NDArray[np.float64]:
        power = np.abs(1 - roots(places)[:, None] * delay) ** 2
        level = 10 * np.log10(power[POLES:].prod(0) / power[:POLES].prod(0))
        return np.asarray(level - wanted - (level - wanted).mean())

    centres = np.geomspace(LOWEST / 2, highest, POLES)
    apart = (centres[1] / centres[0]) ** 0.25
    breaks = np.concatenate([centres / apart, np.minimum(centres * apart, 0.49 * samplerate)])
    places = _fit(miss, np.log(np.tan(np.pi * breaks / samplerate)))
    poles, zeros = roots(places[:POLES]), roots(places[POLES:])
    others = poles[:, None] - poles
    np.fill_diagonal(others, 1)
    weights = (poles[:, None] - zeros).prod(1) / others.prod(1)
    # The energy of the impulse response: 1, then a sum of geometric series.
    energy = 1 + (np.outer(weights, weights) / (1 - np.outer(poles, poles))).sum()
    return poles, weights, float(1 / np.sqrt(energy))


def _fit(
    miss: Callable[[NDArray[np.float64]], NDArray[np.float64]], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Least squares by K. Levenberg (1944) and D. Marquardt (1963), derivatives by differences."""
    best, error, damping = start, miss(start), 1e-3
    step = 1e-5
    for _ in range(_ROUNDS):
        moved = best + step * np.eye(len(best))
        slopes = np.stack([(miss(row) - error) / step for row in moved], axis=1)
        normal = slopes.T @ slopes
        while damping < 1e6:
            damped = normal + damping * np.eye(len(best)) * np.trace(normal) / len(best)
            trial = best - np.linalg.solve(damped, slopes.T @ error)
            trial_error = miss(trial)
            if trial_error @ trial_error < error @ error:
                best, error, damping = trial, trial_error, damping / 5
                break
            damping *= 5
        else:
            break
    return best
