# SPDX-License-Identifier: MIT
"""A running device: the engine, the adapter, and the watchdog that looks after both.

The watchdog is a Python thread that wakes four times a second. Nothing waits for it: if Python is
busy for minutes, sound goes on, and the watchdog judges by the time of the last callback when it
gets to run again.
"""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import _core
from ._async import DeviceEvent, DeviceEvents
from ._devices import find_adapter
from ._devices.base import Wanted
from ._errors import TenutoError
from ._scheduling import SchedulingReport, promote
from ._stats import Stats, stats

if TYPE_CHECKING:
    from .testing import VirtualDevice

_STALLED_AFTER_NS = 1_000_000_000
# The first block may take longer: PulseAudio first plays out the 2 s that it has rendered ahead.
_STARTED_AFTER_NS = 4_000_000_000
_WATCH_SECONDS = 0.25
_FIRST_WATCH_SECONDS = 0.02
_FIRST_CALLBACK_SECONDS = 0.1


class Stream:
    """One device, opened; see `tenuto.Recorder` for its user."""

    def __init__(
        self,
        device: str | int | VirtualDevice | None,
        wanted: Wanted,
        *,
        realtime: bool | None,
        cpu: int | None,
        reconnect: bool,
    ) -> None:
        self.wanted = wanted
        self._realtime, self._cpu, self._reconnect = realtime, cpu, reconnect
        self.adapter = find_adapter(device, wanted)
        offered = self.adapter.offered
        self.engine = _core.Engine(
            offered.in_channels,
            offered.out_channels,
            wanted.samplerate,
            offered.blocksize,
            offered.loss_quantum,
            offered.separate_output,
            offered.wobble_blocks,
        )
        self.adapter.open(self.engine)
        self.tape: _core.Tape | None = None  # what a stepped device waits for
        self.is_lost = False
        self.is_running = False
        self.scheduling: SchedulingReport | None = None
        self.on_lost_for_good: weakref.WeakMethod[Callable[[], None]] | None = None
        self.on_step: weakref.WeakMethod[Callable[[int], int]] | None = None
        self.on_poll: weakref.WeakMethod[Callable[[], None]] | None = None
        self._listeners: weakref.WeakSet[DeviceEvents] = weakref.WeakSet()
        self._listeners_lock = threading.Lock()
        self._told_lost_frames = 0
        self._is_open = True
        self._opened_ns = 0
        self._promoted_output = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._watchdog: threading.Thread | None = None
        bind = getattr(device, "_bind", None)
        if bind is not None:
            bind(self)

    @property
    def is_clocked(self) -> bool:
        """False for a virtual device that is stepped by hand."""
        return self.adapter.now_ns() is None

    @property
    def is_closing(self) -> bool:
        """True from the moment on that `close` was called."""
        return self._stop.is_set()

    def start(self) -> None:
        """Let callbacks begin."""
        with self._lock:
            self._opened_ns = _core.monotonic_ns()
            self.adapter.start()
            self.is_running = True
            self._promote_soon()
        if self.is_clocked and self._watchdog is None:
            self._watchdog = threading.Thread(target=self._watch, name="tenuto-watch", daemon=True)
            self._watchdog.start()

    def _promote_soon(self) -> None:
        """Promote the audio thread as soon as it has told who it is.

        Done here, and not left to the watchdog: in a program that is busy already, that one would
        get to run too late.
        """
        until = time.monotonic() + _FIRST_CALLBACK_SECONDS
        while self.is_clocked and self.scheduling is None and time.monotonic() < until:
            time.sleep(0.001)
            self._promote(self.engine.counts())

    def _promote(self, counts: dict[str, Any]) -> None:
        if counts["thread"] and self.scheduling is None and self.is_clocked:
            self.scheduling = promote(counts["thread"], realtime=self._realtime, cpu=self._cpu)
        if counts["output_thread"] not in (0, self._promoted_output):
            self._promoted_output = counts["output_thread"]
            promote(self._promoted_output, realtime=self._realtime)

    def close(self) -> None:
        """End the callbacks and give the device back; safe to call twice."""
        self._stop.set()
        watchdog = self._watchdog
        if watchdog is not None and watchdog is not threading.current_thread():
            watchdog.join()
        with self._lock:
            was_open, self._is_open = self._is_open, False
            self.is_running = False
            self.adapter.stop()
            self.adapter.close()
        if was_open:
            self._tell_losses(self.engine.counts()["lost_frames"])
            self._tell("stopped")

    def events(self) -> DeviceEvents:
        """What happens from now on."""
        events = DeviceEvents()
        with self._listeners_lock:
            self._listeners.add(events)
        if not self._is_open:
            events.tell(DeviceEvent("stopped", time.monotonic()))
        return events

    def _tell(self, kind: str, frames: int = 0) -> None:
        with self._listeners_lock:
            for listener in self._listeners:
                listener.tell(DeviceEvent(kind, time.monotonic(), frames))

    def _tell_losses(self, lost_frames: int) -> None:
        if lost_frames > self._told_lost_frames:
            self._tell("xrun", lost_frames - self._told_lost_frames)
            self._told_lost_frames = lost_frames

    def stats(self) -> Stats:
        """Timing of the audio thread."""
        return stats(self.engine.summary(), self.wanted.samplerate)

    def _watch(self) -> None:
        pause = _FIRST_WATCH_SECONDS
        while not self._stop.wait(pause):
            self.poll()
            tidy = self.on_poll() if self.on_poll is not None else None
            if tidy is not None:
                tidy()
            pause = _FIRST_WATCH_SECONDS if self.scheduling is None else _WATCH_SECONDS

    def poll(self) -> None:
        """One look of the watchdog: promote a new audio thread, notice a loss, open again."""
        with self._lock:
            if not self.is_running or self._stop.is_set():
                return
            if self.is_lost:
                self._try_again()
                return
            counts = self.engine.counts()
            self._promote(counts)
            self._tell_losses(counts["lost_frames"])
            last = max(counts["last_callback_ns"], self._opened_ns)
            # A server may have taken two seconds of sound from who only plays.
            is_patient = counts["callbacks"] == 0 or math.isinf(self.adapter.offered.wobble_blocks)
            patience = _STARTED_AFTER_NS if is_patient else _STALLED_AFTER_NS
            stalled = self.is_clocked and _core.monotonic_ns() - last > patience
            if not stalled and not self.adapter.is_lost():
                return
            self.is_lost = True
            self._tell("lost")
            if not self._reconnect:
                self.is_running = False
                self.adapter.stop()
        if not self.is_running and self.on_lost_for_good is not None:
            finish = self.on_lost_for_good()
            if finish is not None:
                finish()

    def _try_again(self) -> None:
        last = self.engine.counts()["last_callback_ns"]
        came_back = self.is_clocked and _core.monotonic_ns() - last < _STALLED_AFTER_NS / 2
        if came_back and not self.adapter.is_lost():
            self.is_lost = False  # it was only stalled; the books have counted what is missing
            self._tell("returned")
        elif self.adapter.reopen(self.engine):
            self._opened_ns = _core.monotonic_ns()
            self.scheduling = None
            self.is_lost = False
            self._tell("returned")


def own_process(owner: int, what: str) -> None:
    """Raise `TenutoError` in a forked child, which has none of its parent's threads."""
    if owner != _core.process_id():
        raise TenutoError(
            f"{what} belongs to the process that started it (this is a forked child): make a new "
            "one here, or use the one over there"
        )
