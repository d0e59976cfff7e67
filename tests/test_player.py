# SPDX-License-Identifier: MIT
"""Files are played as they are decoded: without a gap, from the frame asked for, over and over."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

import tenuto
from support.players import FADE, RATE, Rig, Sound, index, noise, played, written
from tenuto import FilePlayer

# -- to the last bit ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "how"),
    [
        ("wav", {"subtype": "PCM_16"}),
        ("wav", {"subtype": "FLOAT"}),
        ("rf64", {"subtype": "PCM_24", "format": "RF64"}),
        ("flac", {"subtype": "PCM_24"}),
        ("ogg", {}),
        ("mp3", {}),
        ("aiff", {}),
    ],
)
def test_at_equal_rates_every_sample_is_the_one_that_libsndfile_decodes(
    tmp_path: Path, suffix: str, how: dict[str, str]
) -> None:
    path = written(tmp_path, f"a.{suffix}", noise(3 * RATE), **how)
    expected, _ = soundfile.read(str(path), dtype="float32")
    player = FilePlayer(path)
    sound = played(player, len(expected) / RATE + 0.5)
    assert np.array_equal(sound[: len(expected)], expected)
    assert not sound[len(expected) :].any()
    assert (player.underruns, player.troubles) == (0, ())


def test_other_rates_are_within_100_db_of_a_reference_in_double_precision(tmp_path: Path) -> None:
    sound = noise(4 * 44_100, 1)
    path = written(tmp_path, "a.wav", sound, 44_100, subtype="FLOAT")
    reference = soxr.resample(sound.astype(np.float64), 44_100, RATE, quality="VHQ")
    got = played(FilePlayer(path), 4.1)
    assert np.max(np.abs(got[: len(reference)] - reference)) < 10 ** (-100 / 20)
    assert not got[len(reference) :].any()


def test_a_seek_in_a_converted_file_gives_what_was_there_without_it(tmp_path: Path) -> None:
    sound = noise(6 * 44_100, 1)
    path = written(tmp_path, "a.wav", sound, 44_100, subtype="FLOAT")
    reference = soxr.resample(sound.astype(np.float64), 44_100, RATE, quality="VHQ")
    for frame in (0, 1, 147, 99_999, 200_001):
        rig = Rig(FilePlayer(path))
        rig.player.seek(frame=frame)
        rig.player.play()
        got = rig.run(4000)
        first = round(frame * RATE / 44_100)
        expected = reference[first + FADE : first + 4000]
        assert np.max(np.abs(got[FADE:] - expected)) < 10 ** (-100 / 20)


def test_an_array_is_played_like_a_file() -> None:
    sound = noise(RATE)
    assert np.array_equal(played(FilePlayer(sound, samplerate=RATE), 1.0), sound)


def test_how_sound_is_cut_into_blocks_does_not_matter() -> None:
    def run(blocks: list[int]) -> Sound:
        rig = Rig(FilePlayer(noise(RATE), samplerate=RATE, gain_db=-3))
        rig.player.play()
        parts = [rig.run(4800, blocks[0])]
        rig.player.gain_db = -12
        parts.append(rig.run(4800, blocks[1]))
        rig.player.pause()
        parts.append(rig.run(1000, blocks[2]))
        rig.player.play()
        parts.append(rig.run(4800, blocks[3]))
        return np.concatenate(parts)

    whole = run([4800] * 4)
    for blocks in ([1, 7, 64, 128], [1000, 1, 7, 64], [37, 501, 13, 1000]):
        assert np.array_equal(run(blocks), whole)


def test_gain_and_channels_are_as_they_say() -> None:
    sound = noise(1000, 3)
    assert np.allclose(
        played(FilePlayer(sound, samplerate=RATE, gain_db=-20), 0.01), sound[:480] / 10, atol=1e-7
    )
    mono = played(FilePlayer(sound, samplerate=RATE, channels=1), 0.01)
    assert np.allclose(mono[:, 0], sound[:480].mean(axis=1), atol=1e-7)
    wide = played(FilePlayer(sound, samplerate=RATE, channels=5), 0.01)
    assert np.array_equal(wide[:, :3], sound[:480]) and not wide[:, 3:].any()
    both = played(FilePlayer(sound[:, 0], samplerate=RATE, channels=2), 0.01)
    assert np.array_equal(both, np.repeat(sound[:480, :1], 2, axis=1))


# -- gapless --------------------------------------------------------------------------------------


def test_a_sine_over_five_files_in_three_formats_has_no_step_at_any_joint(tmp_path: Path) -> None:
    sine = np.float32(0.5) * np.sin(2 * np.pi * 997 * np.arange(5 * RATE) / RATE).astype(np.float32)
    player = FilePlayer()
    for number, part in enumerate(np.array_split(sine, [30_001, 71_113, 120_000, 200_007])):
        suffix = ("wav", "flac", "aiff")[number % 3]
        player.queue(written(tmp_path, f"{number}.{suffix}", part, subtype="PCM_24"))
    sound = played(player, 5.1)[:, 0]
    assert np.max(np.abs(sound[: len(sine)] - sine)) <= 1 / 2**23  # 24 bits
    assert not sound[len(sine) :].any()


def test_files_of_other_rates_follow_on_the_next_frame(tmp_path: Path) -> None:
    """The joint of two files at different rates: each begins exactly where the one before ends."""
    player = FilePlayer()
    ends = 0
    expected = []
    for number, rate in enumerate((48_000, 44_100, 96_000, 48_000)):
        part = np.float32(0.4) * np.cos(
            2 * np.pi * 500 * np.arange(rate) / rate, dtype=np.float64
        ).astype(np.float32)
        player.queue(written(tmp_path, f"{number}.wav", part, rate, subtype="FLOAT"))
        whole = soxr.resample(part.astype(np.float64), rate, RATE, "VHQ") if rate != RATE else part
        expected.append(whole)
        ends += len(whole)
    sound = played(player, 4.1)[:, 0]
    assert np.max(np.abs(sound[:ends] - np.concatenate(expected))) < 10 ** (-100 / 20)
    assert not sound[ends:].any()


def test_what_is_queued_while_the_last_file_plays_follows_on_the_next_frame() -> None:
    a, b = noise(5000, 1, 1), noise(3000, 1, 2)
    rig = Rig(FilePlayer(a, samplerate=RATE))
    rig.player.play()
    first = rig.run(2000)  # everything is read ahead by now, to the end
    rig.player.queue(b, samplerate=RATE)
    until = time.monotonic() + 20
    while rig.player._living()[-1].core.state()["ready_frames"] < 6000:
        assert time.monotonic() < until
        time.sleep(0.001)
    rest = rig.run(7000)
    whole = np.concatenate([first, rest])
    assert np.array_equal(whole[:8000], np.concatenate([a, b]))
    assert rig.player.state == "finished"


def test_repeat_plays_the_list_again_and_shuffle_each_file_once() -> None:
    player = FilePlayer(repeat=True)
    for number in range(8):
        player.queue(np.full(100, (number + 1) / 10, np.float32), samplerate=RATE)
    sound = played(player, 0.1)[:, 0]
    assert [round(float(x) * 10) for x in sound[50:1600:100]] == [*range(1, 9), *range(1, 9)]
    player = FilePlayer()
    for number in range(8):
        player.queue(np.full(100, (number + 1) / 10, np.float32), samplerate=RATE)
    player._random.seed(3)
    player.shuffle = True
    sound = played(player, 0.1)[:, 0]
    heard = [round(float(x) * 10) for x in sound[50:800:100]]
    assert sorted(heard) == list(range(1, 9)) and heard != sorted(heard) and heard[0] == 1


def test_next_and_previous_go_to_the_begin_of_a_file(tmp_path: Path) -> None:
    paths = [written(tmp_path, f"{n}.wav", noise(RATE, 1, n)) for n in range(3)]
    player = FilePlayer(paths[0])
    for path in paths[1:]:
        player.queue(path)
    rig = Rig(player)
    player.play()
    rig.run(1000)
    assert player.next() and player.next() and not player.next()
    rig.run_until_there()
    rig.run(500)
    assert player.current == paths[2]
    assert player.previous()
    assert (player.current, player.position_frames) == (paths[1], 0)


# -- places ---------------------------------------------------------------------------------------

SEEKS = 1000 if os.environ.get("TENUTO_LONG") == "1" else 200


def test_random_seeks_never_click_and_land_on_the_frame_asked_for() -> None:
    frames = 60 * RATE
    sine = np.float32(0.5) * np.sin(2 * np.pi * 200 * np.arange(frames) / RATE).astype(np.float32)
    player = FilePlayer(np.stack([sine, index(frames)[:, 0]], axis=1), samplerate=RATE)
    rig = Rig(player)
    player.play()
    seed = 20
    rng = np.random.default_rng(seed)
    last = rig.run(256)[-1:]
    # The sine's own largest step, and twice its amplitude over the frames of the cross-fade.
    bound = 0.5 * 2 * np.pi * 200 / RATE + 1.0 / FADE
    for _ in range(SEEKS):
        frame = int(rng.integers(0, frames - RATE))
        player.seek(frame=frame)
        assert player.position_frames == frame
        sound = np.concatenate([last, rig.run_until_there(), rig.run(600, 128)])
        last = sound[-1:]
        assert np.max(np.abs(np.diff(sound[:, 0]))) < bound, f"seed {seed}"
        heard = round(float(sound[-1, 1]) * 2**23)
        assert heard + 1 == player.position_frames
        assert frame + 600 <= player.position_frames <= frame + 600 + 64
    assert player.underruns == 0


def test_a_loop_and_an_ab_repeat_are_exact_to_the_frame(tmp_path: Path) -> None:
    path = written(tmp_path, "a.flac", noise(5001), subtype="PCM_16")
    sound, _ = soundfile.read(str(path), dtype="float32")
    assert np.array_equal(
        played(FilePlayer(path, loop=True), 25_005 / RATE), np.concatenate([sound] * 5)
    )
    player = FilePlayer(path)
    player.ab_repeat(1000, 1777, frames=True)
    player.play()
    got = played(player, 10_000 / RATE)
    expected = np.concatenate([sound[:1777], *[sound[1000:1777]] * 11])
    assert np.array_equal(got, expected[:10_000])


def test_rules_take_effect_at_once_whatever_was_read_ahead() -> None:
    sound = index(RATE)
    rig = Rig(FilePlayer(sound, samplerate=RATE))
    player = rig.player
    player.play()
    rig.run(2000)  # all 48 000 frames are in the ring by now
    player.ab_repeat(3000, 5000, frames=True)
    first = rig.run(10_000)
    expected = np.arange(2000, 12_000)
    while (beyond := expected >= 5000).any():
        expected[beyond] -= 2000
    assert np.array_equal(np.round(first[:, 0] * 2**23), expected)
    player.ab_repeat()
    place = player.position_frames
    rest = np.round(rig.run(6000)[:, 0] * 2**23)
    assert np.array_equal(rest, np.arange(place, place + 6000))
    player.loop = True
    place = player.position_frames
    rest = np.round(rig.run(RATE)[:, 0] * 2**23)
    assert np.array_equal(rest, np.arange(place, place + RATE) % RATE)
    assert player.underruns == 0


def test_pausing_fades_and_goes_on_with_the_next_frame() -> None:
    sound = noise(RATE, 1)
    rig = Rig(FilePlayer(sound, samplerate=RATE))
    player = rig.player
    player.play()
    rig.run(1000)
    player.pause()
    out = rig.run(1000)
    assert not out[FADE:].any() and player.state == "paused"
    assert player.position_frames == 1000 + FADE
    fall = 1 - np.arange(1, FADE + 1) / FADE
    assert np.allclose(out[:FADE, 0], sound[1000 : 1000 + FADE, 0] * fall, atol=1e-6)
    player.play()
    assert np.array_equal(rig.run(1000)[FADE:], sound[1000 + 2 * FADE : 2000 + FADE])
    player.stop()
    rig.run(1000)
    assert (player.state, player.position) == ("stopped", 0.0)


def test_it_is_finished_at_the_end_and_plays_again_from_the_begin() -> None:
    sound = noise(3000, 1)
    rig = Rig(FilePlayer(sound, samplerate=RATE))
    rig.player.play()
    rig.run(4000)
    assert rig.player.state == "finished" and rig.player.wait(0)
    rig.player.play()
    assert rig.player.state == "playing"
    late = rig.run_until_there()
    out = np.concatenate([late, rig.run(3000)])
    begin = int(np.argmax(out[:, 0] != 0))
    assert np.array_equal(out[begin : begin + 2900], sound[:2900])


def test_the_position_is_what_leaves_the_engine_behind_a_look_ahead(tmp_path: Path) -> None:
    device = tenuto.testing.VirtualDevice(clocked=False)
    with tenuto.Engine(device, channels=(0, 1)) as engine:
        player, limiter = FilePlayer(index(RATE) / 2, samplerate=RATE), tenuto.Limiter()
        engine.connect(player, limiter, engine.output)
        player.play()
        device.step(10_000)
        late = engine.latency_frames
        assert late > 0 and player.position_frames == engine.frame - late


# -- speed ----------------------------------------------------------------------------------------


def loudest_hz(sound: Sound) -> float:
    window = sound[:, 0] * np.hanning(len(sound))
    return float(np.argmax(np.abs(np.fft.rfft(window))) * RATE / len(sound))


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.5, 4.0])
@pytest.mark.parametrize("keep_pitch", [False, True])
def test_speed_changes_time_and_pitch_only_if_it_should(speed: float, keep_pitch: bool) -> None:
    if keep_pitch:
        pytest.importorskip("av")
    tone = np.sin(2 * np.pi * 1000 * np.arange(8 * RATE) / RATE).astype(np.float32)
    rig = Rig(FilePlayer(tone, samplerate=RATE, speed=speed, keep_pitch=keep_pitch))
    rig.player.play()
    sound = rig.run(RATE)
    assert rig.player.position == pytest.approx(speed, abs=1 / RATE)
    # A bin of this transform is 1.5 Hz wide.
    assert loudest_hz(sound[8000:40_768]) == pytest.approx(
        1000 if keep_pitch else 1000 * speed, abs=4
    )


def test_speed_can_be_changed_while_it_plays() -> None:
    tone = np.sin(2 * np.pi * 500 * np.arange(20 * RATE) / RATE).astype(np.float32)
    rig = Rig(FilePlayer(tone, samplerate=RATE))
    rig.player.play()
    rig.run(RATE)
    rig.player.speed = 2.0
    until = time.monotonic() + 20
    while rig.player._living()[-1].core.state()["step"] != 2.0:
        assert time.monotonic() < until
        time.sleep(64 / RATE)
        assert np.max(np.abs(np.diff(rig.run(64, wait=False)[:, 0]))) < 0.15
    assert loudest_hz(rig.run(RATE)) == pytest.approx(1000, abs=4)
    assert rig.player.underruns == 0
