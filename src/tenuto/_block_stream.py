# SPDX-License-Identifier: MIT
"""The iterators that `tenuto.blocks` and `tenuto.duplex_blocks` give."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from ._async import DeviceEvents, until
from ._checks import number, whole
from ._engine import Engine
from ._errors import TenutoError
from ._nodes.base import Port
from ._nodes.source import Source, as_frames
from ._nodes.tap import Block, Tap

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._cutter import Cutter
    from ._stats import Stats
    from ._take import Gap
    from .testing import VirtualDevice

Dtype = Literal["float32", "int16"]


class BlockStream:
    """An iterator over blocks of a device, for ``for`` and ``async for``; see `blocks`.

    Attributes
    ----------
    samplerate, device_samplerate : int
        Of the blocks and of the device, in hertz.
    channels, blocksize, hop : int
        Of the blocks; frames from one to the next.
    engine : Engine
        What runs the device.
    """

    def __init__(
        self,
        device: str | int | VirtualDevice | None,
        channels: tuple[int | Sequence[int], int | Sequence[int]],
        *,
        blocksize: int,
        hop: int | None,
        samplerate: int | None,
        device_samplerate: int,
        dtype: Dtype,
        buffer_seconds: float,
        seconds: float | None,
        device_blocksize: int,
        realtime: bool | None,
        cpu: int | None,
        reconnect: bool,
    ) -> None:
        self.blocksize = whole("blocksize", blocksize, 1, 2**24, "frames")
        self.hop = whole("hop", blocksize if hop is None else hop, 1, blocksize, "frames")
        if dtype not in ("float32", "int16"):
            raise ValueError(f'dtype={dtype!r}: possible are "float32" and "int16"')
        if samplerate is not None:
            whole("samplerate", samplerate, 1000, 768_000, "Hz")
        if seconds is not None and not (number("seconds", seconds, 0, 1e9, "s") > 0):
            raise ValueError(f"seconds={seconds!r}: must be more than 0 s")
        self._tap = Tap(buffer_seconds=buffer_seconds, name="blocks")
        self._is_closed = self._is_over = False
        self.engine = Engine(
            device,
            device_samplerate,
            device_blocksize,
            channels,
            realtime=realtime,
            cpu=cpu,
            reconnect=reconnect,
        )
        self.device_samplerate = self.engine.samplerate
        self.samplerate = samplerate or self.device_samplerate
        # What a block still lacks when its reader stalls is in the ring already.
        per_block = math.ceil(self.blocksize * self.device_samplerate / self.samplerate)
        self._tap._slack += per_block
        if seconds is not None:
            self._tap._limit = max(1, round(seconds * self.device_samplerate))
        self.channels = self._connect()
        self._dtype = dtype
        self._cutter: Cutter | None = None

    def _connect(self) -> int:
        self.engine.connect(self.engine.input, self._tap)
        return self.engine.input.channels

    def start(self) -> None:
        """Let the device run; the first block asked for does that, too."""
        if self._is_closed:
            raise TenutoError("these blocks are closed: make new ones")
        if self._cutter is None:
            from ._cutter import Cutter

            self._cutter = Cutter(
                self.blocksize,
                self.hop,
                self.channels,
                self.device_samplerate,
                self.samplerate,
                self._dtype,
            )
            self.engine.start()

    def close(self) -> None:
        """Give the device back; safe to call twice. What is in the ring can still be read."""
        self._is_closed = True
        self.engine.close()

    def _next(self) -> Block | None:
        """A block that is complete, or None; raises `EOFError` at the end."""
        if self._cutter is None:
            if self._is_closed:
                raise EOFError
            self.start()
        assert self._cutter is not None
        block = self._cutter.pop()
        if block is None and self._is_over:
            raise EOFError
        return block

    def _put(self, piece: Block | None) -> None:
        assert self._cutter is not None
        if piece is not None:
            self._cutter.put(piece)
            return
        self._cutter.finish()
        self._is_over = True

    def _missing(self) -> int:
        assert self._cutter is not None
        return self._cutter.missing()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Block:
        with contextlib.suppress(EOFError):
            while True:
                if (block := self._next()) is not None:
                    return block
                self._put(self._tap.read(self._missing()))
        raise StopIteration

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Block:
        with contextlib.suppress(EOFError):
            while True:
                if (block := self._next()) is not None:
                    return block
                self._put(await self._tap.read_async(self._missing()))
        raise StopAsyncIteration

    @property
    def losses(self) -> tuple[Gap, ...]:
        """All losses that the reader has come to: place, length (frames of the device), cause."""
        return tuple(self._tap.losses)

    @property
    def lost_frames(self) -> int:
        """Frames of the device lost so far, also those that the reader has not come to yet."""
        return self._tap.lost_frames

    @property
    def waiting_seconds(self) -> float:
        """How much sound waits to be read: how far the reader is behind."""
        return self._tap.fill_frames / self.device_samplerate

    def events(self) -> DeviceEvents:
        """What happens to the device from now on, for ``async for``; see `DeviceEvent`."""
        return self.engine.events()

    def stats(self) -> Stats:
        """Timing of the audio thread."""
        return self.engine.stats()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: Any) -> None:
        import asyncio

        await asyncio.to_thread(self.close)

    def __repr__(self) -> str:
        return (
            f"<tenuto.{type(self).__name__} {self.engine.state}: blocks of {self.blocksize} frames,"
            f" {self.channels} channels, {self.samplerate} Hz>"
        )


@dataclass(frozen=True, eq=False)
class DuplexBlock(Block):
    """A block of what was captured and of what was played in the same frames.

    Attributes
    ----------
    captured, played : ndarray, float32 or int16, shape (frames, channels)
        The same frames of the device: what came in with a callback, and what that callback gave
        out. `samples` has both, side by side.
    """

    captured_channels: int = 0

    @property
    def captured(self) -> NDArray[Any]:
        """What came in."""
        captured: NDArray[Any] = self.samples[:, : self.captured_channels]
        return captured

    @property
    def played(self) -> NDArray[Any]:
        """What went out."""
        played: NDArray[Any] = self.samples[:, self.captured_channels :]
        return played


class DuplexStream(BlockStream):
    """Blocks of both directions, and a way to send what is to be played; see `duplex_blocks`."""

    def _connect(self) -> int:
        engine = self.engine
        self._ins, self._outs = engine.input.channels, engine.output.channels
        self._source = Source(self._outs, buffer_seconds=10.0, name="play")
        self._converter: Any = None
        engine.connect(engine.input, Port(self._tap, "main", 0, self._ins))
        engine.connect(self._source, engine.output)
        engine.connect(self._source, Port(self._tap, "main", self._ins, self._outs))
        return self._ins + self._outs

    def _next(self) -> DuplexBlock | None:
        block = super()._next()
        if block is None:
            return None
        return DuplexBlock(
            block.samples,
            block.frame,
            block.device_frame,
            block.time,
            block.valid,
            block.losses,
            self._ins,
        )

    def _ready_to_play(self, frames: ArrayLike) -> NDArray[Any]:
        block = as_frames(frames, self._outs)
        if self.samplerate == self.device_samplerate:
            return block
        if self._converter is None:
            import soxr

            self._converter = soxr.ResampleStream(
                self.samplerate, self.device_samplerate, self._outs, dtype="float32", quality="HQ"
            )
        return as_frames(self._converter.resample_chunk(block).reshape(-1, self._outs))

    def play(self, frames: ArrayLike) -> None:
        """Put frames behind what is to be played, and wait until they have found room (10 s of it).

        Parameters
        ----------
        frames : array_like, float32, shape (frames, channels) or (frames,)
            At the samplerate of the blocks; full scale is 1. When nothing is there, silence is
            played.

        Raises
        ------
        ValueError
            Another number of channels.
        """
        self._source.write(self._ready_to_play(frames))

    async def play_async(self, frames: ArrayLike) -> None:
        """The same on an event loop."""
        block = self._ready_to_play(frames)
        while len(block):
            block = block[self._source.write(block, timeout=0) :]
            if len(block):
                await until(lambda: self._source.free_frames > 0 or self._is_closed)
                if self._is_closed:
                    return

    @property
    def unplayed_seconds(self) -> float:
        """How much waits to be played."""
        room = round(10.0 * self.device_samplerate)
        return max(0, room - self._source.free_frames) / self.device_samplerate
