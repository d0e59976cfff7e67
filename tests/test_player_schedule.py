# SPDX-License-Identifier: MIT
"""A player in an engine: what can be scheduled, what cannot, and waiting on an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import tenuto
from support.players import FADE, RATE, index, noise, played, written
from tenuto import FilePlayer
from tenuto.testing import VirtualDevice


def rig(player: FilePlayer) -> tuple[tenuto.Engine, VirtualDevice, tenuto.FileRecorder]:
    device = VirtualDevice("loopback", clocked=False)
    engine = tenuto.Engine(device, channels=(1, 1), blocksize=64)
    engine.connect(player, engine.output)
    recorder = engine.connect(player, tenuto.FileRecorder())
    return engine, device, recorder


def test_a_stop_can_be_scheduled_and_a_start_behind_it() -> None:
    player = FilePlayer(index(RATE), samplerate=RATE)
    engine, device, recorder = rig(player)
    with engine:
        player.seek(frame=500)
        assert player._living()[-1].wait_until_ready(64, timeout=20)
        with engine.at(1000):
            player.play()
        with engine.at(5000):
            player.stop()
        device.step(5000)
        assert player.position_frames == 4500
        device.step(1000)
        assert (player.state, player.position_frames) == ("stopped", 0)
        with engine.at(8000):
            player.play()
        assert player._living()[-1].wait_until_ready(64, timeout=20)
        device.step(4000)
        heard = np.round(recorder.stop().to_numpy()[:, 0] * 2**23)
    assert not heard[:1000].any()
    assert np.array_equal(heard[1000 + FADE : 5000], np.arange(500 + FADE, 4500))
    assert not heard[5000 + FADE : 8000].any()
    assert np.array_equal(heard[8000 + FADE :], np.arange(FADE, 2000))


def test_a_stop_can_be_scheduled_offline() -> None:
    player = FilePlayer(index(RATE), samplerate=RATE)

    def build(offline: tenuto.Offline) -> None:
        offline.connect(player, offline.output)
        player.play()
        with offline.at(3000):
            player.stop()

    sound = tenuto.render(None, build, samplerate=RATE, seconds=2)[:, 0]
    assert np.array_equal(np.round(sound[:3000] * 2**23), np.arange(3000))
    assert not sound[3000 + FADE :].any() and player.state == "stopped"


@pytest.mark.parametrize(
    "act",
    [
        lambda player: player.seek(0.5),
        lambda player: player.next(),
        lambda player: player.previous(),
        lambda player: player.ab_repeat(0.1, 0.2),
        lambda player: setattr(player, "loop", True),
        lambda player: setattr(player, "repeat", True),
        lambda player: setattr(player, "shuffle", True),
        lambda player: setattr(player, "speed", 2),
    ],
)
def test_what_takes_effect_at_once_cannot_be_scheduled(act: Callable[[FilePlayer], object]) -> None:
    player = FilePlayer(index(RATE), samplerate=RATE)
    engine, device, _ = rig(player)
    with engine:
        player.play()
        device.step(1000)
        with engine.at(5000), pytest.raises(tenuto.TenutoError, match="cannot be scheduled"):
            act(player)
        assert player.position_frames == 1000


@pytest.mark.realtime
def test_the_end_can_be_awaited() -> None:
    async def main() -> list[str]:
        told: list[str] = []

        async def count() -> None:
            while True:
                told.append("tick")
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(count())
        with tenuto.play(noise(RATE // 4), RATE, blocking=False, device="virtual") as playback:
            assert await playback.player.finished() is True
            assert await playback.finished() is True
        ticking.cancel()
        return told

    assert len(asyncio.run(main())) > 5
    assert asyncio.run(FilePlayer(noise(RATE), RATE).finished()) is False  # it does not play


def test_several_files_can_be_given_at_once(tmp_path: Path) -> None:
    paths = [written(tmp_path, f"{n}.wav", noise(480, 1, n), subtype="FLOAT") for n in range(3)]
    expected = np.concatenate([noise(480, 1, n) for n in range(3)])
    assert np.array_equal(played(FilePlayer(paths), 1440 / RATE), expected)
    player = FilePlayer(paths[0], shuffle=True)
    player.queue(paths[1:])
    assert set(player.playlist) == set(paths) and player.shuffle
    with pytest.raises(tenuto.FileError, match="nowhere"):
        player.queue([paths[0], tmp_path / "nowhere.wav"])
    assert len(player.playlist) == 3


@pytest.mark.parametrize("dtype", ["int16", "int32"])
def test_whole_numbers_of_a_sound_file_have_their_own_full_scale(dtype: str) -> None:
    half = np.full((100, 1), -(np.iinfo(dtype).min // 2), dtype)
    assert np.array_equal(played(FilePlayer(half, RATE), 100 / RATE), np.full((100, 1), 0.5))
    assert np.array_equal(tenuto.render(half, tenuto.Gain()), np.full((100, 1), 0.5))
    assert np.array_equal(tenuto.render([1, 0, 0], tenuto.Gain())[:, 0], [1, 0, 0])
