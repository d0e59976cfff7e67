# SPDX-License-Identifier: MIT
"""Recorder, record and Take as a user meets them, on virtual devices."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto
from tenuto.testing import VirtualDevice, index_signal

FORMATS = {
    "take.wav": ("WAV", "PCM_24"),
    "take.rf64": ("RF64", "PCM_24"),
    "take.w64": ("W64", "PCM_24"),
    "take.flac": ("FLAC", "PCM_24"),
    "take.aiff": ("AIFF", "PCM_24"),
    "take.caf": ("CAF", "PCM_24"),
    "take.ogg": ("OGG", "VORBIS"),
    "take.opus": ("OGG", "OPUS"),
    "take.mp3": ("MP3", "MPEG_LAYER_III"),
}


def stepped(path: Path | None, frames: int, **options: object) -> tenuto.Take:
    device = VirtualDevice("index", clocked=False)
    with tenuto.Recorder(path, device, **options) as rec:  # type: ignore[arg-type]
        rec.start()
        device.step(frames)
        return rec.stop()


def test_what_comes_in_is_in_the_file_bit_for_bit(tmp_path: Path) -> None:
    take = stepped(tmp_path / "take.wav", 100_000, channels=3)
    expected = np.tile(index_signal(0, 100_000)[:, np.newaxis], (1, 3))
    assert np.array_equal(take.to_numpy(), expected)
    assert take.gaps == () and take.dropped_frames == 0
    assert take.seconds == 100_000 / 48_000


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_converter_integers_survive_in_every_subtype_that_holds_them(
    tmp_path: Path, subtype: str
) -> None:
    codes = np.arange(-32768, 32768)
    device = VirtualDevice((codes / 32768).astype(np.float32), clocked=False)
    with tenuto.Recorder(tmp_path / "x.wav", device, channels=1, subtype=subtype) as rec:
        rec.start()
        device.step(len(codes))
        rec.stop()
    back, _ = soundfile.read(tmp_path / "x.wav", dtype="float64")
    assert np.array_equal(back * 32768, codes)


@pytest.mark.parametrize("name", FORMATS)
def test_suffix_chooses_the_format(tmp_path: Path, name: str) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
    device = VirtualDevice(tone, clocked=False)
    with tenuto.Recorder(tmp_path / name, device, channels=1) as rec:
        rec.start()
        device.step(48_000)
        take = rec.stop()
    about = soundfile.info(tmp_path / name)
    assert (about.format, about.subtype) == FORMATS[name]
    assert take.frames == 48_000
    lossless = FORMATS[name][1].startswith("PCM")
    assert about.frames == 48_000 or (not lossless and about.frames >= 48_000)
    back = take.to_numpy()[:48_000, 0]
    if lossless:
        # Half a step of 24 bits, and half a step of the float32 that carried it there.
        assert np.max(np.abs(back - tone)) <= 2**-24 + 2**-26
    else:
        assert abs(np.std(back) - np.std(tone)) < 0.01


def test_format_and_subtype_can_be_named(tmp_path: Path) -> None:
    stepped(tmp_path / "take.bin", 1000, format="flac", subtype="pcm_16")
    about = soundfile.info(tmp_path / "take.bin")
    assert (about.format, about.subtype) == ("FLAC", "PCM_16")


def test_memory_can_be_read_while_it_records() -> None:
    device = VirtualDevice("index", clocked=False)
    with tenuto.Recorder(None, device, channels=1) as rec:
        assert rec.buffer.shape == (0, 1)
        rec.start()
        device.step(1000)
        while len(rec.buffer) < 1000:
            pass
        assert np.array_equal(rec.buffer[:, 0], index_signal(0, 1000))
        device.step(200_000)
        take = rec.stop()
    assert np.array_equal(take.to_numpy()[:, 0], index_signal(0, 201_000))


def test_buffer_holds_all_that_was_recorded_when_it_was_asked_for() -> None:
    device = VirtualDevice("index", clocked=False)
    with tenuto.Recorder(None, device, channels=1) as recorder:
        recorder.start()
        for frames in (4_800, 9_600, 14_400):
            device.step(4_800)
            assert (recorder.buffer[:, 0] == index_signal(0, frames)).all()
            assert len(recorder.buffer) == frames


def test_takes_in_memory_can_be_compared_hashed_and_shown() -> None:
    one, other = stepped(None, 4_800), stepped(None, 4_800)
    assert one == other and hash(one) == hash(other)
    assert one != stepped(None, 480)
    assert "array" not in repr(one)


def test_buffer_of_a_file_recording_says_where_the_sound_is(tmp_path: Path) -> None:
    with (
        tenuto.Recorder(tmp_path / "x.wav", "virtual") as rec,
        pytest.raises(tenuto.TenutoError, match=r"x\.wav"),
    ):
        _ = rec.buffer


def test_states_follow_what_is_done() -> None:
    device = VirtualDevice("index", clocked=False)
    rec = tenuto.Recorder(None, device, channels=1)
    seen = [rec.state]
    rec.start()
    seen.append(rec.state)
    device.step(1000)
    rec.pause()
    seen.append(rec.state)
    device.step(500)
    rec.resume()
    device.step(1000)
    take = rec.stop()
    seen.append(rec.state)
    assert seen == ["idle", "recording", "paused", "stopped"]
    assert take.frames == 2000 and rec.frames == 2000
    assert rec.stop() is take
    expected = np.concatenate([index_signal(0, 1000), index_signal(1500, 1000)])
    assert np.array_equal(take.to_numpy()[:, 0], expected)


def test_seconds_end_a_recording_at_the_exact_frame(tmp_path: Path) -> None:
    take = tenuto.record(tmp_path / "x.wav", 0.2501, device="virtual", samplerate=44_100)
    assert take.frames == round(0.2501 * 44_100)
    assert soundfile.info(tmp_path / "x.wav").frames == take.frames


def test_virtual_path_feeds_the_file_from_its_first_frame(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    played = (rng.integers(-(2**23), 2**23, (9600, 2)) / 2**23).astype(np.float32)
    soundfile.write(tmp_path / "in.wav", played, 48_000, subtype="PCM_24")
    take = tenuto.record(tmp_path / "out.wav", 0.3, device=f"virtual:{tmp_path / 'in.wav'}")
    recorded = take.to_numpy()
    assert np.array_equal(recorded[:9600], played)
    assert not recorded[9600:].any()


def test_virtual_path_of_another_rate_is_converted(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(44_100) / 44_100)
    soundfile.write(tmp_path / "in.wav", tone, 44_100, subtype="FLOAT")
    take = tenuto.record(None, 0.5, device=f"virtual:{tmp_path / 'in.wav'}", channels=1)
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(24_000) / 48_000)
    # VHQ keeps 0.91 of the band within 0.0001 dB; the edges ring.
    assert np.max(np.abs(take.to_numpy()[500:-500, 0] - expected[500:-500])) < 1e-4


def test_loopback_hears_the_output_one_block_later() -> None:
    # A loop with gain: what is played comes in again 64 frames later, half as loud.
    device = VirtualDevice("loopback", clocked=False)
    options = {"monitor": "input", "monitor_gain_db": -6.0, "blocksize": 64, "channels": 1}
    with tenuto.Recorder(None, device, **options) as rec:  # type: ignore[arg-type]
        rec.start()
        device.step(6400)
        assert not rec.stop().to_numpy().any()


def test_what_is_not_finite_is_recorded_as_it_came_and_counted_but_not_metered_or_heard() -> None:
    sound = np.full((9_600, 2), 0.25, np.float32)
    sound[[1_000, 2_000, 3_000], [0, 0, 1]] = np.nan, np.inf, -np.inf
    device = VirtualDevice(sound, clocked=False)
    with tenuto.Recorder(None, device, channels=2, monitor="input") as rec:
        rec.start()
        device.step(9_600)
        levels, stats = rec.levels, rec.stats()
        take = rec.stop()
    assert np.array_equal(take.to_numpy(), sound, equal_nan=True)
    assert stats.not_finite == 3
    for channel in levels:
        assert channel.peak_db == pytest.approx(20 * np.log10(0.25), abs=1e-5)
        assert channel.since_start.rms_db == pytest.approx(20 * np.log10(0.25), abs=0.01)
        assert channel.clipped == 0


def test_levels_agree_with_numpy() -> None:
    rng = np.random.default_rng(2)
    noise = rng.uniform(-0.5, 0.5, (96_000, 2)).astype(np.float32)
    noise[100, 1] = -1.0
    device = VirtualDevice(noise, clocked=False)
    with tenuto.Recorder(None, device, channels=2) as rec:
        assert rec.levels[0].rms_db == -math.inf
        rec.start()
        device.step(96_000)
        left, right = rec.levels
        rec.stop()
    assert left.peak_db == pytest.approx(20 * np.log10(np.abs(noise[:, 0]).max()), abs=1e-5)
    assert right.since_start.peak_db == 0.0 and right.clipped == 1 and left.clipped == 0
    overall = 10 * np.log10(np.mean(noise[:, 0].astype(float) ** 2))
    assert left.since_start.rms_db == pytest.approx(overall, abs=1e-5)
    a = 1 - np.exp(-1 / (0.3 * 48_000))
    weights = a * (1 - a) ** np.arange(96_000)[::-1]
    expected = 10 * np.log10(np.sum(weights * noise[:, 0].astype(float) ** 2))
    assert left.rms_db == pytest.approx(expected, abs=1e-6)


def test_channels_are_selected_counted_from_one() -> None:
    source = np.tile(np.array([0.125, 0.25, 0.5, 0.75], np.float32), (1000, 1))
    device = VirtualDevice(source, clocked=False)
    with tenuto.Recorder(None, device, channels=[4, 1]) as rec:
        rec.start()
        device.step(1000)
        take = rec.stop()
    assert take.to_numpy()[0].tolist() == [0.75, 0.125]


def test_ledger_beside_the_file_says_what_the_take_says(tmp_path: Path) -> None:
    device = VirtualDevice("index", clocked=False, xruns=[(500, 10), (700, 20)])
    with tenuto.Recorder(tmp_path / "x.flac", device, channels=1) as rec:
        rec.start()
        device.step(5000)
        take = rec.stop()
    assert [(gap.frame, gap.frames, gap.cause) for gap in take.gaps] == [
        (500, 10, "xrun"),
        (700, 20, "xrun"),
    ]
    assert tuple(tenuto.read_ledger(tmp_path / "x.flac")) == take.gaps
    content = json.loads((tmp_path / "x.tenuto.json").read_text())
    assert content["samplerate"] == 48_000
    assert rec.xruns == 2 and rec.dropped_frames == 30 and take.dropped_frames == 30


def test_complete_recording_has_no_ledger(tmp_path: Path) -> None:
    stepped(tmp_path / "x.wav", 1000)
    assert [path.name for path in tmp_path.iterdir()] == ["x.wav"]


def test_statistics_count_what_ran() -> None:
    device = VirtualDevice("index", clocked=False, xruns=[(1280, 128)])
    with tenuto.Recorder(None, device, channels=1) as rec:
        rec.start()
        device.step(12_800)
        rec.stop()
        stats = rec.stats()
    assert stats.callbacks == 99 and stats.frames == 12_672
    assert stats.xruns == 1 and stats.lost_frames == 128
    assert sum(stats.histogram.values()) == 99
    assert 0 < stats.load.median <= stats.load.p99 <= stats.load.max


def test_drift_of_the_device_is_measured() -> None:
    device = VirtualDevice("silence", clocked=False, drift_ppm=73, jitter_seconds=50e-6)
    with tenuto.Recorder(None, device, channels=1) as rec:
        rec.start()
        device.step(48_000 * 120)
        assert rec.stats().drift_ppm == pytest.approx(73, abs=3)


@pytest.mark.realtime
def test_scheduling_is_known_right_after_the_start() -> None:
    with tenuto.Recorder(None, "virtual", realtime=False) as rec:
        assert rec.scheduling is None
        rec.start()
        assert rec.scheduling is not None and rec.scheduling.via == "off"


@pytest.mark.realtime
def test_recordings_of_several_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    takes: list[tenuto.Take] = []

    def run(number: int) -> None:
        path = tmp_path / f"{number}.wav"
        takes.append(tenuto.record(path, 0.5, device=VirtualDevice("index"), channels=1))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(takes) == 6
    for take in takes:
        assert np.array_equal(take.to_numpy()[:, 0], index_signal(0, 24_000))


# -- where the file is ---------------------------------------------------------------------------


def test_a_program_that_changes_its_folder_leaves_file_and_ledger_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    device = VirtualDevice("index", clocked=False, xruns=[(2_000, 100)])
    with tenuto.Recorder("a.wav", device, channels=1) as recorder:
        recorder.start()
        monkeypatch.chdir(tmp_path / "there")
        device.step(4_800)
        take = recorder.stop()
    assert take.path == recorder.path == Path("a.wav")
    assert len(take.to_numpy()) == 4_800
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == ["a.tenuto.json", "a.wav"]
    assert not list((tmp_path / "there").iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="names are text on this system")
def test_a_name_that_is_no_text_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"bad\xff.wav")
    device = VirtualDevice("index", clocked=False, xruns=[(2_000, 100)])
    with tenuto.Recorder(path, device, channels=1) as recorder:
        recorder.start()
        device.step(4_800)
        take = recorder.stop()
    assert len(take.to_numpy()) == 4_800
    assert len(tenuto.read_ledger(path)) == 1
    again = tenuto.record(seconds=0.1, device=f"virtual:{path}", channels=1)
    assert (again.to_numpy() == take.to_numpy()).all()


def test_a_track_that_cannot_be_made_leaves_neither_file_nor_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[int] = []
    really_close = os.close

    def close(descriptor: int) -> None:
        closed.append(descriptor)
        really_close(descriptor)

    monkeypatch.setattr(os, "close", close)
    recorder = tenuto.Recorder(tmp_path / "a.wav", VirtualDevice(clocked=False))
    monkeypatch.setattr("tenuto._core.file_track", lambda *_: {}["on purpose"])
    with pytest.raises(KeyError, match="on purpose"):
        recorder.start()
    assert len(closed) == 1
    assert not list(tmp_path.iterdir())
    recorder.close()
