# SPDX-License-Identifier: MIT
"""libsndfile, as the core meets it: function addresses, and which formats there are.

The private touch of this package on `soundfile`: its CFFI module and its bundled library are
opened directly, because importing `soundfile` itself loads NumPy, which costs a fifth of a second
before the first frame is recorded. Where that layout is not found, `soundfile` is asked.
"""

from __future__ import annotations

import ctypes
import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._errors import FileError

_FUNCTIONS = (
    "sf_open_fd",
    "sf_readf_float",
    "sf_writef_float",
    "sf_writef_int",
    "sf_write_raw",
    "sf_seek",
    "sf_command",
    "sf_close",
    "sf_error",
    "sf_strerror",
)

_READ = 0x10  # SFM_READ of sndfile.h

# Numbers of sndfile.h (the SF_FORMAT_* constants). Not here is what cannot be recorded safely:
# - RAW has no header that tells rate and channels, SD2 keeps them in a second file, XI tells
#   44.1 kHz whatever it is;
# - SDS is not readable any more when the disk was full, nor is DPCM (of XI);
# - G.721 and G.723 come back with the wrong sign near full scale when libsndfile reads them;
# - DWVW is not readable at all, MPEG layers I and II libsndfile does not write.
_MAJORS = {
    "WAV": 0x010000,
    "AIFF": 0x020000,
    "AU": 0x030000,
    "PAF": 0x050000,
    "SVX": 0x060000,
    "NIST": 0x070000,
    "VOC": 0x080000,
    "IRCAM": 0x0A0000,
    "W64": 0x0B0000,
    "MAT4": 0x0C0000,
    "MAT5": 0x0D0000,
    "PVF": 0x0E0000,
    "HTK": 0x100000,
    "AVR": 0x120000,
    "WAVEX": 0x130000,
    "FLAC": 0x170000,
    "CAF": 0x180000,
    "WVE": 0x190000,
    "OGG": 0x200000,
    "MPC2K": 0x210000,
    "RF64": 0x220000,
    "MP3": 0x230000,
}
_SUBTYPES = {
    "PCM_S8": 0x0001,
    "PCM_16": 0x0002,
    "PCM_24": 0x0003,
    "PCM_32": 0x0004,
    "PCM_U8": 0x0005,
    "FLOAT": 0x0006,
    "DOUBLE": 0x0007,
    "ULAW": 0x0010,
    "ALAW": 0x0011,
    "IMA_ADPCM": 0x0012,
    "MS_ADPCM": 0x0013,
    "GSM610": 0x0020,
    "NMS_ADPCM_16": 0x0022,
    "NMS_ADPCM_24": 0x0023,
    "NMS_ADPCM_32": 0x0024,
    "VORBIS": 0x0060,
    "OPUS": 0x0064,
    "ALAC_16": 0x0070,
    "ALAC_20": 0x0071,
    "ALAC_24": 0x0072,
    "ALAC_32": 0x0073,
    "MPEG_LAYER_III": 0x0082,
}
# Samples go to libsndfile as integers of so many bits, rounded and clipped; others as floats.
_INTEGER_BITS = {
    "PCM_S8": 8,
    "PCM_U8": 8,
    "PCM_16": 16,
    "PCM_24": 24,
    "PCM_32": 32,
    # What their tables hold; given floats above full scale, libsndfile reads behind their ends.
    "ULAW": 14,
    "ALAW": 12,
    # Given floats above full scale, these would wrap.
    "IMA_ADPCM": 16,
    "MS_ADPCM": 16,
    "GSM610": 16,
    "NMS_ADPCM_16": 16,
    "NMS_ADPCM_24": 16,
    "NMS_ADPCM_32": 16,
    "ALAC_16": 16,
    "ALAC_20": 20,
    "ALAC_24": 24,
    "ALAC_32": 32,
}
_SUFFIXES = {
    ".wav": "WAV",
    ".wave": "WAV",
    ".rf64": "RF64",
    ".w64": "W64",
    ".flac": "FLAC",
    ".ogg": "OGG",
    ".oga": "OGG",
    ".opus": "OGG",
    ".mp3": "MP3",
    ".aif": "AIFF",
    ".aiff": "AIFF",
    ".caf": "CAF",
    ".au": "AU",
    ".avr": "AVR",
    ".htk": "HTK",
    ".ircam": "IRCAM",
    ".mat": "MAT5",
    ".mat4": "MAT4",
    ".mat5": "MAT5",
    ".mpc2k": "MPC2K",
    ".nist": "NIST",
    ".sph": "NIST",
    ".paf": "PAF",
    ".pvf": "PVF",
    ".svx": "SVX",
    ".voc": "VOC",
    ".wve": "WVE",
}
# PAF packs 24 bits into blocks: what fits on a full disk is not to the frame. In 8 bits, VOC has
# rates that are not exact, and libsndfile counts its last byte as sound. A last block of IMA ADPCM
# that is cut off is noise in W64.
_LEFT_OUT = {
    ("PAF", "PCM_24"),
    ("W64", "IMA_ADPCM"),
    ("VOC", "PCM_U8"),
    ("VOC", "ULAW"),
    ("VOC", "ALAW"),
}
# What `sf_format_check` does not look at: rates that a format or an encoder takes. (libvorbis sets
# itself up for 8 to 200 kHz; beyond that libsndfile goes on without an encoder, and crashes.)
_RATES: dict[str, tuple[int, ...] | range] = {
    "FLAC": range(1, 655_351),
    # HTK counts a sample's time in units of 100 ns.
    "HTK": (
        1_000,
        1_250,
        2_000,
        2_500,
        4_000,
        5_000,
        8_000,
        10_000,
        12_500,
        16_000,
        20_000,
        25_000,
        40_000,
        50_000,
        80_000,
        100_000,
    ),
    "MPC2K": range(1, 2**16),
    "SVX": range(1, 2**16),
    "WVE": (8_000,),
    "VORBIS": range(8_000, 192_001),
    "OPUS": (8_000, 12_000, 16_000, 24_000, 48_000),
    "MPEG_LAYER_III": (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
}
_DEFAULT_SUBTYPES = {"OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}
_LITTLE_ENDIAN = ("WAV", "WAVEX", "RF64", "W64")
# Their lengths are numbers of so many bits, some with a sign; a margin is left for the header.
_MOST_BYTES = dict.fromkeys(("WAV", "WAVEX", "AIFF", "AU"), 2**32 - 2**20)
_MOST_BYTES |= dict.fromkeys(("AVR", "HTK", "MAT4", "MAT5", "MPC2K", "SVX", "WVE"), 2**31 - 2**20)
_MOST_BYTES["VOC"] = 2**24 - 2**16


@dataclass(frozen=True)
class FileFormat:
    """A format and subtype that libsndfile has been asked about and can write."""

    name: str
    subtype: str
    code: int
    integer_bits: int
    is_packed: bool
    most_bytes: int


@functools.cache
def _library() -> tuple[Any, Any]:
    ffi, library = _open_library()
    # One reference that is never given back: the core closes its last files when the interpreter
    # has thrown away its objects, and the library must still be in memory then.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(library))
    return ffi, library


def _open_library() -> tuple[Any, Any]:
    try:
        import _soundfile_data
        from _soundfile import ffi

        folder = Path(_soundfile_data.__file__).parent
        return ffi, ffi.dlopen(str(next(folder.glob("libsndfile*"))))
    except (ImportError, OSError, StopIteration, TypeError):
        import soundfile

        try:
            return soundfile._ffi, soundfile._snd
        except AttributeError as error:
            raise FileError(
                "this release of the soundfile package hides its libsndfile "
                f"(soundfile {soundfile.__version__}): install soundfile 0.13 or 0.14"
            ) from error


def api() -> dict[str, int]:
    """Addresses of the functions that the disk threads call."""
    ffi, library = _library()
    return {name: int(ffi.cast("uintptr_t", ffi.addressof(library, name))) for name in _FUNCTIONS}


def version() -> str:
    """For instance ``"libsndfile-1.2.2"``."""
    ffi, library = _library()
    return str(ffi.string(library.sf_version_string()).decode())


def look_at(path: str | os.PathLike[str]) -> tuple[int, int, int] | str:
    """Rate, channels and frames of a file; or why libsndfile cannot read it. Raises OSError."""
    ffi, library = _library()
    about = ffi.new("SF_INFO *")
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        file = library.sf_open_fd(descriptor, _READ, about, False)
        if file == ffi.NULL:
            return str(ffi.string(library.sf_strerror(ffi.NULL)).decode(errors="replace"))
        library.sf_close(file)
    finally:
        os.close(descriptor)
    return int(about.samplerate), int(about.channels), int(about.frames)


def name_of(path: str | os.PathLike[str]) -> str | bytes:
    """A path as `soundfile` takes it: as bytes when it is no text."""
    name = os.fspath(path)
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name)
    return name


def _accepts(code: int, samplerate: int, channels: int) -> bool:
    ffi, library = _library()
    info = ffi.new("SF_INFO *")
    info.format, info.samplerate, info.channels = code, samplerate, channels
    return bool(library.sf_format_check(info))


def format_for(
    path: Path, format: str | None, subtype: str | None, samplerate: int, channels: int
) -> FileFormat:
    """The format to write `path` in; `FileError` says what is possible instead."""
    for argument, given in (("format", format), ("subtype", subtype)):
        if given is not None and not isinstance(given, str):
            raise ValueError(f'{argument}={given!r}: give a name, as "FLAC" and "PCM_24" are ones')
    suffix = path.suffix.lower()
    name = format.upper() if format is not None else _SUFFIXES.get(suffix)
    if name is None:
        raise FileError(
            f'"{path.name}": the suffix "{suffix}" names no format that can be written; '
            f"possible are {' '.join(sorted(_SUFFIXES))}. Or pass format=, one of "
            f"{' '.join(sorted(_MAJORS))}."
        )
    if name not in _MAJORS:
        raise FileError(f'format "{format}" is not known; possible are {" ".join(sorted(_MAJORS))}')
    major = _MAJORS[name]
    possible = [
        known
        for known, code in _SUBTYPES.items()
        if (name, known) not in _LEFT_OUT and _accepts(major | code, samplerate, channels)
    ]
    if not possible:
        raise FileError(
            f"{name} cannot hold {channels} channels at {samplerate} Hz; "
            "WAV, RF64, W64 and CAF hold any number of channels"
        )
    chosen = subtype.upper() if subtype is not None else _default_subtype(name, suffix, possible)
    if chosen not in possible:
        raise FileError(
            f'{name} has no subtype "{subtype}" for {channels} channels at {samplerate} Hz; '
            f"possible are {' '.join(possible)}"
        )
    rates = _RATES.get(chosen) or _RATES.get(name)
    if rates is not None and samplerate not in rates:
        if isinstance(rates, range):
            possible_rates = f"{rates.start} to {rates.stop - 1}"
        else:
            possible_rates = " ".join(map(str, rates))
        raise FileError(
            f"{name} with subtype {chosen} cannot hold {samplerate} Hz; possible are "
            f"{possible_rates} Hz. WAV, RF64, W64 and CAF hold any rate."
        )
    return FileFormat(
        name=name,
        subtype=chosen,
        code=major | _SUBTYPES[chosen],
        integer_bits=_INTEGER_BITS.get(chosen, 0),
        is_packed=name in _LITTLE_ENDIAN and chosen in ("PCM_16", "PCM_24", "PCM_32"),
        most_bytes=_MOST_BYTES.get(name, 0),
    )


def _default_subtype(name: str, suffix: str, possible: list[str]) -> str:
    if suffix == ".opus" and "OPUS" in possible:
        return "OPUS"
    wanted = (_DEFAULT_SUBTYPES.get(name), "PCM_24", "PCM_32", "PCM_16")
    return next((one for one in wanted if one in possible), possible[0])
