# SPDX-License-Identifier: MIT
"""Plain Python as a node: with its own latency, and never in the audio thread's way."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .. import _core
from .._checks import number, whole
from .._errors import GraphError, TenutoError
from .._python_worker import Job, Log, ProcessRunner, Runner, ThreadRunner, WorkerEvent
from .base import Instance, Node

if TYPE_CHECKING:
    from .._stream import Stream

_MORE_SLOTS = 4  # than the latency has chunks: what is being filled, and what is being played


@dataclass(frozen=True)
class PythonNodeStats:
    """What a `PythonNode` did so far.

    Attributes
    ----------
    played_blocks, late_blocks : int
        Answers that were played, and those that were not there in time.
    left_out_blocks : int
        Of the late ones, those that were never sent or never looked at: the worker was too far
        behind.
    errors : int
        How often the function raised, or gave another shape.
    crashes, hangs, restarts : int
        Of its process.
    mean_seconds, longest_seconds : float
        How long the function took for a block.
    block_seconds : float
        How much sound a block is: what the function may take in the mean.
    """

    played_blocks: int
    late_blocks: int
    left_out_blocks: int
    errors: int
    crashes: int
    hangs: int
    restarts: int
    mean_seconds: float
    longest_seconds: float
    block_seconds: float


class PythonNode(Node):
    """Run a Python function on sound, in a thread or a process of its own.

    The audio thread fills blocks into a ring and plays what has come back. Frame t of the output is
    the function's answer to frame t - `latency_frames`, exactly. An answer that is not there when
    its time has come is late: it is counted, and `on_late` says what is heard instead. It is never
    played later.

    Parameters
    ----------
    func : callable
        Takes and gives an array of float32, shape (frames, channels), full scale 1; always
        `block_frames` frames. For a process it has to be importable (or picklable).
    latency : float, optional
        What the function may take, in seconds, the collecting of a block included: 0.001 to 10.
        Default: 0.1, if `latency_frames` is not given.
    latency_frames : int, optional
        The same in frames.
    where : {"thread", "process"}
        In a process it has an interpreter (and its lock) of its own, and may crash, hang or be
        killed: it is replaced while sound goes on. Not on Windows yet.
    on_late : {"silence", "pass"}
        Silence, or the input, as late as the answer would have been.
    block_frames : int, optional
        Frames that the function is given at a time, at most half of the latency; default: a
        quarter of it.
    channels : int, optional
        Of the output; default: as many as come in.
    is_factory : bool
        `func` is called once, where the work is done, as ``func(samplerate, channels)``, and gives
        the function: for what cannot be sent to a process, or has to be made there.
    hang_seconds : float
        A process that is at one block for longer is ended and replaced, 0.1 to 600.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        A number is out of its range.

    Examples
    --------
    >>> import tenuto
    >>> half = tenuto.PythonNode(lambda block: block * 0.5, latency=0.01)
    >>> tenuto.render([1.0, -1.0], [half], samplerate=48000)[:, 0].tolist()
    [0.5, -0.5]
    """

    kind = "python"
    has_voice = True
    in_chains = False

    def __init__(
        self,
        func: Callable[..., Any],
        *,
        latency: float | None = None,
        latency_frames: int | None = None,
        where: Literal["thread", "process"] = "thread",
        on_late: Literal["silence", "pass"] = "silence",
        block_frames: int | None = None,
        channels: int | None = None,
        is_factory: bool = False,
        hang_seconds: float = 2.0,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not callable(func):
            raise ValueError(f"func={func!r}: give a function")
        if latency is not None and latency_frames is not None:
            raise ValueError("give latency= (seconds) or latency_frames=, not both")
        if latency_frames is not None:
            latency_frames = whole("latency_frames", latency_frames, 2, 7_680_000, "frames")
        self._latency = number("latency", 0.1 if latency is None else latency, 0.001, 10, "s")
        self._latency_frames = latency_frames
        if where not in ("thread", "process"):
            raise ValueError(f'where={where!r}: possible are "thread" and "process"')
        if where == "process" and os.name != "posix":
            raise TenutoError('where="process" is not possible on this system yet: use "thread"')
        if on_late not in ("silence", "pass"):
            raise ValueError(f'on_late={on_late!r}: possible are "silence" and "pass"')
        if block_frames is not None:
            whole("block_frames", block_frames, 1, 2**20, "frames")
        if channels is not None:
            whole("channels", channels, 1, 1024, "channels")
        self._func, self._is_factory = func, is_factory
        self.where, self.on_late = where, on_late
        self._block_frames, self._channels = block_frames, channels
        self._hang_seconds = number("hang_seconds", hang_seconds, 0.1, 600, "s")
        self._exchange: _core.Exchange | None = None
        self._core: _core.PythonNode | None = None
        self._runner: Runner | None = None
        self._log = Log(self.name)
        self.latency_frames, self.block_frames = self._latency_frames or 0, 0
        self._samplerate = self._width = 0

    def _widths(self, incoming: int) -> tuple[int, int]:
        width = max(1, incoming)
        outs = self._channels or width
        if self.on_late == "pass" and outs != width:
            raise GraphError(
                f'{self.name}: on_late="pass" needs as many channels in ({width}) as out ({outs})'
            )
        return width, outs

    def _instance(self, samplerate: float, channels: int, max_block: int, **_: Any) -> Instance:
        if self._runner is not None:
            raise TenutoError(f"{self.name} runs already: connect a new PythonNode instead")
        rate = round(samplerate)
        latency = self._latency_frames or round(self._latency * samplerate)
        block = self._block_frames or max(1, latency // 4)
        if not 1 <= block <= latency // 2:
            raise ValueError(
                f"{self.name}: block_frames={block} is more than half of the latency ({latency} "
                "frames): make it smaller, or the latency longer"
            )
        self.latency_frames, self.block_frames = latency, block
        self._samplerate, self._width = rate, channels
        self._exchange = _core.Exchange(
            channels,
            self._channels or channels,
            block,
            latency // block + _MORE_SLOTS,
            latency,
            samplerate,
            self.where == "process",
        )
        self._core = _core.PythonNode(self._exchange, max_block, self.on_late == "pass")
        return Instance(self._core, [], samplerate)

    def _begin(self, instance: Instance) -> None:
        if self._runner is not None or self._exchange is None:
            return
        self._log = Log(self.name)
        job = Job(self._func, self._is_factory, self._samplerate, self._width)
        runner: Runner
        if self.where == "thread":
            runner = ThreadRunner(self._exchange, job, self._log)
        else:
            runner = ProcessRunner(self._exchange, job, self._log, self._hang_seconds)
        runner.start()
        self._runner = runner

    def _end(self, stream: Stream | None) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.stop()

    # Faster than time the worker has all the time that it needs: no piece is longer than what can
    # be played before the answer to its first frame is due.

    def _most_at_once(self) -> int:
        return max(1, self.latency_frames - self.block_frames)

    def _wait_for_disk(self, frames: int) -> None:
        engine = self._engine() if self._engine is not None else None
        while self._exchange is not None and self._runner is not None:
            failed = self._log.last("error") if engine is None else None
            if failed is not None:
                raise TenutoError(f"{self.name} failed: {failed}")
            if self._exchange.waiting == 0 and self._exchange.facts()["busy"] == 0:
                return
            time.sleep(0.0002)

    def stats(self) -> PythonNodeStats:
        """What was played, what was late, what went wrong."""
        facts = self._exchange.facts() if self._exchange is not None else {}
        done = facts.get("answered", 0) + facts.get("failed", 0)
        counts = self._log.counts
        return PythonNodeStats(
            played_blocks=int(self._core.played) if self._core is not None else 0,
            late_blocks=int(self._core.late) if self._core is not None else 0,
            left_out_blocks=(
                int(self._core.left_out) + facts["stale"] if self._core is not None else 0
            ),
            errors=facts.get("failed", 0),
            crashes=counts.get("crashed", 0),
            hangs=counts.get("hung", 0),
            restarts=counts.get("restarted", 0),
            mean_seconds=facts["spent_ns"] * 1e-9 / done if done else 0.0,
            longest_seconds=facts.get("longest_ns", 0) * 1e-9,
            block_seconds=self.block_frames / self._samplerate if self._samplerate else 0.0,
        )

    @property
    def worker_events(self) -> tuple[WorkerEvent, ...]:
        """What happened to the worker, the newest last; at most 100."""
        return tuple(self._log.events)

    @property
    def worker_pid(self) -> int | None:
        """The process that does the work now; None: a thread does, or nothing runs."""
        return self._runner.pid if self._runner is not None else None
