# SPDX-License-Identifier: MIT
"""Losses of a device that does not tell its position are found from the clock alone.

What can be promised then: a loss is found if it is longer than half a block (and half a
millisecond), at the block where it happened, with its length right within `LENGTH_ERROR` frames
when callbacks come late by 50 µs in the mean. More jitter than a block raises that bound. What
only comes late is never taken for a loss.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto
from tenuto import _core
from tenuto.testing import VirtualDevice, index_signal
from test_losses import INJECTED, SEED, scattered

JITTER = 50e-6
BLOCK = 128
LENGTH_ERROR = 2  # frames, for one loss
HOURS = 10


def record(path: Path, device: VirtualDevice, frames: int, **options: object) -> tenuto.Take:
    with tenuto.Recorder(path, device, channels=1, **options) as recorder:  # type: ignore[arg-type]
        recorder.start()
        device.step(frames)
        return recorder.stop()


def blind_device(**options: object) -> VirtualDevice:
    return VirtualDevice("index", clocked=False, tells_position=False, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("drift_ppm", [-80, 80])
def test_a_thousand_losses_of_whole_blocks_are_found_at_their_blocks(
    tmp_path: Path, drift_ppm: float
) -> None:
    print(f"seed {SEED}")
    # More than the books' window apart, so that each is a loss of its own.
    script = scattered(random.Random(SEED), INJECTED, (24_000, 48_000), (1, 40), BLOCK)
    end = sum(script[-1]) + 48_000
    device = blind_device(jitter_seconds=JITTER, drift_ppm=drift_ppm, xruns=script, seed=SEED)
    take = record(tmp_path / "take.wav", device, end, blocksize=BLOCK)
    assert len(take.gaps) == INJECTED
    assert {gap.cause for gap in take.gaps} == {"xrun"}
    errors = np.array([g.frames - frames for g, (_, frames) in zip(take.gaps, script, strict=True)])
    print(f"length errors: {dict(zip(*np.unique(errors, return_counts=True), strict=True))}")
    assert np.abs(errors).max() <= LENGTH_ERROR
    assert np.count_nonzero(errors) <= INJECTED // 50
    assert abs(take.frames - end) <= LENGTH_ERROR + INJECTED // 100
    # The samples themselves say that each gap lies exactly between the blocks where it happened.
    sound = take.to_numpy()[:, 0]
    at, begin = 0, 0
    for gap, (place, frames) in zip(take.gaps, script, strict=True):
        assert np.array_equal(sound[at : gap.frame], index_signal(begin, place - begin))
        assert not sound[gap.frame : gap.frame + gap.frames].any()
        at, begin = gap.frame + gap.frames, place + frames
    assert np.array_equal(sound[at:], index_signal(begin, end - begin))


def test_losses_close_together_add_up_to_the_missing_time(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    script = scattered(random.Random(SEED), 300, (1_280, 12_800), (2, 10), BLOCK)
    script = [(at + 48_000, frames) for at, frames in script]
    end = sum(script[-1]) + 48_000
    device = blind_device(jitter_seconds=JITTER, drift_ppm=80, xruns=script, seed=SEED)
    take = record(tmp_path / "take.wav", device, end, blocksize=BLOCK)
    assert abs(take.frames - end) <= 20
    assert abs(take.dropped_frames - sum(frames for _, frames in script)) <= 20


@pytest.mark.parametrize("tells_position", [True, False])
def test_callbacks_that_come_late_and_catch_up_are_no_losses(
    tmp_path: Path, tells_position: bool
) -> None:
    print(f"seed {SEED}")
    # Up to half a second late.
    stalls = scattered(random.Random(SEED), INJECTED, (5_000, 10_000), (1, 190), BLOCK)
    end = sum(stalls[-1]) + 48_000
    device = VirtualDevice(
        "index",
        clocked=False,
        tells_position=tells_position,
        jitter_seconds=JITTER,
        drift_ppm=-80,
        stalls=stalls,
        seed=SEED,
    )
    take = record(tmp_path / "take.wav", device, end, blocksize=BLOCK)
    assert take.gaps == ()
    assert take.frames == end
    assert np.array_equal(take.to_numpy()[:, 0], index_signal(0, end))


@pytest.mark.parametrize("tells_position", [True, False])
@pytest.mark.parametrize("drift_ppm", [0, 100])
@pytest.mark.parametrize(
    ("blocksize", "jitter"),
    [(64, 1e-3), (64, 2e-3), (64, 5e-3), (128, 3e-4), (128, 2e-3), (128, 5e-3), (512, 1e-3)],
)
def test_jitter_alone_invents_no_loss_and_pulls_the_rate_to_no_side(
    blocksize: int, jitter: float, drift_ppm: float, tells_position: bool
) -> None:
    device = VirtualDevice(
        clocked=False,
        tells_position=tells_position,
        drift_ppm=drift_ppm,
        jitter_seconds=jitter,
        seed=SEED,
    )
    with tenuto.Recorder(None, device, channels=1, blocksize=blocksize) as recorder:
        recorder.start()
        device.step(30 * 48_000)
        measured, take = recorder.stats().drift_ppm, recorder.stop()
    assert take.gaps == ()
    # Four sigma of what the loop lets through of white noise (core/rt/books.cpp). Jitter makes
    # blocks hang together, because none can come before the one in front of it: for about twice
    # its mean, so they tell as much as blocks that are longer by that.
    sigma_ppm = 0.026 * jitter * (blocksize / 48_000 + 2 * jitter) ** 0.5 * 1e6
    assert measured == pytest.approx(drift_ppm, abs=4 * sigma_ppm)


def test_a_return_after_an_absence_is_found_from_the_clock(tmp_path: Path) -> None:
    device = blind_device(jitter_seconds=JITTER, drift_ppm=80, unplugs=[(96_000, 50_000)])
    take = record(tmp_path / "take.wav", device, 300_000, blocksize=BLOCK)
    (gap,) = take.gaps
    assert gap.cause == "device-lost"
    assert gap.frame == 96_000
    # One callback's lateness on either side, and 80 ppm of drift over the absence.
    assert abs(gap.frames - 50_000) <= 48
    assert abs(take.frames - 300_000) <= 48


@pytest.mark.slow
@pytest.mark.parametrize("tells_position", [True, False])
def test_ten_simulated_hours_without_a_fault_report_no_loss(
    tmp_path: Path, tells_position: bool
) -> None:
    samplerate = 8_000
    frames = HOURS * 3600 * samplerate
    device = VirtualDevice(
        clocked=False,
        tells_position=tells_position,
        jitter_seconds=JITTER,
        drift_ppm=80,
        seed=SEED,
    )
    # FLAC, because ten hours of silence are small there; a long ring, so that the disk thread
    # works in large pieces.
    path = tmp_path / "take.flac"
    options = {
        "samplerate": samplerate,
        "subtype": "PCM_16",
        "ring_seconds": 600,
        "blocksize": BLOCK,
    }
    take = record(path, device, frames, **options)
    assert take.gaps == ()
    assert take.frames == soundfile.info(str(path)).frames == frames
    assert not path.with_suffix(".tenuto.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("samplerate", "blocksize", "drift_ppm"),
    [(44_100, 64, -80), (48_000, 128, 0), (48_000, 1024, 80), (192_000, 256, -80)],
)
def test_the_books_report_no_loss_in_ten_hours_at_any_rate(
    samplerate: int, blocksize: int, drift_ppm: float
) -> None:
    engine = _core.Engine(0, 0, samplerate, blocksize, 1)  # no channels: only the books work
    device = _core.VirtualDevice(
        engine,
        input="silence",
        source=None,
        blocksize=blocksize,
        tells_position=False,
        drift_ppm=drift_ppm,
        jitter_seconds=JITTER,
        seed=SEED,
        faults=[],
    )
    frames = HOURS * 3600 * samplerate
    assert device.step(frames, None) == frames
    counts = engine.counts()
    assert counts["frames"] == frames
    assert counts["losses"] == 0
    measured_ppm = (counts["true_samplerate"] / samplerate - 1) * 1e6
    assert measured_ppm == pytest.approx(drift_ppm, abs=5)
