# SPDX-License-Identifier: MIT
"""Kernels that several tests share, each compiled once, and a table of ones that must not pass."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MARK = "# here"


@dataclass
class Bad:
    """A function that must be refused: at which line, and in which words."""

    function: Any
    settings: dict[str, Any]
    words: str
    line: int | None  # None: it is about the function as a whole


def line_of(function: Callable[..., Any]) -> int | None:
    """The number of the line with the mark."""
    lines, first = inspect.getsourcelines(function)
    return next((first + i for i, line in enumerate(lines) if MARK in line), None)


def ring(x: Any, y: Any, state: Any, params: Any) -> None:
    """Multiply with a sine."""
    for c in range(x.shape[0]):
        phase = state[c, 0]
        for n in range(x.shape[1]):
            y[c, n] = x[c, n] * math.sin(2 * math.pi * phase)
            phase += params.frequency / params.samplerate
            phase -= math.floor(phase)
        state[c, 0] = phase


def biquad(x: Any, y: Any, state: Any, params: Any) -> None:
    """Transposed direct form II."""
    for c in range(x.shape[0]):
        s1, s2 = state[c, 0], state[c, 1]
        for n in range(x.shape[1]):
            v = x[c, n]
            out = params.b0 * v + s1
            s1 = params.b1 * v - params.a1 * out + s2
            s2 = params.b2 * v - params.a2 * out
            y[c, n] = out
        state[c, 0], state[c, 1] = s1, s2


def shaper(x: Any, y: Any, state: Any, params: Any) -> None:
    """Saturate."""
    for c in range(x.shape[0]):
        for n in range(x.shape[1]):
            y[c, n] = math.tanh(params.drive * x[c, n])


def delay(x: Any, y: Any, state: Any, params: Any) -> None:
    """Echo with feedback; the last place of the state is the position."""
    length = state.shape[1] - 1
    frames = min(int(params.frames), length)
    for c in range(x.shape[0]):
        at = int(state[c, length])
        for n in range(x.shape[1]):
            past = at - frames
            if past < 0:
                past += length
            old = state[c, past]
            state[c, at] = x[c, n] + params.feedback * old
            y[c, n] = old
            at += 1
            if at == length:
                at = 0
        state[c, length] = at


def much_mathematics(x: Any, y: Any, state: Any, params: Any) -> None:
    """Functions that the machine code takes from the mathematics library."""
    for c in range(x.shape[0]):
        for n in range(x.shape[1]):
            v = params.drive * x[c, n]
            y[c, n] = math.tan(0.01 * v) + math.tanh(v) + math.atan2(v, 2.0) + math.erf(v)
            y[c, n] += v % 0.3 + abs(v) ** 0.3 + math.log1p(abs(v)) + math.cosh(0.1 * v)
