# SPDX-License-Identifier: MIT
"""What is lost is reported exactly, and what is not lost is never reported.

The source tells its own frame with every sample, so a recording shows by itself what is missing:
outside the gaps each sample must be the one of its place, inside them there must be silence.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto
from support.faulty_disk import FaultyDisk, drain
from tenuto.testing import VirtualDevice, index_signal

SEED = 20260301
INJECTED = 1000


def scattered(
    generator: random.Random,
    count: int,
    apart: tuple[int, int],
    length: tuple[int, int],
    unit: int = 1,
) -> list[tuple[int, int]]:
    """`count` faults (frame, frames), random in place and length, both multiples of `unit`."""
    faults, at = [], 0
    for _ in range(count):
        at += generator.randint(*apart) // unit * unit
        frames = generator.randint(*length) * unit
        faults.append((at, frames))
        at += frames
    return faults


def places(take: tenuto.Take, cause: str) -> list[tuple[int, int]]:
    assert {gap.cause for gap in take.gaps} <= {cause}
    return [(gap.frame, gap.frames) for gap in take.gaps]


def expect_index_outside_gaps(take: tenuto.Take) -> None:
    expected = index_signal(0, take.frames)
    for gap in take.gaps:
        expected[gap.frame : gap.frame + gap.frames] = 0
    assert np.array_equal(take.to_numpy()[:, 0], expected)


def test_a_thousand_device_losses_of_random_place_and_length_are_reported_exactly(
    tmp_path: Path,
) -> None:
    print(f"seed {SEED}")
    script = scattered(random.Random(SEED), INJECTED, apart=(1, 2000), length=(1, 3000))
    device = VirtualDevice("index", clocked=False, xruns=script)
    end = script[-1][0] + script[-1][1] + 1000
    with tenuto.Recorder(tmp_path / "take.wav", device, channels=1) as recorder:
        recorder.start()
        device.step(end)
        take = recorder.stop()
    assert places(take, "xrun") == script
    assert take.frames == end == device.position
    assert take.dropped_frames == recorder.dropped_frames == sum(frames for _, frames in script)
    assert recorder.xruns == INJECTED
    expect_index_outside_gaps(take)
    assert tuple(tenuto.read_ledger(tmp_path / "take.wav")) == take.gaps


def test_no_reader_of_the_file_ever_finds_silence_that_the_ledger_does_not_tell_of(
    tmp_path: Path,
) -> None:
    """A program may be killed at any moment: what is in the file then, the ledger explains."""
    path = tmp_path / "take.wav"
    script = scattered(random.Random(SEED), 300, apart=(100, 2000), length=(1, 600))
    device = VirtualDevice("index", clocked=False, xruns=script)
    silent_moments = 0
    with tenuto.Recorder(path, device, channels=1, subtype="FLOAT") as recorder:
        recorder.start()
        while device.position < script[-1][0]:
            device.step(256)
            heard = soundfile.read(str(path), dtype="float32")[0]
            told = np.zeros(len(heard), bool)
            for gap in tenuto.read_ledger(path):
                told[gap.frame : gap.frame + gap.frames] = True
            assert not np.any((heard == 0) & ~told)
            silent_moments += bool(np.any(heard == 0))
    assert silent_moments > 100


class RingModel:
    """What a ring of `capacity` frames must lose: whole blocks, and exactly those without room."""

    def __init__(self, capacity: int, blocksize: int) -> None:
        self.capacity, self.blocksize = capacity, blocksize
        self.fill = self.at = 0
        self.gaps: list[tuple[int, int]] = []

    def step(self, frames: int) -> None:
        while frames > 0:
            block = min(frames, self.blocksize)
            if self.fill + block <= self.capacity:
                self.fill += block
            elif self.gaps and sum(self.gaps[-1]) == self.at:
                self.gaps[-1] = (self.gaps[-1][0], self.gaps[-1][1] + block)
            else:
                self.gaps.append((self.at, block))
            self.at += block
            frames -= block


def test_a_thousand_ring_overflows_of_random_place_and_length_are_reported_exactly(
    tmp_path: Path, faulty_disk: FaultyDisk
) -> None:
    print(f"seed {SEED}")
    generator = random.Random(SEED)
    device = VirtualDevice("index", clocked=False)
    options = {"channels": 1, "blocksize": 100, "ring_seconds": 0.02}
    with tenuto.Recorder(tmp_path / "take.wav", device, **options) as recorder:
        recorder.start()
        model = RingModel(recorder._tape.ring_frames, 100)
        while len(model.gaps) < INJECTED:
            faulty_disk.shut()
            for _ in range(generator.randint(1, 3)):
                frames = generator.randint(1, 2 * model.capacity)
                device.step(frames, wait_for_disk=False)
                model.step(frames)
            faulty_disk.open()
            drain(recorder)
            model.fill = 0
        device.step(100)
        model.step(100)
        take = recorder.stop()
    assert places(take, "overflow") == model.gaps
    assert take.frames == model.at == device.position
    assert take.dropped_frames == sum(frames for _, frames in model.gaps)
    expect_index_outside_gaps(take)


def test_device_losses_while_the_ring_overflows_keep_their_places_and_the_total(
    tmp_path: Path, faulty_disk: FaultyDisk
) -> None:
    print(f"seed {SEED}")
    generator = random.Random(SEED)
    script = scattered(generator, INJECTED, apart=(1, 2000), length=(1, 700))
    end = script[-1][0] + script[-1][1] + 1000
    device = VirtualDevice("index", clocked=False, xruns=script)
    with tenuto.Recorder(tmp_path / "take.wav", device, channels=1, ring_seconds=0.02) as recorder:
        recorder.start()
        while device.position < end - 10_000:
            faulty_disk.shut()
            device.step(generator.randint(1, 6000), wait_for_disk=False)
            faulty_disk.open()
            drain(recorder)
        device.step(end - device.position)
        take = recorder.stop()
    assert take.frames == end
    assert {gap.cause for gap in take.gaps} == {"xrun", "overflow"}
    expect_index_outside_gaps(take)
    # Each frame that the device lost lies in a gap, whoever is named as its cause.
    missing = np.zeros(end, bool)
    for gap in take.gaps:
        missing[gap.frame : gap.frame + gap.frames] = True
    assert all(missing[at : at + frames].all() for at, frames in script)
    assert missing.sum() == take.dropped_frames == recorder.dropped_frames


@pytest.mark.parametrize("reconnect", [True, False])
def test_an_unplugged_device_leaves_a_gap_of_its_absence_or_ends_the_take(
    tmp_path: Path, reconnect: bool
) -> None:
    device = VirtualDevice("index", clocked=False, unplugs=[(10_000, 5_000)])
    with tenuto.Recorder(
        tmp_path / "take.wav", device, channels=1, reconnect=reconnect
    ) as recorder:
        recorder.start()
        device.step(12_000)
        assert recorder.state == ("lost" if reconnect else "stopped")
        assert recorder.warning
        if reconnect:
            device.step(8_000)
            assert recorder.state == "recording"
        take = recorder.stop()
    assert take.frames == (20_000 if reconnect else 10_000)
    assert places(take, "device-lost") == ([(10_000, 5_000)] if reconnect else [])
    expect_index_outside_gaps(take)


@pytest.mark.parametrize(
    ("faults", "cause"), [("xruns", "xrun"), ("unplugs", "device-lost")], ids=["xrun", "unplug"]
)
def test_what_is_lost_before_the_first_block_is_a_gap_at_frame_0(
    tmp_path: Path, faults: str, cause: str
) -> None:
    device = VirtualDevice("index", clocked=False, **{faults: [(0, 500), (2_000, 50)]})
    with tenuto.Recorder(tmp_path / "take.wav", device, channels=1) as recorder:
        recorder.start()
        while device.position < 4_800:
            device.step(4_800 - device.position)
        take = recorder.stop()
    assert take.frames == device.position == 4_800
    assert places(take, cause) == [(0, 500), (2_000, 50)]
    expect_index_outside_gaps(take)


def test_a_recording_that_never_saw_its_device_lasts_until_the_stop(tmp_path: Path) -> None:
    device = VirtualDevice("index", clocked=False, unplugs=[(0, 5_000)])
    with tenuto.Recorder(tmp_path / "take.wav", device, channels=1) as recorder:
        recorder.start()
        device.step(3_000)
        take = recorder.stop()
    assert take.frames == device.position == 3_000
    assert places(take, "device-lost") == [(0, 3_000)]


def test_a_recording_that_begins_later_than_its_engine_does_not_count_what_was_lost_before(
    tmp_path: Path,
) -> None:
    device = VirtualDevice("index", clocked=False, xruns=[(0, 500), (2_000, 50)])
    with tenuto.Recorder(tmp_path / "take.wav", device, channels=1) as recorder:
        recorder.start()
        recorder.pause()
        device.step(1_000)
        recorder.resume()
        device.step(1_800)
        take = recorder.stop()
    assert take.frames == 1_800
    assert places(take, "xrun") == [(1_000, 50)]


def test_a_recording_stopped_while_its_device_is_away_lasts_until_the_stop(tmp_path: Path) -> None:
    device = VirtualDevice("index", clocked=False, unplugs=[(10_000, 50_000)])
    with tenuto.Recorder(tmp_path / "take.wav", device, channels=1) as recorder:
        recorder.start()
        device.step(34_567)
        take = recorder.stop()
    assert take.frames == device.position == 34_567
    assert places(take, "device-lost") == [(10_000, 24_567)]
    expect_index_outside_gaps(take)


@pytest.mark.realtime
def test_a_clocked_device_that_is_unplugged_comes_back_by_itself(tmp_path: Path) -> None:
    device = VirtualDevice("index", unplugs=[(9_600, 14_400)])
    with tenuto.Recorder(tmp_path / "take.wav", device, channels=1, seconds=2) as recorder:
        recorder.start()
        states = set()
        while not recorder.wait(0.02):
            states.add(recorder.state)
        take = recorder.stop()
    assert {"recording", "lost"} <= states
    (gap,) = take.gaps
    # It ends when the watchdog finds the device again, at its next look or the one after.
    assert (gap.frame, gap.cause) == (9_600, "device-lost")
    assert 14_400 <= gap.frames <= 14_400 + 48_000
    assert take.frames == 96_000
    expect_index_outside_gaps(take)


def test_pauses_leave_out_exactly_the_frames_of_their_time(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    generator = random.Random(SEED)
    device = VirtualDevice("index", clocked=False, xruns=[(70_000, 100), (250_000, 100)])
    kept = []
    with tenuto.Recorder(tmp_path / "take.wav", device, channels=1) as recorder:
        recorder.start()
        for _ in range(50):
            start = device.position
            device.step(generator.randint(1, 10_000))
            kept.append(index_signal(start, device.position - start))
            for at in (70_000, 250_000):
                kept[-1][max(0, at - start) : max(0, at + 100 - start)] = 0
            recorder.pause()
            assert recorder.state == "paused"
            device.step(generator.randint(1, 10_000))
            recorder.resume()
        take = recorder.stop()
    expected = np.concatenate(kept)
    assert np.array_equal(take.to_numpy()[:, 0], expected)
    # A loss in a pause is none of the recording.
    assert take.dropped_frames == np.count_nonzero(expected == 0) - np.count_nonzero(
        index_signal(0, take.frames) == 0
    )


def test_more_losses_than_can_be_told_while_the_disk_stalls_keep_their_places(
    tmp_path: Path, faulty_disk: FaultyDisk
) -> None:
    # The core keeps 4096 losses for the disk thread; sound behind one more is given up, so that
    # nothing moves from its place.
    script = [(1000 + 20 * n, 5) for n in range(6000)]
    device = VirtualDevice("index", clocked=False, xruns=script)
    with tenuto.Recorder(tmp_path / "take.wav", device, channels=1) as recorder:
        recorder.start()
        faulty_disk.shut()
        device.step(123_000, wait_for_disk=False)
        faulty_disk.open()
        take = recorder.stop()
    assert take.frames == 123_000
    assert len(take.gaps) > 4096
    expect_index_outside_gaps(take)


def test_a_device_that_goes_away_while_the_recording_is_paused_leaves_no_gap() -> None:
    device = VirtualDevice("index", clocked=False, unplugs=[(5000, 3000)])
    with tenuto.Recorder(None, device, channels=1, blocksize=64) as recorder:
        recorder.start()
        device.step(4800)
        recorder.pause()
        device.step(2000)
        take = recorder.stop()
    assert (take.frames, take.gaps) == (4800, ())
