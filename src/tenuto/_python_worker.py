# SPDX-License-Identifier: MIT
"""Who runs a `PythonNode`'s function: a thread, or a process that is watched and replaced.

Both take chunks from the core's exchange and put answers back; the audio thread waits for neither.
What happens to them is told to a `Log`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from . import _core
from ._errors import TenutoError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_WAIT_SECONDS = 0.05
_BEGIN_SECONDS = 60.0  # to import what the function needs
_END_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0  # between one end of a process and the next begin
_HEALTHY_SECONDS = 10.0

Function = Callable[..., Any]


@dataclass(frozen=True)
class WorkerEvent:
    """Something that happened to the worker of a `PythonNode`.

    Attributes
    ----------
    kind : str
        ``"error"`` (the function raised, or gave no sound), ``"crashed"`` (its process ended),
        ``"hung"`` (it did not come back in time, and was ended), ``"restarted"``.
    time : float
        When, in seconds, on the clock of `time.monotonic`.
    text : str
        What is known of it.
    """

    kind: str
    time: float
    text: str


@dataclass
class Log:
    """What happened to a worker; the newest events are kept."""

    name: str
    events: deque[WorkerEvent] = field(default_factory=lambda: deque(maxlen=100))
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, text: str) -> None:
        """Keep it, count it; the first of each kind, and all that is not an error, is logged."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.events.append(WorkerEvent(kind, time.monotonic(), text))
        if kind != "error" or self.counts[kind] == 1:
            import logging

            logging.getLogger("tenuto").warning("%s: %s: %s", self.name, kind, text.strip())

    def last(self, kind: str) -> str | None:
        """The newest text of a kind."""
        return next((e.text for e in reversed(self.events) if e.kind == kind), None)


class Runner(Protocol):
    """A thread or a process."""

    def start(self) -> None:
        """Be ready to answer; raises `TenutoError`."""

    def stop(self) -> None:
        """End it."""

    @property
    def pid(self) -> int | None:
        """Of the process, if there is one."""


@dataclass(frozen=True)
class Job:
    """What is to be run."""

    function: Function
    is_factory: bool
    samplerate: int
    channels: int

    def make(self) -> Function:
        """The function that answers chunks."""
        if not self.is_factory:
            return self.function
        made = self.function(self.samplerate, self.channels)
        if not callable(made):
            raise TypeError(f"the factory gave {made!r}, which is no function")
        return made  # type: ignore[no-any-return]


def serve(
    exchange: _core.Exchange,
    function: Function,
    is_over: Callable[[], bool],
    report: Callable[[str], None],
) -> None:
    """Answer chunks until it is over."""
    import numpy as np

    worker = _core.Worker(exchange)
    worker.begin()
    while not is_over():
        if not worker.wait(_WAIT_SECONDS):
            continue
        taken = worker.take()
        if taken is None:
            continue
        number, chunk = taken
        try:
            answer = np.ascontiguousarray(function(chunk), dtype=np.float32)
            if answer.ndim == 1:
                answer = answer[:, np.newaxis]
            worker.give(number, answer)
        except Exception:
            worker.fail()
            report(_what_was_raised())


def _what_was_raised() -> str:
    import traceback

    return traceback.format_exc(limit=-3)


class ThreadRunner:
    """The function in a thread of this process."""

    pid = None

    def __init__(self, exchange: _core.Exchange, job: Job, log: Log) -> None:
        self._exchange, self._job, self._log = exchange, job, log
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        function = self._job.make()
        self._thread = threading.Thread(
            target=serve,
            args=(
                self._exchange,
                function,
                self._stop.is_set,
                lambda text: self._log.add("error", text),
            ),
            name=f"tenuto-{self._log.name}",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_END_SECONDS)  # a function that hangs keeps its (daemon) thread


def _run_process(memory: Any, job: Job, pipe: Connection) -> None:
    """What the process does; `memory` is the exchange's descriptor on its way here."""
    try:
        exchange = _core.Exchange.attach(memory.detach())
        function = job.make()
    except Exception:
        pipe.send(("failed", _what_was_raised()))
        return
    pipe.send(("ready", ""))

    def report(text: str) -> None:
        pipe.send(("error", text))

    # Nothing is ever sent this way: the pipe is readable when its other end is gone.
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve(exchange, function, pipe.poll, report)


