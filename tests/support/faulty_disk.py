# SPDX-License-Identifier: MIT
"""A disk that misbehaves, put between the disk thread and libsndfile.

The core takes libsndfile's functions as a table of addresses; `FaultyDisk` puts its own in
the place of the writing ones. The detour goes through ctypes and thus needs the interpreter,
which the disk thread otherwise never does.
"""

from __future__ import annotations

import ctypes
import threading
import time

import pytest

from tenuto import _core, _sndfile

_WRITE = ctypes.CFUNCTYPE(
    ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, use_errno=True
)
# A detour must outlive the last write through it, and a recording may outlive its test.
_alive: list[object] = []


class FaultyDisk:
    """What the next recordings write to, until the end of the test.

    Shut, it takes nothing and the disk thread hangs in the call, as it would in a kernel that waits
    for a dead disk. `stall` shuts it at the next write, for a time.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._open = threading.Event()
        self._open.set()
        self._stall_seconds = 0.0
        self.error = 0  # an errno: writes fail with it
        self.is_waiting = threading.Event()  # set while the disk thread hangs in a write
        self.stalled_seconds = 0.0
        table = _sndfile.api()
        for name in ("sf_writef_int", "sf_writef_float", "sf_write_raw"):
            table[name] = self._detour(_WRITE(table[name]))
        monkeypatch.setattr(_sndfile, "api", lambda: table)

    def _detour(self, write: object) -> int:
        assert callable(write)

        def faulty(file: int, samples: int, frames: int) -> int:
            if self._stall_seconds > 0:
                seconds, self._stall_seconds = self._stall_seconds, 0.0
                begin = time.monotonic()
                self.is_waiting.set()
                time.sleep(seconds)
                self.stalled_seconds = time.monotonic() - begin
            if not self._open.is_set():
                self.is_waiting.set()
                self._open.wait()
            self.is_waiting.clear()
            if self.error:
                ctypes.set_errno(self.error)
                return 0
            written = write(file, samples, frames)
            assert isinstance(written, int)
            return written

        detour = _WRITE(faulty)
        _alive.append((detour, write))
        return ctypes.cast(detour, ctypes.c_void_p).value or 0

    def shut(self) -> None:
        """Take nothing from now on."""
        self._open.clear()

    def open(self) -> None:
        """Take everything again."""
        self._open.set()

    def stall(self, seconds: float) -> None:
        """Let the next write take this long."""
        self._stall_seconds = seconds


def drain(recorder: object) -> None:
    """Wait until everything that was shown to the disk thread is written."""
    until = time.monotonic() + 30
    tape = recorder._tape  # type: ignore[attr-defined]
    while tape.free_frames < tape.ring_frames:
        assert time.monotonic() < until, "the disk thread does not empty the ring"
        _core.wake_writer()
        time.sleep(0.0002)
