# SPDX-License-Identifier: MIT
"""The end of a branch that is recorded."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import _core, _sndfile
from .._checks import number
from .._errors import FileError, TenutoError
from .._paths import check_target, set_aside
from .._take import Take
from .._track import end_tape, finish_track, open_track
from .base import Instance, Node

if TYPE_CHECKING:
    from .._stream import Stream


class FileRecorder(Node):
    """Record what comes in, into a file or into memory.

    It records from the start of the engine (or from when it is connected to a running one) until
    the engine stops, it is removed, or `stop` is called. A native disk thread writes the file, as
    `Recorder`'s does: what was lost on the way in becomes silence of its exact length and a line in
    the ledger.

    Parameters
    ----------
    path : str, Path or None
        The file; the suffix chooses the format. None records into memory.
    format, subtype : str, optional
        As libsndfile calls them; default: 24-bit PCM where the format has it.
    overwrite : bool
        Whether an existing file may be replaced.
    seconds : float, optional
        Record exactly so much and no more, above 0.
    ring_seconds : float
        How long the disk may stall before something is lost, 0.01 to 600.
    name : str, optional
        How messages call it.

    Raises
    ------
    FileError
        The file cannot be made there.

    Examples
    --------
    >>> import tenuto
    >>> device = tenuto.testing.VirtualDevice("index", clocked=False)
    >>> with tenuto.Engine(device, channels=(1, 0)) as eng:
    ...     recorder = eng.connect(eng.input, tenuto.FileRecorder())
    ...     device.step(4800)
    ...     take = recorder.stop()
    >>> take.frames, take.gaps
    (4800, ())
    """

    kind = "recorder"
    is_sink = True
    in_chains = False

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        format: str | None = None,
        subtype: str | None = None,
        overwrite: bool = False,
        seconds: float | None = None,
        ring_seconds: float = 10.0,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.path = Path(path) if path is not None else None
        self._format_asked, self._overwrite = (format, subtype), overwrite
        self._seconds = None if seconds is None else number("seconds", seconds, 1e-6, 1e7, "s")
        self._ring_seconds = number("ring_seconds", ring_seconds, 0.01, 600, "s")
        self._tape: _core.Tape | None = None
        self._track: _core.Track | None = None
        self._built: tuple[int, int] = (0, 0)  # samplerate, channels
        self._format: _sndfile.FileFormat | None = None
        self._take: Take | None = None
        self._failure: FileError | None = None
        if self.path is not None:
            _sndfile.format_for(self.path, format, subtype, 48_000, 2)
            check_target(self.path, overwrite=overwrite)

    def _instance(self, samplerate: float, channels: int, max_block: int, **_: Any) -> Instance:
        if self._track is not None:
            raise TenutoError(f"{self.name} records already: connect a new FileRecorder instead")
        rate = int(samplerate)
        if self.path is not None:
            self._format = _sndfile.format_for(self.path, *self._format_asked, rate, channels)
        ring = max(max_block, round(self._ring_seconds * rate))
        limit = 0 if self._seconds is None else max(1, round(self._seconds * rate))
        self._tape = _core.Tape(ring, list(range(channels)), limit)
        self._built = rate, channels
        return Instance(_core.TapeNode(self._tape, channels, max_block, samplerate), [], samplerate)

    def _begin(self, instance: Instance) -> None:
        if self._track is not None or self._tape is None:
            return
        self._track = open_track(
            self._tape, self.path, self._format, self._built[0], overwrite=self._overwrite
        )
        self._tape.record()

    @contextlib.contextmanager
    def _until_it_sounds(self) -> Iterator[None]:
        where = self.path and self.path.absolute()
        with set_aside(self.path if self._overwrite else None):
            try:
                yield
            except BaseException:
                if self._track is not None:
                    self._end(None)
                    self._track = self._tape = self._take = None
                    if where is not None:
                        where.unlink(missing_ok=True)
                raise

    def _end(self, stream: Stream | None) -> None:
        if self._track is None or self._tape is None or self._take is not None:
            return
        end_tape(self._tape, stream)
        self._take, self._failure = finish_track(self._track, self.path, *self._built)

    def _most_at_once(self) -> int:
        """Frames that fit into half of the ring."""
        return int(self._tape.ring_frames) // 2 if self._tape is not None else 1

    def _wait_for_disk(self, frames: int) -> None:
        """Offline, the disk thread may be slower than the sound: wait for it."""
        tape = self._tape
        while tape is not None and not tape.is_done:
            if tape.free_frames >= min(frames, tape.ring_frames):
                return
            _core.wake_writer()
            time.sleep(0.001)

    def stop(self) -> Take:
        """End this recording and complete its file; the engine goes on.

        Returns
        -------
        Take
            The same one when it is called again.

        Raises
        ------
        FileError
            Something could not be written; the file is valid to the last frame that could.
        TenutoError
            It has not begun.
        """
        if self._track is None:
            raise TenutoError(f"{self.name} has not begun: it records while its engine runs")
        engine = self._engine() if self._engine is not None else None
        self._end(engine._stream if engine is not None and engine.is_running else None)
        if self._failure is not None:
            raise self._failure
        assert self._take is not None
        return self._take

    @property
    def is_over(self) -> bool:
        """Whether it has recorded all that it was asked for, or cannot go on."""
        return self._tape is not None and bool(self._tape.is_done)

    @property
    def take(self) -> Take | None:
        """What was recorded; None until it is complete."""
        return self._take

    @property
    def frames(self) -> int:
        """Frames recorded so far, losses included."""
        if self._take is not None:
            return self._take.frames
        return int(self._tape.frames) if self._tape is not None else 0

    @property
    def dropped_frames(self) -> int:
        """How many of them were lost."""
        return int(self._tape.lost_frames) if self._tape is not None else 0
