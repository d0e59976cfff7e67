# SPDX-License-Identifier: MIT
"""Waiting without being in anybody's way: descriptors that the core signals, and asyncio.

`Wake` is for sound: the core's one waking thread signals a descriptor, a thread or an event loop
waits for it. `until` is for what changes rarely (a recording that ends): the loop looks now and
then. `DeviceEvents` is what the watchdog of a device tells.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import _core

if TYPE_CHECKING:
    import asyncio

_LOOK_SECONDS = 0.005
_WITHOUT_DESCRIPTORS_SECONDS = 0.002  # where the core cannot signal one (Windows)


class Wake:
    """A descriptor that the core signals: an event descriptor, or a pipe where there is none."""

    def __init__(self) -> None:
        self._read = self._write = -1
        if hasattr(os, "eventfd"):
            self._read = self._write = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        elif os.name == "posix":
            self._read, self._write = os.pipe()
            os.set_blocking(self._read, False)
            os.set_blocking(self._write, False)

    @property
    def descriptor(self) -> int:
        """For the core; -1: it cannot signal here."""
        return self._write

    def clear(self) -> None:
        """Forget a signal that has come."""
        if self._read >= 0:
            with contextlib.suppress(BlockingIOError):
                os.read(self._read, 4096)

    def wait(self, timeout: float | None) -> bool:
        """Wait for a signal, in seconds; False when the time was up."""
        if self._read < 0:
            time.sleep(_WITHOUT_DESCRIPTORS_SECONDS)
            return True
        poll = select.poll()
        poll.register(self._read, select.POLLIN)
        return bool(poll.poll(None if timeout is None else max(0.0, timeout) * 1000))

    async def wait_async(self) -> None:
        """The same on the running event loop, for as long as it takes."""
        import asyncio

        loop = asyncio.get_running_loop()
        signalled: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            if not signalled.done():
                signalled.set_result(None)

        try:
            loop.add_reader(self._read, wake)
        except (NotImplementedError, ValueError, OSError):
            await asyncio.sleep(_WITHOUT_DESCRIPTORS_SECONDS)
            return
        try:
            await signalled
        finally:
            loop.remove_reader(self._read)

    def close(self) -> None:
        """Give the descriptor back; nothing is signalled on it any more."""
        if self._read < 0:
            return
        _core.forget_watch(self._write)
        ends = {self._read, self._write}
        self._read = self._write = -1
        for end in ends:
            os.close(end)

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


async def until(is_done: Callable[[], bool], pause: float = _LOOK_SECONDS) -> None:
    """Let the event loop go on until `is_done()`; it looks every `pause` seconds."""
    import asyncio

    while not is_done():
        await asyncio.sleep(pause)


@dataclass(frozen=True)
class DeviceEvent:
    """Something that happened to a device.

    Attributes
    ----------
    kind : str
        ``"lost"`` (it went away), ``"returned"``, ``"xrun"`` (frames were lost; also those of the
        time that it was away), ``"stopped"`` (the stream was closed; the last one).
    time : float
        When it was noticed, in seconds, on the clock of `time.monotonic`.
    frames : int
        How many were lost; 0 but for ``"xrun"``.
    """

    kind: str
    time: float
    frames: int = 0


class DeviceEvents:
    """Events of a device, one by one: ``async for event in engine.events()``.

    All from when it was made on are kept until they are asked for. It ends with ``"stopped"``.

    Examples
    --------
    >>> import asyncio, tenuto
    >>> async def watch(engine):
    ...     return [event.kind async for event in engine.events()]
    >>> async def main():
    ...     with tenuto.Engine("virtual") as engine:
    ...         watching = asyncio.create_task(watch(engine))
    ...         await asyncio.sleep(0)
    ...     return await watching
    >>> asyncio.run(main())
    ['stopped']
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[DeviceEvent] = deque()
        self._waiter: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._is_over = False

    def tell(self, event: DeviceEvent) -> None:
        """Keep an event, and wake who waits; any thread."""
        with self._lock:
            self._waiting.append(event)
            if self._waiter is not None:
                loop, news = self._waiter
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(news.set)

    def __aiter__(self) -> DeviceEvents:
        return self

    async def __anext__(self) -> DeviceEvent:
        import asyncio

        if self._is_over:
            raise StopAsyncIteration
        while True:
            with self._lock:
                if self._waiting:
                    event = self._waiting.popleft()
                    self._is_over = event.kind == "stopped"
                    return event
                news = asyncio.Event()
                self._waiter = asyncio.get_running_loop(), news
            try:
                await news.wait()
            finally:
                self._waiter = None
