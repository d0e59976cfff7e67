# SPDX-License-Identifier: MIT
"""Parameters of nodes: numbers with a range and a unit, choices, switches.

They are descriptors: reading gives what was set last, setting checks first, then tells the node
(`Node._changed`), which passes it on to every engine that runs it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, overload
from weakref import WeakKeyDictionary

from .._checks import is_switch

if TYPE_CHECKING:
    from typing import Self


class Owner(Protocol):
    """What has parameters: a node, a band of an equalizer, a connection."""

    def _changed(self) -> None: ...


def check_number(
    who: str, value: float, low: float, high: float, unit: str, *, whole: bool = False
) -> float:
    """Return `value` as a float; `ValueError` with name, value, range and unit otherwise."""
    unit = f" {unit}" if unit else ""
    try:
        if isinstance(value, bool | str | bytes):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(
            f"{who}={value!r}: must be a number between {low:g} and {high:g}{unit}"
        ) from None
    if not low <= number <= high:  # not a number (NaN) is in no range
        raise ValueError(f"{who}={value!r}: must be between {low:g} and {high:g}{unit}")
    if whole and number != math.floor(number):
        raise ValueError(
            f"{who}={value!r}: must be a whole number between {low:g} and {high:g}{unit}"
        )
    return number


class Param:
    """A number between `low` and `high`, in `unit` ("" for none)."""

    kind: type = float

    def __init__(self, default: float, low: float, high: float, unit: str, doc: str) -> None:
        self.default, self.low, self.high, self.unit = default, low, high, unit
        self.__doc__ = f"{doc} {low:g} to {high:g}{' ' + unit if unit else ''}."

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: Owner, kind: type) -> float: ...
    def __get__(self, owner: Owner | None, kind: type) -> Self | float:
        if owner is None:
            return self
        return float(owner.__dict__.get(self.name, self.default))

    def __set__(self, owner: Owner, value: float) -> None:
        owner.__dict__[self.name] = self.check(owner, value)
        owner._changed()

    def check(self, owner: object, value: Any) -> float:
        """Return the value to keep; `ValueError` when it is out of range."""
        who = f"{type(owner).__name__}.{self.name}"
        return check_number(who, value, self.low, self.high, self.unit)


class Whole(Param):
    """A whole number between `low` and `high`."""

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: Owner, kind: type) -> int: ...
    def __get__(self, owner: Owner | None, kind: type) -> Self | int:
        if owner is None:
            return self
        return int(owner.__dict__.get(self.name, self.default))

    def check(self, owner: object, value: Any) -> float:
        """Return the value to keep; `ValueError` when it is out of range or not whole."""
        who = f"{type(owner).__name__}.{self.name}"
        return check_number(who, value, self.low, self.high, self.unit, whole=True)


class Choice:
    """One word of several."""

    def __init__(self, default: str, words: tuple[str, ...], doc: str) -> None:
        self.default, self.words = default, words
        self.__doc__ = f"{doc} One of {', '.join(map(repr, words))}."

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: Owner, kind: type) -> str: ...
    def __get__(self, owner: Owner | None, kind: type) -> Self | str:
        if owner is None:
            return self
        return str(owner.__dict__.get(self.name, self.default))

    def __set__(self, owner: Owner, value: str) -> None:
        owner.__dict__[self.name] = self.check(owner, value)
        owner._changed()

    def check(self, owner: object, value: Any) -> str:
        """Return the word to keep; `ValueError` lists what is possible."""
        if value not in self.words:
            raise ValueError(
                f"{type(owner).__name__}.{self.name}={value!r}: possible are "
                + ", ".join(map(repr, self.words))
            )
        return str(value)


class Switch:
    """On or off."""

    def __init__(self, default: bool, doc: str) -> None:
        self.default = default
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: Owner, kind: type) -> bool: ...
    def __get__(self, owner: Owner | None, kind: type) -> Self | bool:
        if owner is None:
            return self
        return bool(owner.__dict__.get(self.name, self.default))

    def __set__(self, owner: Owner, value: bool) -> None:
        owner.__dict__[self.name] = self.check(owner, value)
        owner._changed()

    def check(self, owner: object, value: Any) -> bool:
        """Return the value to keep; `ValueError` unless it is True or False."""
        if not is_switch(value):
            raise ValueError(f"{type(owner).__name__}.{self.name}={value!r}: must be True or False")
        return bool(value)


AnyParam = Param | Choice | Switch


_found: WeakKeyDictionary[type, Mapping[str, AnyParam]] = WeakKeyDictionary()


def parameters(kind: type) -> Mapping[str, AnyParam]:
    """All parameters of a class, by name, in the order of their definition."""
    if kind in _found:
        return _found[kind]
    found: dict[str, AnyParam] = {}
    for base in reversed(kind.__mro__):
        found |= {k: v for k, v in vars(base).items() if isinstance(v, AnyParam)}
    return _found.setdefault(kind, found)


def _settable(kind: type) -> list[str]:
    """Properties that can be set; they check what they are given by themselves."""
    return [
        name
        for name in dir(kind)
        if not name.startswith("_") and getattr(getattr(kind, name), "fset", None) is not None
    ]


def assign(owner: Any, values: dict[str, Any]) -> None:
    """Set parameters by name: all are checked before the first is kept.

    Raises `TypeError` for a name that is no parameter, as a wrong keyword does.
    """
    kind = type(owner)
    known = parameters(kind)
    checked, others = {}, {}
    for name, value in values.items():
        if name in known:
            checked[name] = known[name].check(owner, value)
        elif name in _settable(kind):
            others[name] = value
        else:
            able = ", ".join([*known, *_settable(kind)])
            raise TypeError(f"{kind.__name__} has no parameter {name!r}; it has {able}")
    for name, value in others.items():
        setattr(owner, name, value)
    owner.__dict__.update(checked)
    owner._changed()


def decibels_to_factor(decibels: float) -> float:
    """The factor of an amplitude, 10^(dB/20); -120 dB and less is silence.

    >>> decibels_to_factor(0.0), round(decibels_to_factor(-6.0206), 4), decibels_to_factor(-120.0)
    (1.0, 0.5, 0.0)
    """
    return 0.0 if decibels <= -120 else math.exp(decibels * math.log(10) / 20)
