# SPDX-License-Identifier: MIT
"""What can be played: a file that was looked at, or an array."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

from .. import _sndfile
from .._errors import FileError
from .._nodes.source import as_frames

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NO_LENGTH = 1 << 62  # libsndfile's "unknown" is its largest number
_MOST_CHANNELS = 1024


@dataclass(frozen=True)
class Media:
    """One thing to play.

    Attributes
    ----------
    path : Path or None
        The file; None for an array.
    samplerate, channels : int
        As they are in the file.
    frames : int or None
        Length at that rate; None when the file does not tell.
    reader : {"sndfile", "pyav", "memory"}
        What decodes it.
    """

    path: Path | None
    samplerate: int
    channels: int
    frames: int | None
    reader: Literal["sndfile", "pyav", "memory"]
    samples: NDArray[np.float32] | None = None

    @property
    def seconds(self) -> float | None:
        """Length in seconds, if it is known."""
        return None if self.frames is None else self.frames / self.samplerate

    @property
    def name(self) -> str:
        """How messages call it."""
        return "the array" if self.path is None else f'"{self.path}"'


def is_paths(source: Any) -> TypeGuard[Sequence[str | os.PathLike[str]]]:
    """Whether it is several files; not: one, or an array."""
    is_list = isinstance(source, list | tuple) and len(source) > 0
    return is_list and all(isinstance(one, str | os.PathLike) for one in source)


def from_array(samples: Any, samplerate: int | None) -> Media:
    """An array, shape (frames, channels) or 1-D, as something to play; it is copied."""
    import numpy as np

    if samplerate is None:
        raise ValueError("samplerate=None: an array has no rate of its own, give one in Hz")
    array = np.array(as_frames(samples))
    if array.shape[1] > _MOST_CHANNELS:
        raise ValueError(f"an array of shape {array.shape}: give (frames, channels)")
    return Media(None, samplerate, array.shape[1], array.shape[0], "memory", array)


def look_at(path: str | os.PathLike[str]) -> Media:
    """Open a file, see what it is, and close it again; raises `FileError`."""
    where = Path(path)
    try:
        about = where.stat()
        if stat.S_ISDIR(about.st_mode):
            raise FileError(f'"{where}" is a folder: give a sound file in it')
        if not stat.S_ISREG(about.st_mode):  # opening a pipe would wait for its other end
            raise FileError(f'"{where}" is no file but a pipe or a device: give a sound file')
        found = _sndfile.look_at(where)  # not by way of soundfile, which would load NumPy
    except FileError:
        raise
    except FileNotFoundError:
        raise FileError(f'there is no file "{where}"') from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise FileError(f'"{where}" cannot be read: {error}') from error
    if about.st_size == 0:
        raise FileError(f'"{where}" is empty: it has 0 bytes')
    return _by_pyav(where, found) if isinstance(found, str) else _by_libsndfile(where, *found)


def _by_libsndfile(path: Path, samplerate: int, channels: int, frames: int) -> Media:
    if not 1 <= channels <= _MOST_CHANNELS or not 1 <= samplerate <= 10_000_000:
        raise FileError(
            f'"{path}" says it has {channels} channels at {samplerate} Hz: it is damaged'
        )
    length = frames if 0 <= frames < _NO_LENGTH else None
    return Media(path, samplerate, channels, length, "sndfile")


def _by_pyav(path: Path, why_not: str) -> Media:
    from . import pyav

    refused = f'"{path}" cannot be read as sound: {why_not.rstrip(".")}'
    if not pyav.is_there():
        raise FileError(
            f"{refused}. AAC, M4A, WMA and more are read by PyAV: pip install 'tenuto[formats]'"
        )
    found = pyav.look_at(path)
    if isinstance(found, str):
        raise FileError(f"{refused}. PyAV says: {found}")
    samplerate, channels, frames = found
    return Media(path, samplerate, channels, frames, "pyav")