class ProcessRunner:
    """The function in a process of its own, and a thread that looks after that.

    A process that ends, or that is at one chunk for longer than `hang_seconds`, is replaced: at
    once the first time, then after pauses that grow to 5 s while it does not get better.
    """

    def __init__(self, exchange: _core.Exchange, job: Job, log: Log, hang_seconds: float) -> None:
        self._exchange, self._job, self._log = exchange, job, log
        self._hang_seconds = hang_seconds
        self._stop = threading.Event()
        self._process: Any = None
        self._pipe: Connection | None = None
        self._watcher: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        self._spawn()
        failure = self._wait_until_ready(_BEGIN_SECONDS)
        if failure is not None:
            self._end_process()
            raise TenutoError(f"{self._log.name} cannot begin in its process: {failure}")
        self._watcher = threading.Thread(
            target=self._watch, name=f"tenuto-{self._log.name}", daemon=True
        )
        self._watcher.start()

    def stop(self) -> None:
        self._stop.set()
        if self._watcher is not None:
            self._watcher.join()
        self._end_process()

    def _spawn(self) -> None:
        import multiprocessing
        from multiprocessing.reduction import DupFd

        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        process = context.Process(
            target=_run_process,
            args=(_Descriptor(self._exchange.descriptor, DupFd), self._job, theirs),
            name=f"tenuto-{self._log.name}",
            daemon=True,
        )
        try:
            process.start()
        except Exception as error:
            raise TenutoError(
                f"{self._log.name} cannot be sent to a process: {error}. Its function has to be "
                "importable: define it in a module, or pass is_factory=True and a function that "
                "makes it there"
            ) from error
        finally:
            theirs.close()
        self._process = process

    def _wait_until_ready(self, seconds: float) -> str | None:
        """None when it is; else why not."""
        assert self._pipe is not None
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stop.is_set():
            try:
                if self._pipe.poll(_WAIT_SECONDS):
                    kind, text = self._pipe.recv()
                    return None if kind == "ready" else str(text)
            except (EOFError, OSError):
                self._process.join(_END_SECONDS)
                return f"it ended with exit code {self._process.exitcode}"
        return f"it was not ready after {seconds:g} s"

    def _watch(self) -> None:
        pause, since = _FIRST_PAUSE, time.monotonic()
        while not self._stop.is_set():
            why = self._look_after()
            if why is None:
                continue
            self._end_process()
            self._log.add(*why)
            if time.monotonic() - since > _HEALTHY_SECONDS:
                pause = _FIRST_PAUSE
            while not self._stop.wait(pause):
                pause = min(2 * pause, _LONGEST_PAUSE)
                since = time.monotonic()
                try:
                    self._spawn()
                    failure = self._wait_until_ready(_BEGIN_SECONDS)
                except TenutoError as error:
                    failure = str(error)
                if failure is None:
                    self._log.add("restarted", f"process {self.pid}")
                    break
                self._end_process()
                if not self._stop.is_set():
                    self._log.add("crashed", f"at its begin: {failure}")

    def _look_after(self) -> tuple[str, str] | None:
        """Until something is wrong, or it is time to stop: what it was."""
        assert self._pipe is not None
        busy_with, busy_since = 0, time.monotonic()
        while not self._stop.is_set():
            try:
                while self._pipe.poll(_WAIT_SECONDS):
                    _, text = self._pipe.recv()
                    self._log.add("error", text)
                    if self._stop.is_set():
                        return None
            except (EOFError, OSError):
                self._process.join(_END_SECONDS)
                return "crashed", f"its process ended with exit code {self._process.exitcode}"
            busy = self._exchange.facts()["busy"]
            if busy == 0 or busy != busy_with:
                busy_with, busy_since = busy, time.monotonic()
            elif time.monotonic() - busy_since > self._hang_seconds:
                return "hung", f"at one block for {self._hang_seconds:g} s; its process was ended"
        return None

    def _end_process(self) -> None:
        """By its end of the pipe when it is well, by force when it is not."""
        pipe, process = self._pipe, self._process
        self._pipe = None
        if pipe is not None:
            pipe.close()
        if process is None:
            return
        if self._stop.is_set():
            process.join(_END_SECONDS)
        if process.is_alive():
            process.kill()
        process.join()


class _Descriptor:
    """A descriptor that goes along when a process is spawned."""

    def __init__(self, descriptor: int, duplicate: Callable[[int], Any]) -> None:
        self._descriptor, self._duplicate = descriptor, duplicate
        self._there: Any = None

    def __getstate__(self) -> Any:
        return self._duplicate(self._descriptor)  # only while spawning: it notes the descriptor

    def __setstate__(self, there: Any) -> None:
        self._there = there

    def detach(self) -> int:
        """The descriptor over there."""
        return int(self._there.detach())
