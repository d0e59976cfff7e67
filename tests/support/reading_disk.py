# SPDX-License-Identifier: MIT
"""A disk that hangs while it is read, put between the disk thread and libsndfile.

As `FaultyDisk` does for writing; the detour goes through ctypes and thus needs the interpreter.
"""

from __future__ import annotations

import ctypes
import threading

import pytest

from tenuto import _sndfile

_READ = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
_alive: list[object] = []  # a detour must outlive the last read through it


class ReadingDisk:
    """What the next players read from, until the end of the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._open = threading.Event()
        self._open.set()
        table = _sndfile.api()
        read = _READ(table["sf_readf_float"])

        def slow(file: int, samples: int, frames: int) -> int:
            self._open.wait()
            got = read(file, samples, frames)
            assert isinstance(got, int)
            return got

        detour = _READ(slow)
        _alive.append((detour, read))
        table["sf_readf_float"] = ctypes.cast(detour, ctypes.c_void_p).value or 0
        monkeypatch.setattr(_sndfile, "api", lambda: table)

    def shut(self) -> None:
        """Give nothing from now on: the disk thread hangs in its call."""
        self._open.clear()

    def open(self) -> None:
        """Give everything again."""
        self._open.set()
