# SPDX-License-Identifier: MIT
"""Playing in one line."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ._async import until
from ._checks import whole
from ._engine import Engine
from ._errors import DeviceError
from ._nodes.base import Node
from ._nodes.player import FilePlayer
from ._playback.media import is_paths

if TYPE_CHECKING:
    from .testing import VirtualDevice

_PAUSE = 0.02
# What is still on its way to the ear when the last frame has been handed over.
_OUTPUT_SECONDS = 0.2
_USUAL_RATES = (48_000, 44_100, 96_000)


class Playback:
    """Something that plays: what `play` returns.

    Attributes
    ----------
    player : FilePlayer
        To pause, seek, queue, and so on.
    engine : Engine
        The device, and the graph in between.
    """

    def __init__(
        self,
        player: FilePlayer,
        device: str | int | VirtualDevice | None,
        nodes: Iterable[Node] = (),
        *,
        samplerate: int | None = None,
        blocksize: int = 0,
    ) -> None:
        if samplerate is not None:
            samplerate = whole("samplerate", samplerate, 1000, 768_000, "Hz")
        self.player = player
        if player._channels == 1:
            player._channels = 2  # one channel is heard on both sides
        channels = player._widths(0)[1]
        self.engine = _open(device, player, samplerate, blocksize, channels)
        outs = self.engine.output.channels
        chain = [player, *nodes]
        if len(chain) > 1:
            self.engine.connect(*chain)
        # More channels than the device has: the first ones.
        narrow = list(range(1, outs + 1)) if channels > outs else None
        self.engine.connect(chain[-1], self.engine.output, channel_map=narrow)
        self.engine.start()
        player.play()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until everything was heard, or it is paused or stopped; True when it was.

        Parameters
        ----------
        timeout : float, optional
            In seconds; None waits as long as it takes.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while self.player.state == "playing" and self.engine.is_running:
            if end is not None and time.monotonic() >= end:
                return False
            time.sleep(_PAUSE)
        if self.player.state != "finished":
            return False
        if self.engine.backend != "virtual":
            time.sleep(_OUTPUT_SECONDS)
        return True

    async def finished(self) -> bool:
        """Wait like `wait`, while the event loop goes on: ``await playback.finished()``."""
        import asyncio

        await until(lambda: self.player.state != "playing" or not self.engine.is_running)
        if self.player.state != "finished":
            return False
        if self.engine.backend != "virtual":
            await asyncio.sleep(_OUTPUT_SECONDS)
        return True

    def stop(self) -> None:
        """Fade out and give the device back; safe to call twice."""
        if self.engine.is_running and self.player.state == "playing":
            self.player.pause()
            time.sleep(0.01)
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<tenuto.Playback {self.player.state}: {self.player.current or 'an array'}>"


def play(
    source: Any,
    samplerate: int | None = None,
    *,
    blocking: bool = True,
    device: str | int | VirtualDevice | None = None,
    nodes: Iterable[Node] = (),
    gain_db: float = 0.0,
    loop: bool = False,
    speed: float = 1.0,
    keep_pitch: bool = False,
    start: float = 0.0,
) -> Playback:
    """Play files or an array.

    Parameters
    ----------
    source : str, Path, sequence of these, or array_like
        One file, several without a gap, or samples of shape (frames, channels) or (frames,).
    samplerate : int, optional
        Of an array, in hertz; default: 48000.
    blocking : bool
        Return when everything was heard (Ctrl-C ends earlier). False: return at once.
    device : str, int, VirtualDevice or None
        As `Engine` takes it. It is opened at the rate of the first file, if it can do that.
    nodes : iterable of Node
        What it goes through: an `Equalizer`, a `Chain` …
    gain_db, loop, speed, keep_pitch
        As `FilePlayer` takes them.
    start : float
        Where to begin in the first file, in seconds.

    Returns
    -------
    Playback
        Keep it for as long as it should play.

    Raises
    ------
    DeviceError
        The device is not there, or can do no usual rate.
    FileError
        A file is not there, or cannot be read as sound.
    ValueError
        A number is out of its range.

    Examples
    --------
    >>> import tenuto
    >>> tenuto.play([0.1, -0.1] * 480, device="virtual").player.state
    'finished'
    """
    player = FilePlayer(
        channels=None, loop=loop, speed=speed, keep_pitch=keep_pitch, gain_db=gain_db
    )
    is_file = isinstance(source, str | os.PathLike) or is_paths(source)
    player.queue(source, None if is_file else samplerate or 48_000)
    if start:
        player.seek(start)
    playback = Playback(player, device, nodes)
    if blocking:
        try:
            playback.wait()
        except KeyboardInterrupt:
            pass
        finally:
            playback.stop()
    return playback


def _open(
    device: str | int | VirtualDevice | None,
    player: FilePlayer,
    samplerate: int | None,
    blocksize: int,
    channels: int,
) -> Engine:
    """The device at the file's rate, or at one that it can do."""
    own = samplerate or player.samplerate or _USUAL_RATES[0]
    failure: DeviceError | None = None
    rates = [own] if samplerate else [own, *(rate for rate in _USUAL_RATES if rate != own)]
    for outs in (channels, 2) if channels > 2 else (channels,):
        for rate in rates:
            if not 1000 <= rate <= 768_000:  # a file may say anything
                continue
            try:
                return Engine(device, samplerate=rate, blocksize=blocksize, channels=(0, outs))
            except DeviceError as error:
                failure = failure or error
    assert failure is not None
    raise failure
