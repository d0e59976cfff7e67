# SPDX-License-Identifier: MIT
"""Design of filters: pure functions that return coefficients.

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

__all__ = [
    "all_pass",
    "band_pass",
    "high_pass",
    "high_shelf",
    "low_pass",
    "low_shelf",
    "notch",
    "peaking",
    "response",
]
