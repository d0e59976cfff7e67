# SPDX-License-Identifier: MIT
"""The worker of a player: a Python thread that decodes and converts what the core cannot.

It works seconds ahead of a ring that is itself seconds ahead of what is heard; so Python may be
busy for as long as the ring lasts. A player whose files have the engine's rate has no worker.
"""

from __future__ import annotations

import threading

from .. import _core
from .convert import Converter

_WAIT_SECONDS = 0.5


class Worker:
    """Serves the push sources of one deck."""

    def __init__(self, deck: _core.Deck) -> None:
        self._deck = deck
        self._lock = threading.Lock()
        self._jobs: list[_Job] = []
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._owner = _core.process_id()

    def serve(self, source: _core.PushSource, converter: Converter, channels: int) -> None:
        """Bring what `source` wants from now on."""
        with self._lock:
            self._jobs.append(_Job(source, converter, channels))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tenuto-player", daemon=True)
                self._thread.start()
        self._deck.wake_worker()

    def drop(self, source: _core.PushSource) -> None:
        """Bring nothing more to `source`."""
        with self._lock:
            self._jobs = [job for job in self._jobs if job.source is not source]

    def close(self) -> None:
        """End the thread."""
        self._is_closed = True
        thread = self._thread
        if thread is None or self._owner != _core.process_id():
            return
        self._deck.wake_worker()
        if thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while not self._is_closed:
            with self._lock:
                jobs = list(self._jobs)
            worked = False
            for job in jobs:
                if self._is_closed:
                    break
                worked |= job.work()
            if not worked:
                self._deck.wait_for_work(_WAIT_SECONDS)
        for job in self._jobs:
            job.converter.close()


class _Job:
    def __init__(self, source: _core.PushSource, converter: Converter, channels: int) -> None:
        self.source, self.converter, self.channels = source, converter, channels
        self._number = -1
        self._is_open = False

    def work(self) -> bool:
        """Bring one piece, if one is wanted."""
        import numpy as np

        number, frame, room = self.source.order()
        if room == 0:
            if self._is_open and number != self._number:
                self.converter.close()  # its turn is over
                self._is_open = False
            return False
        try:
            if number != self._number:
                self.converter.seek(frame)
                self._number, self._is_open = number, True
            samples, is_last = self.converter.read()
        except Exception as error:  # whatever a decoder says of a broken file, the playlist goes on
            nothing = np.zeros((0, self.channels), np.float32)
            self.source.push(number, nothing, True, str(error) or type(error).__name__)
            return True
        self.source.push(number, samples, is_last, "")
        return True
