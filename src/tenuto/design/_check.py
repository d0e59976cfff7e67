# SPDX-License-Identifier: MIT
"""Range checks of design functions."""

from __future__ import annotations

from .._errors import DesignError


def check_range(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    """Raise `DesignError` with name, value, range and unit unless low <= value <= high."""
    if not low <= value <= high:  # what is not a number (NaN) is in no range
        raise DesignError(
            f"{name}={value!r}: must be between {low:g} and {high:g}{' ' + unit if unit else ''}"
        )
