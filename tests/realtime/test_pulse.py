# SPDX-License-Identifier: MIT
"""Recording what a PulseAudio null sink plays, from its monitor."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

import tenuto
from support.gil import busy_python
from support.index_content import CHANNEL_STEP, HALF, PERIOD, Content
from support.promoted import chrt
from support.servers import PulseServer, need_program, wait_until

pytestmark = pytest.mark.realtime

LONG = os.environ.get("TENUTO_LONG") == "1"
QUIET_SECONDS, LOADED_SECONDS = (60.0, 60.0) if LONG else (20.0, 12.0)
# Shortest and usual blocks; small ones are where a late wake-up would cost frames first.
BLOCKS = [0, 128]


def index_file(path: Path, seconds: float) -> Path:
    """Raw float32, two channels, coded like the index player's."""
    frames = np.arange(int(seconds * 48_000))
    both = np.stack([frames, frames + CHANNEL_STEP], axis=1) % PERIOD
    ((both - HALF) / HALF).astype(np.float32).tofile(path)
    return path


def record_index(
    folder: Path, pulse: PulseServer, seconds: float, blocksize: int, load: bool
) -> tenuto.Take:
    """Record index codes from the monitor; nothing but what the ledger says may be missing."""
    played = index_file(folder / "index.raw", seconds + 12)
    with (
        pulse.playing(played, 48_000, 2),
        tenuto.Recorder(
            folder / "take.wav", "pulse:t.monitor", blocksize=blocksize, subtype="PCM_24"
        ) as recorder,
    ):
        recorder.start()
        wait_until(lambda: recorder.frames > 0, 8.0, "the first block has come")
        before = recorder.frames
        with busy_python(threads=4 if load else 0, hold_seconds=0.2 if load else 0.0):
            time.sleep(seconds)
        states = recorder.state, recorder.scheduling
        take = recorder.stop()
    assert states[0] == "recording"
    # What the server still held back when it was stopped is not in the file.
    assert take.frames - before > (seconds - 0.3) * take.samplerate
    content = Content.of(take.to_numpy(), take.gaps)
    print(f"{len(content.index)} frames, gaps {take.gaps}, breaks {content.breaks()}")
    ends = {gap.frame + gap.frames for gap in content.gaps}
    assert all(place in ends for place, _ in content.breaks())
    return take


@pytest.mark.parametrize("blocksize", BLOCKS)
def test_quiet_run_has_no_gap_although_the_servers_clock_jumps(
    tmp_path: Path, pulse: PulseServer, blocksize: int
) -> None:
    take = record_index(tmp_path, pulse, QUIET_SECONDS / len(BLOCKS), blocksize, load=False)
    assert take.gaps == ()


def test_run_under_gil_load_is_contiguous_but_for_the_ledger(
    tmp_path: Path, pulse: PulseServer
) -> None:
    record_index(tmp_path, pulse, LOADED_SECONDS, 0, load=True)


def test_devices_lists_the_monitor_and_the_sink(pulse: PulseServer) -> None:
    found = {device.name: device for device in tenuto.devices() if device.backend == "pulse"}
    monitor, sink = found["Monitor of Null Output"], found["Null Output"]
    assert (monitor.in_channels, monitor.out_channels) == (2, 0)
    assert (sink.in_channels, sink.out_channels) == (0, 2)
    assert monitor.samplerates == (48_000,)


def test_impossible_rate_is_refused_with_the_rate_on_offer(pulse: PulseServer) -> None:
    with pytest.raises(tenuto.DeviceError, match=r"cannot run at 96000 Hz; it offers 48000 Hz"):
        tenuto.Recorder(None, "pulse:t.monitor", samplerate=96_000)


def test_audio_thread_is_promoted_and_the_report_is_what_the_kernel_says(
    pulse: PulseServer,
) -> None:
    need_program("chrt", "util-linux")
    with tenuto.Recorder(None, "pulse:t.monitor") as recorder:
        recorder.start()
        wait_until(lambda: recorder.scheduling is not None, 8.0, "the thread has been looked at")
        report = recorder.scheduling
        assert report is not None
        said = chrt(report.tid)
    assert said == (report.policy, report.priority)
    if report.error is not None:
        assert report.remedy
        pytest.skip(f"real-time priority is refused here ({report.error}): run as root")
    assert report.is_realtime
    assert report.via in ("direct", "rtkit")
