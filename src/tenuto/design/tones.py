# SPDX-License-Identifier: MIT
"""Phases for sums of sines that do not all peak together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._errors import DesignError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def schroeder_phases(levels_db: Sequence[float]) -> NDArray[np.float64]:
    """Compute phases with which equally spaced tones have a low crest factor.

    Parameters
    ----------
    levels_db : sequence of float
        Of the tones, from the lowest frequency to the highest, in decibels.

    Returns
    -------
    ndarray, float64, same length
        Phases in cycles, 0 to 1.

    Raises
    ------
    DesignError
        There is no tone.

    Notes
    -----
    The phase falls with the power of all tones below, summed up: the sum becomes a sweep that
    spends time in each band according to its power. Source: M. R. Schroeder, *Synthesis of
    low-peak-factor signals and binary sequences with low autocorrelation*, IEEE Trans. Inf. Theory
    16, 1970.

    Examples
    --------
    >>> schroeder_phases([0.0, 0.0, 0.0]).round(3).tolist()
    [0.0, 0.667, 0.0]
    """
    import numpy as np

    if len(levels_db) == 0:
        raise DesignError("levels_db is empty: give one level for each tone")
    power = 10 ** (np.asarray(levels_db, float) / 10)
    share = power / power.sum()
    below = np.concatenate([[0.0], np.cumsum(share)[:-1]])
    return np.asarray(-np.cumsum(below) % 1)
