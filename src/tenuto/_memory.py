# SPDX-License-Identifier: MIT
"""Arrays in memory that suits audio: aligned, or mapped from a file without a copy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from ._checks import is_whole
from ._errors import FileError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

_ALIGNMENT = 64
_PCM, _FLOAT, _EXTENSIBLE = 0x0001, 0x0003, 0xFFFE
# The last 14 bytes of the identifiers that WAVEX uses for PCM and float (mmreg.h).
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_TO_THE_END = 0xFFFFFFFF
_TYPES = {
    (_PCM, 8): "u1",
    (_PCM, 16): "<i2",
    (_PCM, 24): "u1",
    (_PCM, 32): "<i4",
    (_FLOAT, 32): "<f4",
    (_FLOAT, 64): "<f8",
}


def empty(shape: int | tuple[int, ...], dtype: DTypeLike = "float32") -> NDArray[Any]:
    """Make an array that begins on a 64-byte boundary (one cache line, one AVX-512 register).

    Parameters
    ----------
    shape : int or tuple of int
        For sound: (frames, channels).
    dtype : data-type
        float32, if nothing else is said.

    Returns
    -------
    ndarray
        Contiguous; what is in it is not defined.

    Raises
    ------
    ValueError
        A length is negative.

    Examples
    --------
    >>> import tenuto
    >>> a = tenuto.empty((480, 2))
    >>> a.shape, str(a.dtype), a.ctypes.data % 64
    ((480, 2), 'float32', 0)
    """
    import math

    import numpy as np

    sizes = (int(shape),) if is_whole(shape) else tuple(cast("tuple[int, ...]", shape))
    if any(size < 0 for size in sizes):
        raise ValueError(f"shape={shape!r}: lengths must be 0 or more")
    kind = np.dtype(dtype)
    count = math.prod(sizes) * kind.itemsize
    memory = np.empty(count + _ALIGNMENT, np.uint8)
    skip = -memory.ctypes.data % _ALIGNMENT
    return memory[skip : skip + count].view(kind).reshape(sizes)


def open_mapped(path: str | os.PathLike[str]) -> NDArray[Any]:
    """View the samples of a WAV file where they lie on the disk: nothing is read or copied now.

    Parameters
    ----------
    path : str or Path
        WAV, WAVEX, RF64 or BW64, with PCM or float samples.

    Returns
    -------
    memmap, shape (frames, channels), read-only
        As they are in the file: uint8 (128 is silence), int16, int32, float32 or float64. PCM of 24
        bits has no type in NumPy: its shape is (frames, channels, 3), uint8, the lowest byte first.
        The attribute ``samplerate`` is in hertz. Of a file that was cut off: what is there.

    Raises
    ------
    FileError
        It cannot be read, or is no such file.

    Notes
    -----
    As with any mapped file: while it is in use, nobody may make it shorter.

    Examples
    --------
    >>> import tenuto, soundfile, tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "a.wav"
    ...     soundfile.write(path, [[0.5, -0.5]] * 100, 48000, subtype="FLOAT")
    ...     samples = tenuto.open_mapped(path)
    ...     samples.shape, samples.samplerate, float(samples[99, 1])
    ((100, 2), 48000, -0.5)
    """
    where = Path(path)
    try:
        if where.exists() and not where.is_file():
            raise _refused(where, "it is no file")
        with where.open("rb") as file:
            found = _look(file, where)
            return _map(file, found)
    except FileError:
        raise
    except FileNotFoundError:
        raise FileError(f'there is no file "{where}"') from None
    except (OSError, ValueError, OverflowError) as error:
        raise FileError(f'"{where}" cannot be mapped: {error}') from error


@dataclass(frozen=True)
class _Found:
    kind: int
    bits: int
    channels: int
    samplerate: int
    offset: int
    frames: int


def _refused(path: Path, why: str) -> FileError:
    return FileError(f'"{path}" cannot be mapped: {why}. soundfile.read copies what it can read.')


def _look(file: BinaryIO, path: Path) -> _Found:
    size = os.fstat(file.fileno()).st_size
    head = file.read(12)
    if head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:12] != b"WAVE":
        raise _refused(path, "it is no WAV file")
    at, about, long_data = 12, None, None
    while at + 8 <= size:
        file.seek(at)
        name, length = file.read(4), int.from_bytes(file.read(4), "little")
        if name == b"ds64" and head[:4] != b"RIFF":
            long_data = int.from_bytes(file.read(16)[8:16], "little")
        elif name == b"fmt ":
            about = _format(file.read(min(length, 40)), path)
        elif name == b"data":
            if about is None:
                raise _refused(path, "its samples come before it says what they are")
            if length == _TO_THE_END:
                length = long_data if long_data is not None else size
            kind, bits, channels, samplerate = about
            there = max(0, min(length, size - at - 8))
            return _Found(kind, bits, channels, samplerate, at + 8, there // (channels * bits // 8))
        at += 8 + length + length % 2
    raise _refused(path, "there are no samples in it")


def _format(chunk: bytes, path: Path) -> tuple[int, int, int, int]:
    if len(chunk) < 16:
        raise _refused(path, "its header is cut off")

    def number(begin: int, end: int) -> int:
        return int.from_bytes(chunk[begin:end], "little")

    kind, channels, samplerate = number(0, 2), number(2, 4), number(4, 8)
    align, bits = number(12, 14), number(14, 16)
    if kind == _EXTENSIBLE:
        if len(chunk) < 40 or chunk[26:40] != _GUID_TAIL:
            raise _refused(path, "its samples are of a kind that is not known")
        kind = number(24, 26)
    if (kind, bits) not in _TYPES:
        raise _refused(path, f"its samples are no PCM or float (format {kind:#06x}, {bits} bits)")
    if channels == 0 or samplerate == 0 or align != channels * bits // 8:
        raise _refused(
            path, f"{channels} channels of {bits} bits, {align} bytes a frame, cannot be"
        )
    return kind, bits, channels, samplerate


def _map(file: BinaryIO, found: _Found) -> NDArray[Any]:
    import numpy as np

    shape: tuple[int, ...] = (found.frames, found.channels)
    if found.bits == 24:
        shape = (*shape, 3)
    kind = np.dtype(_TYPES[found.kind, found.bits])
    samples: Any
    if found.frames == 0:  # nothing cannot be mapped
        nothing = np.zeros(shape, kind)
        nothing.flags.writeable = False
        samples = nothing.view(np.memmap)
    else:
        samples = np.memmap(file, kind, "r", found.offset, shape)
    samples.samplerate = found.samplerate
    mapped: NDArray[Any] = samples
    return mapped
