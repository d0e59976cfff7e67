# SPDX-License-Identifier: MIT
"""A disk that is full, read-only, broken or slow: nothing is lost that could be kept."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto
from support.faults import MountDisk
from support.faulty_disk import FaultyDisk, drain
from support.readers import agreed_frames
from support.servers import need_program
from tenuto import _sndfile
from tenuto.testing import VirtualDevice, index_signal

MEBIBYTE = 2**20
WAV_HEADER = 44


def stepped(**options: object) -> VirtualDevice:
    return VirtualDevice("index", clocked=False, **options)  # type: ignore[arg-type]


def spans(gaps: Iterable[tenuto.Gap]) -> list[tuple[int, int]]:
    return [(gap.frame, gap.frames) for gap in gaps]


# -- full ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channels", "subtype", "frame_bytes"), [(1, "PCM_24", 3), (7, "PCM_24", 21), (2, "PCM_16", 4)]
)
def test_a_full_disk_ends_a_wav_file_with_the_last_frame_that_fits(
    mount_disk: MountDisk, channels: int, subtype: str, frame_bytes: int
) -> None:
    path = mount_disk("2m") / "take.wav"
    device = stepped()
    recorder = tenuto.Recorder(path, device, channels=channels, subtype=subtype)
    recorder.start()
    device.step(1_000_000)
    assert recorder.wait(10), "the failure was not noticed"
    assert recorder.state == "failed"
    with pytest.raises(tenuto.FileError, match=r"No space left on device.*valid up to there"):
        recorder.stop()
    fits = (2 * MEBIBYTE - WAV_HEADER) // frame_bytes
    assert agreed_frames(path) == fits == recorder.frames == recorder.written_frames
    assert path.stat().st_size == WAV_HEADER + fits * frame_bytes, "a piece of a frame is left"
    sound, _ = soundfile.read(str(path), dtype="float32", always_2d=True)
    exact = index_signal(0, fits) if subtype == "PCM_24" else sound[:, 0]
    assert np.array_equal(sound, np.repeat(exact[:, np.newaxis], channels, axis=1))
    assert np.abs(sound[:, 0] - index_signal(0, fits)).max() < 2**-15


def test_a_full_disk_ends_a_flac_file_with_the_last_block_that_fits(mount_disk: MountDisk) -> None:
    need_program("flac", "flac")
    path = mount_disk("2m") / "take.flac"
    noise = np.random.default_rng(1).integers(-(2**23), 2**23, 1_000_000) / 2.0**23  # does not pack
    device = VirtualDevice(noise, clocked=False)
    recorder = tenuto.Recorder(path, device, channels=1)
    recorder.start()
    device.step(1_000_000)
    assert recorder.wait(10), "the failure was not noticed"
    assert recorder.state == "failed"
    with pytest.raises(tenuto.FileError, match="No space left on device"):
        recorder.stop()
    frames = agreed_frames(path)
    assert frames * 3 > 2 * MEBIBYTE - 3 * 4 * 4096, "more than a few blocks are missing"
    sound, _ = soundfile.read(str(path), dtype="float32")
    assert np.array_equal(sound, noise[:frames].astype(np.float32))
    decoded = subprocess.run(["flac", "-d", "-c", "-s", str(path)], capture_output=True, timeout=60)
    assert len(decoded.stdout) >= frames * 3


@pytest.mark.realtime
@pytest.mark.parametrize(
    ("format", "subtype"),
    [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None), ("CAF", "ALAC_24")],
)
def test_a_full_disk_is_noticed_behind_an_encoder_too(
    mount_disk: MountDisk, format: str, subtype: str | None
) -> None:
    path = mount_disk("100k") / "take"
    noise = np.random.default_rng(5).uniform(-0.5, 0.5, 20 * 48_000)
    device = VirtualDevice(noise, clocked=False)
    recorder = tenuto.Recorder(path, device, channels=1, format=format, subtype=subtype)
    recorder.start()
    device.step(20 * 48_000)
    with pytest.raises(tenuto.FileError, match="No space left"):
        recorder.stop()
    assert recorder.state == "failed"
    assert soundfile.info(str(path)).frames > 20_000


def test_a_full_disk_ends_one_recording_by_itself_and_leaves_the_others_alone(
    mount_disk: MountDisk, tmp_path: Path
) -> None:
    full = tenuto.Recorder(mount_disk("256k") / "a.wav", VirtualDevice("index"), channels=1)
    other = tenuto.Recorder(tmp_path / "b.wav", VirtualDevice("index"), channels=1, seconds=2.5)
    full.start()
    other.start()
    assert full.wait(10), "the failure was not noticed"
    assert full.state == "failed"
    assert "No space left" in (full.warning or "")
    assert other.state == "recording"
    assert other.wait(10)
    assert np.array_equal(other.stop().to_numpy()[:, 0], index_signal(0, 120_000))
    full.close()
    assert agreed_frames(full.path or Path()) == (MEBIBYTE // 4 - WAV_HEADER) // 3


def test_a_disk_with_little_room_is_warned_about_before_it_is_full(mount_disk: MountDisk) -> None:
    device = stepped()
    path = mount_disk("8m") / "take.wav"
    with tenuto.Recorder(path, device, channels=1) as recorder:
        recorder.start()
        until = time.monotonic() + 10
        while recorder.space_seconds is None and time.monotonic() < until:
            device.step(480)
            time.sleep(0.01)
        assert recorder.space_seconds is not None
        free = os.statvfs(path.parent).f_bavail * os.statvfs(path.parent).f_frsize
        assert recorder.space_seconds == pytest.approx(free / 144_000, rel=0.1)
        assert "there is room for only" in (recorder.warning or "")
        assert recorder.state == "recording"


def test_the_one_liner_raises_when_the_disk_is_full(mount_disk: MountDisk) -> None:
    folder = mount_disk("128k")
    with pytest.raises(tenuto.FileError, match="No space left on device"):
        tenuto.record(folder / "take.wav", 30, device="virtual", channels=2)
    assert agreed_frames(folder / "take.wav") == (MEBIBYTE // 8 - WAV_HEADER) // 6


def test_a_format_that_can_hold_no_more_ends_the_recording_before_its_header_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A WAV file ends at 4 GiB; a smaller limit stands for it here.
    choose = _sndfile.format_for
    monkeypatch.setattr(
        _sndfile, "format_for", lambda *asked: replace(choose(*asked), most_bytes=100_000)
    )
    device = stepped()
    recorder = tenuto.Recorder(tmp_path / "take.wav", device, channels=1)
    recorder.start()
    device.step(48_000)
    assert recorder.wait(10)
    with pytest.raises(tenuto.FileError, match="the file format holds no more"):
        recorder.stop()
    assert 30_000 < agreed_frames(tmp_path / "take.wav") <= (100_000 - WAV_HEADER) // 3


# The file takes (2 MiB - header) / 6 = 349 517 frames without a ledger.
@pytest.mark.parametrize(
    "xruns",
    [
        [(1_000, 100), (5_000, 7)],  # all is written at once: full before the first ledger is
        [(340_000, 400_000)],
        [(100_000, 50), (340_000, 400_000)],
        [(1_000 + 600 * n, 100) for n in range(1_000)],  # a ledger of 80 KB
    ],
    ids=["early", "inside", "early and inside", "many"],
)
@pytest.mark.parametrize("piece", [4_800, 1_000_000])
def test_a_disk_that_is_full_has_room_for_the_ledger_which_tells_of_what_is_in_the_file(
    mount_disk: MountDisk, xruns: list[tuple[int, int]], piece: int
) -> None:
    path = mount_disk("2m") / "take.wav"
    device = stepped(xruns=xruns)
    recorder = tenuto.Recorder(path, device, channels=2)
    recorder.start()
    while device.position < 1_000_000:
        device.step(piece)
    assert recorder.wait(10), "the failure was not noticed"
    lost = recorder.dropped_frames
    assert recorder.frames == agreed_frames(path)
    with pytest.raises(tenuto.FileError, match=r": No space left on device\. The file is valid"):
        recorder.stop()
    frames = agreed_frames(path)
    assert 325_000 < frames == recorder.frames == recorder.written_frames
    expected = [(at, min(count, frames - at)) for at, count in xruns if at < frames]
    assert spans(recorder.gaps) == expected == spans(tenuto.read_ledger(path))
    assert recorder.dropped_frames == sum(count for _, count in expected) == lost
    sound = index_signal(0, frames)
    for at, count in expected:
        sound[at : at + count] = 0
    assert np.array_equal(soundfile.read(str(path), dtype="float32")[0][:, 0], sound)
    assert sorted(path.parent.iterdir()) == [path.with_suffix(".tenuto.json"), path]


def test_a_ledger_written_while_its_gap_is_filled_is_put_right_on_a_disk_without_room(
    mount_disk: MountDisk, faulty_disk: FaultyDisk
) -> None:
    path = mount_disk("2m") / "take.wav"
    device = stepped(xruns=[(250_000, 400_000)])
    recorder = tenuto.Recorder(path, device, channels=2)
    recorder.start()
    device.step(250_000)
    drain(recorder)
    faulty_disk.stall(0.5)  # so that the next look at the ledger comes within the gap
    device.step(650_000)
    assert recorder.wait(10), "the failure was not noticed"
    with pytest.raises(tenuto.FileError, match=r": No space left on device\. The file is valid"):
        recorder.stop()
    assert spans(recorder.gaps) == [(250_000, agreed_frames(path) - 250_000)]
    assert spans(tenuto.read_ledger(path)) == spans(recorder.gaps)
    assert sorted(path.parent.iterdir()) == [path.with_suffix(".tenuto.json"), path]


def test_a_disk_that_is_full_before_a_gap_ends_the_file_there_without_a_ledger(
    mount_disk: MountDisk,
) -> None:
    path = mount_disk("2m") / "take.wav"
    # The header moves the end of this just into the last page of the disk.
    frames = (2 * MEBIBYTE - 4096) // 6
    device = stepped(xruns=[(frames, 100)])
    recorder = tenuto.Recorder(path, device, channels=2)
    recorder.start()
    device.step(500_000)
    assert recorder.wait(10), "the failure was not noticed"
    with pytest.raises(tenuto.FileError, match="No space left on device"):
        recorder.stop()
    assert agreed_frames(path) == recorder.frames == frames
    assert recorder.gaps == ()
    assert recorder.dropped_frames == 0
    assert sorted(path.parent.iterdir()) == [path]


# -- broken --------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [errno.EROFS, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_disk_that_refuses_to_write_ends_the_recording_with_its_reason(
    tmp_path: Path, faulty_disk: FaultyDisk, error: int, suffix: str
) -> None:
    # A kernel turns a broken disk read-only under an open file; a mount cannot be asked to.
    device = stepped()
    path = tmp_path / f"take{suffix}"
    recorder = tenuto.Recorder(path, device, channels=1)
    recorder.start()
    device.step(48_000)
    drain(recorder)
    faulty_disk.error = error
    device.step(48_000)
    assert recorder.wait(10)
    assert recorder.state == "failed"
    with pytest.raises(tenuto.FileError, match=os.strerror(error)):
        recorder.stop()
    assert recorder.frames == 48_000
    frames = agreed_frames(path)
    assert frames == 48_000
    assert np.array_equal(soundfile.read(str(path), dtype="float32")[0], index_signal(0, frames))


def test_leaving_the_block_raises_what_stop_would_have_raised(
    tmp_path: Path, faulty_disk: FaultyDisk
) -> None:
    device = stepped()
    with (
        pytest.raises(tenuto.FileError, match="Input/output error"),
        tenuto.Recorder(tmp_path / "take.wav", device, channels=1) as recorder,
    ):
        recorder.start()
        faulty_disk.error = errno.EIO
        device.step(48_000)


def test_a_folder_that_takes_no_more_files_ends_with_an_error_that_names_the_ledger(
    mount_disk: MountDisk,
) -> None:
    folder = mount_disk("8m", "rw,nr_inodes=2")  # the folder itself and one file
    device = stepped(xruns=[(1_000, 100)])
    recorder = tenuto.Recorder(folder / "take.wav", device, channels=1)
    recorder.start()
    device.step(48_000)
    with pytest.raises(tenuto.FileError, match=r"the ledger .* not be written: No space left"):
        recorder.stop()
    assert spans(recorder.gaps) == [(1_000, 100)]
    assert recorder.frames == agreed_frames(folder / "take.wav") == 48_000
    assert sorted(folder.iterdir()) == [folder / "take.wav"]


# -- slow ----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.realtime
def test_a_disk_that_stalls_for_five_seconds_costs_nothing_but_the_budget(
    tmp_path: Path, faulty_disk: FaultyDisk
) -> None:
    device = VirtualDevice("index")
    options = {"samplerate": 44_100, "channels": 1, "ring_seconds": 5.9}
    with tenuto.Recorder(tmp_path / "take.wav", device, **options) as recorder:  # type: ignore[arg-type]
        recorder.start()
        at_rest = recorder.stall_budget
        assert at_rest == pytest.approx(5.94, abs=0.2)
        faulty_disk.stall(5)
        assert faulty_disk.is_waiting.wait(5)
        begin = time.monotonic()
        lowest, warnings = at_rest, set()
        while time.monotonic() - begin < 6:
            lowest = min(lowest, recorder.stall_budget)
            if "the disk is slow" in (recorder.warning or ""):
                warnings.add(time.monotonic() - begin)
            time.sleep(0.05)
        assert recorder.stall_budget > at_rest - 0.3, "the ring was not emptied afterwards"
        assert recorder.warning is None
        take = recorder.stop()
    assert faulty_disk.stalled_seconds >= 5
    assert lowest == pytest.approx(at_rest - 5, abs=0.3)
    assert warnings
    assert 2 < min(warnings) < 4, "it should warn when half of the budget is used"
    assert take.gaps == ()
    assert take.frames > 5 * 44_100
    assert np.array_equal(take.to_numpy()[:, 0], index_signal(0, take.frames))


@pytest.mark.realtime
def test_a_ring_that_overflows_on_a_clock_leaves_its_gap_in_place(
    tmp_path: Path, faulty_disk: FaultyDisk
) -> None:
    device = VirtualDevice("index")
    with tenuto.Recorder(tmp_path / "take.wav", device, channels=1, ring_seconds=0.1) as recorder:
        recorder.start()
        time.sleep(0.3)
        faulty_disk.shut()
        time.sleep(0.5)
        assert recorder.dropped_frames > 0
        faulty_disk.open()
        time.sleep(0.5)
        take = recorder.stop()
    assert {gap.cause for gap in take.gaps} == {"overflow"}
    assert 0.2 * 48_000 < take.dropped_frames == recorder.dropped_frames < 48_000
    expected = index_signal(0, take.frames)
    for gap in take.gaps:
        expected[gap.frame : gap.frame + gap.frames] = 0
    assert np.array_equal(take.to_numpy()[:, 0], expected)
    assert tuple(tenuto.read_ledger(tmp_path / "take.wav")) == take.gaps
