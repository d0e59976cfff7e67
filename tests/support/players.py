# SPDX-License-Identifier: MIT
"""One player alone, block by block, sounds to play, and what others decode of them."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import tenuto
from tenuto import _core
from tenuto._nodes.player import FilePlayer

RATE = 48_000
FADE = 240  # frames: 5 ms
Sound = NDArray[np.float32]


def noise(frames: int, channels: int = 2, seed: int = 5) -> Sound:
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.5, 0.5, (frames, channels)).astype(np.float32)


def index(frames: int) -> Sound:
    """Each sample tells its own frame, exact in float32."""
    return (np.arange(frames, dtype=np.float32) / 2**23)[:, np.newaxis]


def written(folder: Path, name: str, sound: Sound, rate: int = RATE, **how: Any) -> Path:
    path = folder / name
    soundfile.write(str(path), sound, rate, **how)
    return path


def m4a(path: Path, sound: Sound, rate: int = RATE) -> Path:
    """Write what libsndfile cannot: AAC."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=rate, layout="stereo")
        stream.bit_rate = 256_000
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), "fltp", "stereo")
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return path


def ffmpeg_decoded(path: Path) -> Sound:
    """By the program of the same name where there is one, else by the library itself."""
    av = pytest.importorskip("av")
    if shutil.which("ffmpeg"):
        raw = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-"],
            capture_output=True,
            check=True,
        ).stdout
        return np.frombuffer(raw, np.float32).reshape(-1, 2)
    with av.open(str(path)) as container:
        return np.concatenate([f.to_ndarray().T for f in container.decode(audio=0)])


class Rig:
    """One player without an engine, block by block."""

    def __init__(self, player: FilePlayer, rate: int = RATE) -> None:
        self.player = player
        self.channels = player._widths(0)[1]
        self.instance = player._instance(rate, self.channels, 1024)

    def run(self, frames: int, block: int = 512, *, wait: bool = True) -> Sound:
        out = [np.zeros((0, self.channels), np.float32)]
        while frames > 0:
            some = min(block, frames)
            if wait and self.player.state == "playing":
                assert self.player._living()[-1].wait_until_ready(some, timeout=20)
            planar = _core.run_node(self.instance.core, np.zeros((1, some), np.float32), [some])
            out.append(planar.T)
            frames -= some
        return np.concatenate(out)

    def run_until_there(self) -> Sound:
        """Run blocks of 64 until a jump is heard."""
        out = []
        until = time.monotonic() + 20
        while self.player._living()[-1].core.state()["is_seeking"]:
            assert time.monotonic() < until
            out.append(self.run(64, wait=False))
            time.sleep(64 / RATE)  # as a device would: the disk thread needs its time, too
        return np.concatenate(out) if out else np.zeros((0, self.channels), np.float32)


def played(player: FilePlayer, seconds: float, rate: int = RATE) -> Sound:
    player.play()
    sound: Sound = tenuto.render(None, player, samplerate=rate, seconds=seconds)
    return sound
