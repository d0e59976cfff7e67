# SPDX-License-Identifier: MIT
"""A player in an engine on the virtual loopback: what comes in is what others decode."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

import tenuto
from support.players import RATE, Sound, ffmpeg_decoded, m4a, noise, written
from tenuto import FilePlayer


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "m4a"])
def test_a_loopback_hears_what_others_decode(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "m4a":
        expected = ffmpeg_decoded(m4a(path, noise(RATE)))
    else:
        written(tmp_path, path.name, noise(RATE))
        expected = soundfile.read(str(path), dtype="float32")[0]
    heard, begin = looped_back(path, len(expected))
    # Other builds of FFmpeg may round the last bit of a float differently.
    bound = 1e-6 if suffix == "m4a" else 0.0
    assert np.max(np.abs(heard[begin : begin + len(expected)] - expected)) <= bound
    assert not heard[:begin].any()


def test_a_loopback_hears_another_rate_within_100_db_of_a_reference(tmp_path: Path) -> None:
    sound = noise(44_100)
    path = written(tmp_path, "a.wav", sound, 44_100, subtype="FLOAT")
    reference = soxr.resample(sound.astype(np.float64), 44_100, RATE, quality="VHQ")
    heard, begin = looped_back(path, len(reference))
    error = heard[begin : begin + len(reference)] - reference
    assert np.max(np.abs(error)) < 10 ** (-100 / 20)


def looped_back(path: Path, frames: int) -> tuple[Sound, int]:
    """What a loopback's input hears, and the frame at which the file should begin in it."""
    blocksize, begin = 256, 5000
    device = tenuto.testing.VirtualDevice("loopback", clocked=False)
    with tenuto.Engine(device, channels=(2, 2), blocksize=blocksize) as engine:
        player = FilePlayer(path)
        engine.connect(player, engine.output)
        recorder = engine.connect(engine.input, tenuto.FileRecorder())
        with engine.at(begin):
            player.play()
        for _ in range(0, frames + begin + 2 * blocksize, blocksize):
            assert player._living()[-1].wait_until_ready(blocksize, timeout=20)
            device.step(blocksize)
        assert player.underruns == 0 and not player.troubles
        return recorder.stop().to_numpy(), begin + blocksize


def test_play_can_be_scheduled_for_an_exact_frame_of_the_engine(tmp_path: Path) -> None:
    path = written(tmp_path, "a.wav", noise(RATE), subtype="FLOAT")
    sound, _ = soundfile.read(str(path), dtype="float32")
    device = tenuto.testing.VirtualDevice("loopback", clocked=False)
    with tenuto.Engine(device, channels=(2, 2)) as engine:
        player = FilePlayer(path)
        engine.connect(player, engine.output)
        recorder = engine.connect(engine.input, tenuto.FileRecorder())
        with engine.at(10_007):
            player.play()
        device.step(40_000)
        assert player.position_frames == engine.frame - 10_007
        take = recorder.stop().to_numpy()
    begin = int(np.argmax(take[:, 0] != 0))
    blocksize = begin - 10_007  # the loopback's latency
    assert 0 < blocksize <= 1024 and blocksize % 16 == 0
    assert np.array_equal(take[begin:], sound[: len(take) - begin])
