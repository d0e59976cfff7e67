# SPDX-License-Identifier: MIT
"""Python at its worst: threads that never rest, and C calls that hold the GIL."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# PyDLL, unlike CDLL, keeps the GIL while the function runs: no other Python thread moves.
_libc = ctypes.PyDLL(None)


def hold_gil(seconds: float) -> None:
    """Stop the whole interpreter for that long, as a C extension would that never lets go."""
    _libc.usleep(ctypes.c_uint(int(seconds * 1e6)))


@dataclass
class Load:
    """What the load did so far."""

    holds: int = 0
    longest_hold: float = 0.0


@contextmanager
def busy_python(threads: int = 4, hold_seconds: float = 0.2) -> Iterator[Load]:
    """Keep `threads` pure-Python threads busy, and hold the GIL again and again.

    Between two calls that hold it, the others get their turns for as long.
    """
    load = Load()
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(n * n for n in range(10_000))

    def hold() -> None:
        while not stop.wait(hold_seconds):
            start = time.perf_counter()
            hold_gil(hold_seconds)
            load.longest_hold = max(load.longest_hold, time.perf_counter() - start)
            load.holds += 1

    workers = [threading.Thread(target=spin, daemon=True) for _ in range(threads)]
    if hold_seconds > 0:
        workers.append(threading.Thread(target=hold, daemon=True))
    for worker in workers:
        worker.start()
    try:
        yield load
    finally:
        stop.set()
        for worker in workers:
            worker.join(10)
