# SPDX-License-Identifier: MIT
"""What nodes are designed with, and of use alone: pure functions on numbers and NumPy arrays.

Second-order sections are float64 arrays of shape (sections, 6), ``b0 b1 b2 a0 a1 a2`` with
``a0 == 1``, as `scipy.signal.sosfilt` takes them.
"""

from .filters import (
    all_pass,
    band_pass,
    high_pass,
    high_shelf,
    low_pass,
    low_shelf,
    notch,
    peaking,
    response,
)
from .sweep import inverse as inverse_sweep
from .tones import schroeder_phases

__all__ = [
    "all_pass",
    "band_pass",
    "high_pass",
    "high_shelf",
    "inverse_sweep",
    "low_pass",
    "low_shelf",
    "notch",
    "peaking",
    "response",
    "schroeder_phases",
]
