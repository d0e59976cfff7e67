# SPDX-License-Identifier: MIT
"""Record: from a device to a file (or to memory) that survives."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from . import _core, _sndfile
from ._async import until
from ._checks import number, whole
from ._devices.base import Wanted, channels_asked
from ._errors import DeviceError, FileError, TenutoError
from ._paths import check_target, set_aside
from ._recording_view import RecordingView
from ._stream import Stream, own_process
from ._take import Take
from ._track import finish_track, open_track

if TYPE_CHECKING:
    from .testing import VirtualDevice

_PAUSE = 0.01
_alive: weakref.WeakSet[Recorder] = weakref.WeakSet()


class Recorder(RecordingView):
    """Record a device, without losing a frame silently.

    The audio thread puts each block into a ring, a native disk thread writes it to the file;
    Python is nowhere in between, so it may be as busy as it likes.

    Parameters
    ----------
    path : str, Path or None
        The file. The suffix chooses the format. None records into memory (see `buffer`).
    device : str, int, VirtualDevice or None
        None: the system's default. Or an index or a piece of a name from `tenuto.devices`, with
        an optional back end in front (``"jack"``, ``"alsa:hw:1"``; ``"alsa:1"`` is the second of
        its devices), or ``"virtual"``, ``"virtual:PATH"``, ``"virtual:loopback"``.
    samplerate : int
        In hertz, 1000 to 768000. A device that cannot do it is an error: nothing is converted.
    channels : int, sequence of int or None
        How many, or which (counted from 1). None: all of the device, at most two.
    blocksize : int
        Frames per callback that the device is asked for; 0 leaves it to the device.
    seconds : float, optional
        Stop after exactly this much device time, 1e-6 to 1e7.
    format, subtype : str, optional
        As libsndfile calls them, for instance ``"FLAC"``, ``"PCM_24"``. The default subtype is
        24-bit PCM where the format has it, else 32 or 16 bits.
    overwrite : bool
        Whether an existing file may be replaced.
    monitor : {"off", "input"}
        Whether what is recorded is also heard.
    monitor_gain_db : float
        How loud, in decibels, -120 to 20.
    ring_seconds : float
        How long the disk may stall before something is lost, 0.01 to 600.
    realtime : bool, optional
        False: do not ask for real-time priority.
    cpu : int, optional
        Pin the audio thread to this processor.
    reconnect : bool
        Open a device again that went away. False: end the recording there.

    Raises
    ------
    DeviceError
        The device is not there, or cannot do what was asked.
    FileError
        The file cannot be made, or the format cannot hold this.
    ValueError
        A number is out of its range.

    Examples
    --------
    >>> import tenuto
    >>> with tenuto.Recorder(None, device="virtual", channels=1, seconds=0.1) as rec:
    ...     rec.start()
    ...     _ = rec.wait()
    ...     take = rec.stop()
    >>> take.frames, take.gaps
    (4800, ())
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        device: str | int | VirtualDevice | None = None,
        *,
        samplerate: int = 48_000,
        channels: int | Sequence[int] | None = None,
        blocksize: int = 0,
        seconds: float | None = None,
        format: str | None = None,
        subtype: str | None = None,
        overwrite: bool = False,
        monitor: Literal["off", "input"] = "off",
        monitor_gain_db: float = 0.0,
        ring_seconds: float = 10.0,
        realtime: bool | None = None,
        cpu: int | None = None,
        reconnect: bool = True,
    ) -> None:
        self._owner = _core.process_id()
        self._lock = threading.RLock()
        self._mode: Literal["idle", "recording", "paused", "stopped"] = "idle"
        self._take: Take | None = None
        self._failure: FileError | None = None
        self._track: _core.Track | None = None
        self._lost_for_good = False
        self._overwrite = overwrite
        self.samplerate = whole("samplerate", samplerate, 1000, 768_000, "Hz")
        picks, count = channels_asked(channels)
        limit = 0
        if seconds is not None:
            limit = max(1, round(number("seconds", seconds, 1e-6, 1e7, "s") * self.samplerate))
        blocksize = whole("blocksize", blocksize, 0, 65536, "frames")
        if monitor not in ("off", "input"):
            raise ValueError(f'monitor={monitor!r}: possible are "off" and "input"')
        number("monitor_gain_db", monitor_gain_db, -120, 20, "dB")
        number("ring_seconds", ring_seconds, 0.01, 600, "s")
        if cpu is not None:
            whole("cpu", cpu, 0, (os.cpu_count() or 1) - 1, "(a processor's number)")

        self.path = Path(path) if path is not None else None
        self._format: _sndfile.FileFormat | None = None
        self._format_asked = (format, subtype)
        if self.path is not None:
            # What is wrong with the file is said before the device is touched.
            self._format = self._choose_format(count or 2)
            check_target(self.path, overwrite=overwrite)
        wanted = Wanted(self.samplerate, blocksize, picks, count, int(monitor != "off"))
        self._stream = Stream(device, wanted, realtime=realtime, cpu=cpu, reconnect=reconnect)
        try:
            self._build(picks, limit, ring_seconds, monitor, monitor_gain_db)
        except BaseException:
            self._stream.close()
            raise
        self._stream.on_lost_for_good = weakref.WeakMethod(self._end_for_good)
        _alive.add(self)

    def _choose_format(self, channels: int) -> _sndfile.FileFormat:
        assert self.path is not None
        return _sndfile.format_for(self.path, *self._format_asked, self.samplerate, channels)

    def _build(
        self,
        picks: tuple[int, ...] | None,
        limit: int,
        ring_seconds: float,
        monitor: str,
        monitor_gain_db: float,
    ) -> None:
        offered = self._stream.adapter.offered
        if offered.in_channels == 0:
            raise DeviceError(f'"{offered.name}" has no input. Choose another device.')
        if picks is None:
            picks = tuple(range(min(2, offered.in_channels)))
        self.channels = len(picks)
        self.device = offered.name
        self.backend = offered.backend
        if self.path is not None:
            self._format = self._choose_format(self.channels)
        ring_frames = max(round(ring_seconds * self.samplerate), 1)
        self._tape = _core.Tape(ring_frames, list(picks), limit)
        self._stream.tape = self._tape
        self._meters = _core.Meters(self.channels, self.samplerate)
        self.memory_locked: bool = self._tape.lock_memory()
        gain = 10 ** (monitor_gain_db / 20) if monitor == "input" else 0.0
        self._stream.engine.offer(self._tape, self._meters, gain)

    # -- control ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Create the file and begin.

        Raises
        ------
        FileError
            The file cannot be made after all.
        DeviceError
            The device does not start.
        TenutoError
            It was started before.
        """
        own_process(self._owner, "this recording")
        with self._lock:
            if self._mode != "idle":
                raise TenutoError(f"this recording is {self.state}: it can be started only once")
            if self.path is not None:
                check_target(self.path, overwrite=self._overwrite)
            # What is replaced is gone only when there is sound to replace it.
            with set_aside(self.path if self._overwrite else None):
                self._start()

    def _start(self) -> None:
        where = self.path and self.path.absolute()
        self._open_track()
        self._tape.record()
        self._mode = "recording"
        try:
            self._stream.start()
        except DeviceError:
            self._finish()
            if where is not None:
                where.unlink(missing_ok=True)
            raise

    def _open_track(self) -> None:
        self._track = open_track(
            self._tape, self.path, self._format, self.samplerate, overwrite=self._overwrite
        )

    def pause(self) -> None:
        """Leave out what comes from here on; the meters go on."""
        self._change("recording", "paused", self._tape.pause)

    def resume(self) -> None:
        """Go on after `pause`, on the very next frame of the file."""
        self._change("paused", "recording", self._tape.record)

    def _change(self, before: str, after: Literal["recording", "paused"], act: Any) -> None:
        own_process(self._owner, "this recording")
        with self._lock:
            if self._mode != before:
                raise TenutoError(f"this recording is {self.state}, not {before}")
            act()
            self._mode = after

    def stop(self) -> Take:
        """End the recording and complete the file.

        Returns
        -------
        Take
            The same one when it is called again.

        Raises
        ------
        FileError
            Something could not be written; the file is valid to the last frame that could.
        TenutoError
            It was closed before it was started.
        """
        own_process(self._owner, "this recording")
        with self._lock:
            if self._mode == "idle":
                self._open_track()  # an empty recording is one too
            self._finish()
            if self._failure is not None:
                raise self._failure
            if self._take is None:
                raise TenutoError("this recorder was closed before it was started: make a new one")
            return self._take

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the recording is over by itself: `seconds` are full, or it failed.

        Parameters
        ----------
        timeout : float, optional
            In seconds; None waits as long as it takes.

        Returns
        -------
        bool
            False when the time was up first.

        Raises
        ------
        TenutoError
            It was not started, and no `timeout` is given.
        """
        own_process(self._owner, "this recording")
        if timeout is None:
            self._check_started()
        until = None if timeout is None else time.monotonic() + timeout
        while not self._is_over():
            if until is not None and time.monotonic() >= until:
                return False
            time.sleep(_PAUSE)
        return True

    async def stopped(self) -> Take:
        """Wait as `wait` does, on an event loop, and complete the recording as `stop` does.

        Returns
        -------
        Take
            What was recorded.

        Raises
        ------
        FileError
            Something could not be written; the file is valid to the last frame that could.

        Examples
        --------
        >>> import asyncio, tenuto
        >>> async def main():
        ...     with tenuto.Recorder(None, "virtual", channels=1, seconds=0.1) as rec:
        ...         rec.start()
        ...         return await rec.stopped()
        >>> asyncio.run(main()).frames
        4800
        """
        import asyncio

        self._check_started()
        await until(self._is_over)
        return await asyncio.to_thread(self.stop)

    def _check_started(self) -> None:
        if self._mode == "idle":
            raise TenutoError("this recording was not started: it would never be over")

    def _is_over(self) -> bool:
        if self._mode == "stopped":
            return True
        return self._track is not None and self._track.state()["phase"] != "writing"

    def _end_for_good(self) -> None:
        self._lost_for_good = True
        # On the watchdog. Whoever stops the recording holds the lock while waiting for this very
        # thread to end: then there is nothing left to do here.
        while not self._lock.acquire(timeout=_PAUSE):
            if self._stream.is_closing:
                return
        try:
            self._finish()
        finally:
            self._lock.release()

    def _finish(self) -> None:
        if self._mode == "stopped":
            return
        self._tape.finish()
        gone = self._stream.is_lost and not self._lost_for_good
        clock = self._stream.adapter.now_ns()
        gone_until = (clock if clock is not None else _core.monotonic_ns()) if gone else None
        device_frame = self._stream.adapter.device_frame()
        self._stream.close()
        self._stream.engine.close_tape(self._tape, gone_until, device_frame)
        self._mode = "stopped"
        if self._track is not None:
            self._take, self._failure = finish_track(
                self._track, self.path, self.samplerate, self.channels
            )

    # -- endings ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Give the device back; a running recording is completed first."""
        if self._owner != _core.process_id():
            return
        with self._lock:
            self._finish()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        failed_before = self._failure is not None
        self.close()
        if kind is None and self._failure is not None and not failed_before:
            raise self._failure

    def __del__(self) -> None:
        if getattr(self, "_mode", "stopped") != "stopped" and hasattr(self, "_tape"):
            with contextlib.suppress(Exception):
                self.close()

    def __repr__(self) -> str:
        where = "memory" if self.path is None else f'"{self.path}"'
        return f"<tenuto.Recorder {self.state}: {self.seconds:.3f} s of {self.device!r} to {where}>"


@atexit.register
def _complete_all() -> None:
    """The interpreter ends: every recording that is still running becomes a complete file."""
    for recorder in list(_alive):
        with contextlib.suppress(Exception):
            recorder.close()
