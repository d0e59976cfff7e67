# SPDX-License-Identifier: MIT
"""Checks of arguments that several classes take."""

from __future__ import annotations


def number(name: str, value: float, low: float, high: float, unit: str) -> float:
    """Return `value`; `ValueError` with name, value, range and unit when it is out of range."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:  # not a number (NaN) is in no range
        raise ValueError(f"{name}={value!r}: must be between {low} and {high} {unit}")
    return value


def whole(name: str, value: float, low: float, high: float, unit: str) -> int:
    """The same for a whole number."""
    if number(name, value, low, high, unit) != int(value):
        raise ValueError(f"{name}={value!r}: give a whole number of {unit}")
    return int(value)
