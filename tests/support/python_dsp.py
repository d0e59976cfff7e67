# SPDX-License-Identifier: MIT
"""Functions that a `PythonNode` runs in another process: they have to be importable there."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
CRASH, EXIT, HANG, RAISE = 2.0, 3.0, 4.0, 5.0  # what a sample of this value does to `obey`


def negative(block: Samples) -> Samples:
    """Upside down."""
    return -block


def obey(block: Samples) -> Samples:
    """Upside down, but for what the first samples tell it to do."""
    order = float(np.max(block))
    if order == CRASH:
        os.kill(os.getpid(), signal.SIGSEGV)
    if order == EXIT:
        os._exit(3)
    if order == HANG:
        time.sleep(600)
    if order == RAISE:
        raise ArithmeticError("told to")
    return -block


class OnePole:
    """y[n] = x[n] + a y[n-1]: it remembers from block to block."""

    def __init__(self, a: float) -> None:
        self.a, self.last = a, 0.0

    def __call__(self, block: Samples) -> Samples:
        out = np.empty_like(block)
        for n, x in enumerate(block[:, 0]):
            self.last = float(x) + self.a * self.last
            out[n, 0] = self.last
        return out


def make_one_pole(samplerate: int, channels: int) -> Callable[[Any], Any]:
    """A factory, as ``is_factory=True`` wants it."""
    assert (samplerate, channels) == (48_000, 1)
    return OnePole(0.5)


def make_nothing(samplerate: int, channels: int) -> Callable[[Any], Any]:
    """A factory that fails."""
    raise LookupError("no such model on this machine")
