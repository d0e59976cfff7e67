# SPDX-License-Identifier: MIT
"""How long a sound file is, according to programs that know nothing of tenuto."""

from __future__ import annotations

import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

from support.servers import need_program


def by_libsndfile(path: Path) -> int:
    import soundfile

    frames = 0
    for block in soundfile.blocks(str(path), blocksize=65536, dtype="int32", always_2d=True):
        frames += len(block)
    assert frames == soundfile.info(str(path)).frames, "the header and the data disagree"
    return frames


def by_wave(path: Path) -> int:
    with wave.open(str(path), "rb") as file:
        frames = file.getnframes()
        data = file.readframes(frames)
        assert len(data) == frames * file.getnchannels() * file.getsampwidth()
    return frames


def by_sox(path: Path) -> int:
    need_program("sox", "sox")
    return int(_printed("sox", "--info", "-s", str(path)))


def by_ffprobe(path: Path) -> int:
    need_program("ffprobe", "ffmpeg")
    shown = "stream=duration_ts"
    return int(
        _printed("ffprobe", "-v", "error", "-show_entries", shown, "-of", "csv=p=0", str(path))
    )


def by_miniaudio(path: Path) -> int:
    import miniaudio

    frames: int = miniaudio.get_file_info(str(path)).num_frames
    return frames


def _printed(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, f"{command[0]}: {done.stderr}"
    return done.stdout.strip()


READERS: dict[str, dict[str, Callable[[Path], int]]] = {
    ".wav": {
        "libsndfile": by_libsndfile,
        "wave": by_wave,
        "sox": by_sox,
        "ffprobe": by_ffprobe,
        "miniaudio": by_miniaudio,
    },
    ".flac": {
        "libsndfile": by_libsndfile,
        "sox": by_sox,
        "ffprobe": by_ffprobe,
        "miniaudio": by_miniaudio,
    },
}


def agreed_frames(path: Path) -> int:
    """The length of `path` in frames; fails when one reader cannot open it or sees another."""
    lengths = {name: read(path) for name, read in READERS[path.suffix].items()}
    assert len(set(lengths.values())) == 1, f"{path.name}: the readers disagree: {lengths}"
    return lengths["libsndfile"]
