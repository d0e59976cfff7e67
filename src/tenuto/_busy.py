# SPDX-License-Identifier: MIT
"""Keep Python as busy as a bad day: what the demonstration runs against."""

from __future__ import annotations

import random
import threading
import time
from types import TracebackType


class BusyPython:
    """Threads that compute without pause, and one that holds the GIL in long C calls.

    Parameters
    ----------
    threads : int
        How many pure-Python threads spin.
    hold_seconds : float
        About how long each C call keeps the GIL (sorting a list); 0: no such calls.
    """

    def __init__(self, threads: int = 2, hold_seconds: float = 0.2) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._spin, daemon=True) for _ in range(threads)]
        self.holds = 0
        self.longest_hold = 0.0
        if hold_seconds > 0:
            self._shuffled = self._list_that_sorts_in(hold_seconds)
            self._threads.append(threading.Thread(target=self._hold, daemon=True))

    @staticmethod
    def _list_that_sorts_in(seconds: float) -> list[float]:
        source = random.Random(1)
        trial = [source.random() for _ in range(50_000)]
        start = time.perf_counter()
        sorted(trial)
        taken = time.perf_counter() - start
        return [source.random() for _ in range(int(50_000 * seconds / taken * 0.9))]

    def _spin(self) -> None:
        while not self._stop.is_set():
            sum(i * i for i in range(10_000))

    def _hold(self) -> None:
        while not self._stop.is_set():
            start = time.perf_counter()
            sorted(self._shuffled)  # one C call: nobody else gets the GIL until it is over
            self.longest_hold = max(self.longest_hold, time.perf_counter() - start)
            self.holds += 1

    def __enter__(self) -> BusyPython:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
