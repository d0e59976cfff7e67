# SPDX-License-Identifier: MIT
"""Every sample in Python: blocks that are not lost while Python is busy."""

from __future__ import annotations

import datetime
import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import _core
from .._async import Wake
from .._checks import number, whole
from .._errors import TenutoError
from .._take import Gap
from .._track import end_tape
from .base import Instance, Node

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .._stream import Stream

# A reader that stalls may have left part of a block in the ring: room for that, too.
_SLACK_FRAMES = 8192


@dataclass(frozen=True, eq=False)
class Block:
    """Some frames in a row, and where and when they came.

    Attributes
    ----------
    samples : ndarray, float32 or int16, shape (frames, channels)
        Full scale is 1 (int16: 32768).
    frame : int
        Place of the first frame, at the samplerate of the samples, counted from the begin; what was
        lost counts, too.
    device_frame : float
        The same at the samplerate of the device.
    time : float
        When the first frame arrived in the computer, in seconds, on the clock of `time.monotonic`:
        the time of the device's callback, filtered, less what came behind it. The sound itself was
        earlier by the latency of the device. Not a number when it is not known.
    valid : int
        How many of the frames are sound; what follows is silence that fills the block up, in front
        of a loss or at the end.
    losses : tuple of Gap
        What is missing right in front of it: place and length in frames of the device.
    """

    samples: NDArray[Any]
    frame: int
    device_frame: float
    time: float
    valid: int
    losses: tuple[Gap, ...] = ()

    @property
    def lost_before(self) -> int:
        """How many frames of the device are missing right in front of it."""
        return sum(gap.frames for gap in self.losses)

    @property
    def cause(self) -> str | None:
        """Why: ``"xrun"``, ``"overflow"``, ``"device-lost"``, of the longest one; None: nothing."""
        return max(self.losses, key=lambda gap: gap.frames).cause if self.losses else None

    @property
    def utc(self) -> float:
        """`time` as seconds since 1970, by what the computer's clock says now."""
        return self.time + (time.time() - time.monotonic())

    def __len__(self) -> int:
        return len(self.samples)


class Tap(Node):
    """The end of a branch whose frames Python takes, in order, as blocks.

    The audio thread puts them into a ring. A reader that stalls loses nothing for `buffer_seconds`;
    what is lost beyond that, or by the device, is told exactly.

    Parameters
    ----------
    buffer_seconds : float
        How long the reader may stall, 0.01 to 600.
    name : str, optional
        How messages call it.

    Examples
    --------
    >>> import tenuto
    >>> device = tenuto.testing.VirtualDevice("index", clocked=False, xruns=[(100, 28)])
    >>> with tenuto.Engine(device, channels=(1, 0)) as eng:
    ...     tap = eng.connect(eng.input, tenuto.Tap())
    ...     device.step(256)
    ...     first, second = tap.read(256), tap.read(64)
    >>> len(first), second.frame, second.lost_before, second.cause
    (100, 128, 28, 'xrun')
    """

    kind = "tap"
    is_sink = True
    in_chains = False

    def __init__(self, *, buffer_seconds: float = 10.0, name: str | None = None) -> None:
        super().__init__(name=name)
        self.buffer_seconds = number("buffer_seconds", buffer_seconds, 0.01, 600, "s")
        self.losses: list[Gap] = []
        self._slack = _SLACK_FRAMES
        self._limit = 0
        self._tape: _core.Tape | None = None
        self._reader: _core.TapeReader | None = None
        self._samplerate = 0
        self._has_begun = self._has_ended = False
        self._lock = threading.Lock()
        self._wake = Wake()
        self._is_waiting = False

    def _instance(self, samplerate: float, channels: int, max_block: int, **_: Any) -> Instance:
        if self._has_begun:
            raise TenutoError(f"{self.name} runs already: connect a new Tap instead")
        self._samplerate = round(samplerate)
        ring = math.ceil(self.buffer_seconds * samplerate) + max_block + self._slack
        self._tape = _core.Tape(ring, list(range(channels)), self._limit)
        self._reader = _core.TapeReader(self._tape, samplerate)
        return Instance(_core.TapeNode(self._tape, channels, max_block, samplerate), [], samplerate)

    def _begin(self, instance: Instance) -> None:
        if self._has_begun or self._tape is None:
            return
        self._has_begun = True
        self._tape.record()

    def _end(self, stream: Stream | None) -> None:
        if self._has_ended or self._tape is None:
            return
        self._has_ended = True
        end_tape(self._tape, stream)

    def _own_reader(self) -> _core.TapeReader:
        if self._reader is None:
            raise TenutoError(f"{self.name} is in no engine: connect it before you read")
        return self._reader

    def read(self, frames: int, timeout: float | None = None) -> Block | None:
        """Take the next frames, and wait until there are so many.

        Parameters
        ----------
        frames : int
            How many, 1 to 2**24.
        timeout : float, optional
            In seconds; None waits as long as it takes, 0 not at all.

        Returns
        -------
        Block or None
            Fewer frames than asked for (perhaps none) when the time was up, when something was lost
            behind them, or at the end. None: it has ended, and everything was read.

        Raises
        ------
        TenutoError
            It is in no engine.
        """
        whole("frames", frames, 1, 2**24, "frames")
        reader = self._own_reader()
        until = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            while not reader.is_ready(frames):
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._wake.clear()
                reader.watch(frames, self._samplerate, self._wake.descriptor)
                try:
                    self._wake.wait(left)
                finally:
                    _core.forget_watch(self._wake.descriptor)
            return self._take(reader, frames)

    async def read_async(self, frames: int) -> Block | None:
        """The same on an event loop, for as long as it takes; one task at a time."""
        whole("frames", frames, 1, 2**24, "frames")
        reader = self._own_reader()
        if self._is_waiting:
            raise TenutoError(f"{self.name} is being read by another task")
        self._is_waiting = True
        try:
            while not reader.is_ready(frames):
                self._wake.clear()
                reader.watch(frames, self._samplerate, self._wake.descriptor)
                try:
                    await self._wake.wait_async()
                finally:
                    _core.forget_watch(self._wake.descriptor)
            return self._take(reader, frames)
        finally:
            self._is_waiting = False

    def _take(self, reader: _core.TapeReader, frames: int) -> Block | None:
        samples: NDArray[np.float32]
        samples, frame, ns, lost = reader.read(frames)
        losses = tuple(Gap(at, count, cause, _utc(when)) for at, count, cause, when in lost)
        self.losses += losses
        if len(samples) == 0 and not losses and reader.is_over():
            return None
        when = ns * 1e-9 if ns > 0 else math.nan
        return Block(samples, frame, frame, when, len(samples), losses)

    @property
    def fill_frames(self) -> int:
        """Frames that wait to be read."""
        return int(self._reader.fill) if self._reader is not None else 0

    @property
    def lost_frames(self) -> int:
        """Frames lost so far, also those that the reader has not come to yet."""
        return int(self._tape.lost_frames) if self._tape is not None else 0


def _utc(monotonic_ns: int) -> str:
    ns = monotonic_ns + time.time_ns() - _core.monotonic_ns()
    when = datetime.datetime.fromtimestamp(ns * 1e-9, datetime.UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
