# SPDX-License-Identifier: MIT
"""What goes into a rendering: an array, a file, or silence, piece by piece."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._checks import whole
from ._errors import FileError
from ._nodes.source import as_frames
from ._sndfile import name_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHUNK = 65536  # frames at a time from and to files: memory does not grow with the length


class Reader:
    """Where the sound comes from, piece by piece."""

    def __init__(
        self,
        source: Any,
        samplerate: int | None,
        seconds: float | None,
        stack: contextlib.ExitStack,
    ) -> None:
        if samplerate is not None:
            whole("samplerate", samplerate, 1000, 768_000, "Hz")
        self._array: NDArray[np.float32] | None = None
        self._file: Any = None
        if source is None:
            if seconds is None:
                raise ValueError("render(None, ...) needs seconds=: how much is to be generated")
            self.samplerate, self.channels = samplerate or 48_000, 0
            self.frames = round(seconds * self.samplerate)
            return
        if isinstance(source, str | os.PathLike):
            self._open(Path(source), samplerate, stack)
        else:
            self._array = as_frames(source)
            self.samplerate = samplerate or 48_000
            self.frames, self.channels = self._array.shape
        if seconds is not None:
            self.frames = min(self.frames, round(seconds * self.samplerate))

    def _open(self, path: Path, samplerate: int | None, stack: contextlib.ExitStack) -> None:
        from concurrent.futures import ThreadPoolExecutor

        import soundfile

        if not path.is_file():
            raise FileError(f'there is no file "{path}"')
        self._path = path
        try:
            self._file = stack.enter_context(soundfile.SoundFile(name_of(path)))
        except (OSError, RuntimeError, TypeError) as error:
            raise FileError(f'"{path}" cannot be read as sound: {error}') from error
        # Left before the file is closed, and then nobody reads any more.
        self._pool = stack.enter_context(ThreadPoolExecutor(1, "tenuto-read-ahead"))
        self.samplerate = int(self._file.samplerate)
        self.channels, self.frames = int(self._file.channels), int(self._file.frames)
        if self.frames == 0:
            raise FileError(f'"{path}" holds no sound')
        if samplerate not in (None, self.samplerate):
            raise FileError(
                f'"{path}" has {self.samplerate} Hz, not {samplerate} Hz. Leave samplerate= out to '
                "render it at its own."
            )

    def pieces(self, tail: int) -> Iterator[NDArray[np.float32]]:
        """Everything, then `tail` frames of silence. A piece is valid until the next one."""
        import numpy as np

        if self._file is not None:
            yield from self._from_file()
        elif self._array is not None:
            for at in range(0, self.frames, CHUNK):
                yield self._array[at : min(at + CHUNK, self.frames)]
        else:
            tail += self.frames
        silence = np.zeros((min(tail, CHUNK), self.channels), np.float32)
        for at in range(0, tail, CHUNK):
            yield silence[: min(CHUNK, tail - at)]

    def _from_file(self) -> Iterator[NDArray[np.float32]]:
        """One piece is read, in a thread, while the one before it is worked on."""
        import numpy as np

        room = np.empty((2, min(CHUNK, self.frames), self.channels), np.float32)
        starts = range(0, self.frames, CHUNK)
        ahead = self._pool.submit(self._read, room[0], 0)
        for turn, start in enumerate(starts, 1):
            piece = ahead.result()
            if start + CHUNK < self.frames:
                ahead = self._pool.submit(self._read, room[turn % 2], start + CHUNK)
            yield piece

    def _read(self, room: NDArray[np.float32], at: int) -> NDArray[np.float32]:
        wanted = min(len(room), self.frames - at)
        try:
            got = self._file.read(wanted, "float32", always_2d=True, out=room[:wanted])
        except (OSError, RuntimeError) as error:
            raise FileError(f'"{self._path}" cannot be read: {error}') from error
        if len(got) < wanted:
            raise FileError(
                f'"{self._path}" ends after {at + len(got)} of {self.frames} frames: it is damaged'
            )
        return room[:wanted]
