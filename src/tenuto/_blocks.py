# SPDX-License-Identifier: MIT
"""Blocks from a device, for programs that are a loop over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ._block_stream import BlockStream, Dtype, DuplexStream

if TYPE_CHECKING:
    from .testing import VirtualDevice


def blocks(
    device: str | int | VirtualDevice | None = None,
    blocksize: int = 1024,
    *,
    hop: int | None = None,
    samplerate: int | None = None,
    channels: int | Sequence[int] = 1,
    dtype: Dtype = "float32",
    buffer_seconds: float = 10.0,
    seconds: float | None = None,
    device_samplerate: int = 48_000,
    device_blocksize: int = 128,
    realtime: bool | None = None,
    cpu: int | None = None,
    reconnect: bool = True,
) -> BlockStream:
    """Give what a device captures as blocks, none lost while Python is busy.

    The audio thread puts frames into a ring; one native thread wakes all that wait, within a
    millisecond. A loop that stalls for up to `buffer_seconds` loses nothing.

    Parameters
    ----------
    device : str, int, VirtualDevice or None
        As `Recorder` takes it.
    blocksize : int
        Frames of a block, 1 to 2**24. Each has as many: where a loss (or the end) cuts one short,
        silence fills it up, and ``block.valid`` says from where on. The next one begins right
        behind the loss.
    hop : int, optional
        Frames from one block to the next, 1 to `blocksize`; less than that, and blocks overlap.
    samplerate : int, optional
        Of the blocks, in hertz; what the device gives is converted (soxr, HQ). Default: none is.
    channels : int or sequence of int
        How many, or which (counted from 1).
    dtype : {"float32", "int16"}
        Of the samples. int16 is rounded and clipped.
    buffer_seconds : float
        How long the loop may stall, 0.01 to 600.
    seconds : float, optional
        End after exactly this much device time.
    device_samplerate : int
        What the device runs at, in hertz: its native rate, best.
    device_blocksize : int
        Frames per callback that the device is asked for.
    realtime : bool, optional
        False: do not ask for real-time priority.
    cpu : int, optional
        Pin the audio thread to this processor.
    reconnect : bool
        Open a device again that went away.

    Returns
    -------
    BlockStream
        For ``for`` and ``async for``, and a context manager. The items are `Block`.

    Raises
    ------
    DeviceError
        The device is not there, or cannot do what was asked.
    ValueError
        A number is out of its range.

    Examples
    --------
    >>> import tenuto
    >>> with tenuto.blocks("virtual", 512, samplerate=16_000, dtype="int16", seconds=0.1) as stream:
    ...     [(block.frame, block.valid, block.lost_before) for block in stream]
    [(0, 512, 0), (512, 512, 0), (1024, 512, 0), (1536, 64, 0)]
    """
    return BlockStream(
        device,
        (channels, 0),
        blocksize=blocksize,
        hop=hop,
        samplerate=samplerate,
        device_samplerate=device_samplerate,
        dtype=dtype,
        buffer_seconds=buffer_seconds,
        seconds=seconds,
        device_blocksize=device_blocksize,
        realtime=realtime,
        cpu=cpu,
        reconnect=reconnect,
    )


def duplex_blocks(
    device: str | int | VirtualDevice | None = None,
    blocksize: int = 1024,
    *,
    hop: int | None = None,
    samplerate: int | None = None,
    channels: tuple[int | Sequence[int], int | Sequence[int]] = (1, 1),
    dtype: Dtype = "float32",
    buffer_seconds: float = 10.0,
    seconds: float | None = None,
    device_samplerate: int = 48_000,
    device_blocksize: int = 128,
    realtime: bool | None = None,
    cpu: int | None = None,
    reconnect: bool = True,
) -> DuplexStream:
    """Give blocks of what was captured and played, aligned by frame; send what is to be played.

    Frame n of ``block.played`` was given to the device by the very callback that brought frame n of
    ``block.captured``. So an echo is found later by the latency of the device and of the room,
    which is the same for as long as the device runs: what an echo canceller needs. (Where input
    and output are two devices with two clocks, they drift apart.)

    Parameters
    ----------
    channels : (int or sequence of int, int or sequence of int)
        Of the input and of the output.
    device, blocksize, hop, samplerate, dtype, buffer_seconds, seconds, device_samplerate,
    device_blocksize, realtime, cpu, reconnect
        As `blocks` has them.

    Returns
    -------
    DuplexStream
        The items are `DuplexBlock`; its ``play`` and ``play_async`` take what is to be played.

    Raises
    ------
    DeviceError
        The device is not there, or cannot do what was asked.
    ValueError
        A number is out of its range.

    Examples
    --------
    >>> import numpy as np, tenuto
    >>> with tenuto.duplex_blocks("virtual:loopback", 4800, seconds=0.2) as stream:
    ...     stream.play(np.full(4800, 0.5))
    ...     first = next(stream)
    >>> first.captured.shape, first.played.shape
    ((4800, 1), (4800, 1))
    """
    return DuplexStream(
        device,
        channels,
        blocksize=blocksize,
        hop=hop,
        samplerate=samplerate,
        device_samplerate=device_samplerate,
        dtype=dtype,
        buffer_seconds=buffer_seconds,
        seconds=seconds,
        device_blocksize=device_blocksize,
        realtime=realtime,
        cpu=cpu,
        reconnect=reconnect,
    )
