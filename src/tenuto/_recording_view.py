# SPDX-License-Identifier: MIT
"""What can be asked of a recording at any time; only `buffer` waits, and for a moment."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _core
from ._async import DeviceEvents
from ._errors import TenutoError
from ._levels import Level, level
from ._stream import Stream
from ._take import Gap, Take

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ._scheduling import SchedulingReport
    from ._stats import Stats

LOW_SPACE_SECONDS = 60.0
_BUFFER_SECONDS = 0.2


class RecordingView:
    """The part of `tenuto.Recorder` that only looks."""

    path: Path | None
    device: str
    samplerate: int
    channels: int
    _mode: str
    _lost_for_good: bool
    _stream: Stream
    _tape: _core.Tape
    _meters: _core.Meters
    _track: _core.Track | None
    _take: Take | None

    @property
    def state(self) -> str:
        """``"idle" "recording" "paused" "stopped" "lost" "failed"``."""
        if self._track is not None:
            phase = self._track.state()["phase"]
            if phase == "failed":
                return "failed"
            if phase == "done":
                return "stopped"
        if self._mode in ("recording", "paused") and self._stream.is_lost:
            return "lost"
        return self._mode

    @property
    def levels(self) -> tuple[Level, ...]:
        """What the meters show, one `Level` per channel; resets "since the last look"."""
        return tuple(level(row) for row in self._meters.look())

    @property
    def frames(self) -> int:
        """Frames of device time recorded so far, losses included."""
        if self._take is not None:
            return self._take.frames
        ended = self._ended()
        return int(ended["frames"] if ended else self._tape.frames)

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.frames / self.samplerate

    @property
    def dropped_frames(self) -> int:
        """How many of the frames were lost so far, for whatever cause."""
        if self._take is not None:
            return self._take.dropped_frames
        ended = self._ended()
        return int(ended["gap_frames"] if ended else self._tape.lost_frames)

    def _ended(self) -> dict[str, Any] | None:
        """What is in the file, when that is all; a tape may have taken more than fitted."""
        state: dict[str, Any] | None = self._track.state() if self._track is not None else None
        return state if state is not None and state["phase"] != "writing" else None

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The ledger so far."""
        return tuple(Gap(*row) for row in self._track.gaps()) if self._track else ()

    @property
    def xruns(self) -> int:
        """How often the device lost something."""
        return sum(gap.cause == "xrun" for gap in self.gaps)

    @property
    def stall_budget(self) -> float:
        """How long the disk may still stall before something is lost, in seconds."""
        return float(self._tape.free_frames / self.samplerate)

    @property
    def space_seconds(self) -> float | None:
        """For how long the disk (or the file format) has room, in seconds; None: not known yet."""
        left = self._track.state()["seconds_left"] if self._track else -1.0
        return left if left >= 0 else None

    @property
    def written_frames(self) -> int:
        """Frames that are in the file already."""
        return int(self._track.state()["frames"]) if self._track else 0

    @property
    def warning(self) -> str | None:
        """What the user should know now, in a sentence; None when all is well."""
        if self._track is not None and self.state == "failed":
            return f"the recording ended: {self._track.error}"
        if self.state == "lost":
            return f'"{self.device}" is gone; what is recorded is safe, looking for it again'
        if self._lost_for_good:
            return f'"{self.device}" went away, and the recording ended there'
        space = self.space_seconds
        if space is not None and space < LOW_SPACE_SECONDS and self._mode != "stopped":
            return f"there is room for only {space:.0f} s more"
        if self._mode == "recording" and self._tape.free_frames < self._tape.ring_frames / 2:
            return f"the disk is slow: {self.stall_budget:.1f} s until something is lost"
        return None

    @property
    def buffer(self) -> NDArray[np.float32]:
        """What was recorded so far, a copy, shape (frames, channels); for ``path=None``.

        The disk thread brings it there, and is woken for that: a moment, at most 0.2 s.
        """
        if self.path is not None:
            raise TenutoError(f'this recording goes to "{self.path}", not into memory')
        if self._track is None:
            import numpy as np

            return np.zeros((0, self.channels), np.float32)
        wanted, until = self.frames, time.monotonic() + _BUFFER_SECONDS
        while time.monotonic() < until:
            state = self._track.state()
            if state["frames"] >= wanted or state["phase"] != "writing":
                break
            _core.wake_writer()
            time.sleep(0.001)
        return self._track.samples(0, self._track.state()["frames"])

    @property
    def scheduling(self) -> SchedulingReport | None:
        """How the audio thread is scheduled; None until it has run."""
        return self._stream.scheduling

    def events(self) -> DeviceEvents:
        """What happens to the device from now on, for ``async for``; see `DeviceEvent`."""
        return self._stream.events()

    def stats(self) -> Stats:
        """Timing of the audio thread."""
        return self._stream.stats()
