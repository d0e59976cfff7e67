# SPDX-License-Identifier: MIT
"""Checks of arguments that several classes take. NumPy's scalars are numbers like Python's."""

from __future__ import annotations

import numbers
from typing import Any, TypeGuard


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is one real number; True and False are none."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether it is of a type of whole numbers."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_switch(value: Any) -> TypeGuard[bool]:
    """Whether it is True or False, also NumPy's."""
    return isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")


def number(name: str, value: float, low: float, high: float, unit: str) -> float:
    """Return `value`; `ValueError` with name, value, range and unit when it is out of range."""
    if not is_number(value) or not low <= value <= high:  # not a number (NaN) is in no range
        raise ValueError(f"{name}={value!r}: must be between {low} and {high} {unit}")
    return int(value) if is_whole(value) else float(value)


def whole(name: str, value: float, low: float, high: float, unit: str) -> int:
    """The same for a whole number."""
    if number(name, value, low, high, unit) != int(value):
        raise ValueError(f"{name}={value!r}: give a whole number of {unit}")
    return int(value)
