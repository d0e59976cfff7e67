# SPDX-License-Identifier: MIT
"""`kill -9` at any instant leaves a file that every reader opens, and that lacks at most a second.

Each program records a source that tells its own index, so the file also shows that what is there
is the beginning of the recording, to the last bit. What was due at the kill is known from when the
first callback came (the clock is the same for all processes).
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto
from support.readers import agreed_frames
from tenuto.testing import index_signal

SEED = 20260302
KILLS = 52 if os.environ.get("TENUTO_LONG") == "1" else 12
AT_ONCE = 4
RATE = 48_000
MOST_MISSING = 1.0  # seconds

RECORD = """
import sys, time
import tenuto
device = tenuto.testing.VirtualDevice("index")
recorder = tenuto.Recorder(sys.argv[1], device, samplerate=48000, channels=1)
recorder.start()
while not (first := recorder._stream.engine.counts()["first_callback_ns"]):
    time.sleep(0.001)
print(first, flush=True)
time.sleep(60)
"""

LOSE_AND_WAIT = """
import sys, time
sys.path.insert(0, sys.argv[2])
import pytest
import tenuto
from support.faulty_disk import FaultyDisk
is_overflow = sys.argv[3] == "overflow"
disk = FaultyDisk(pytest.MonkeyPatch())
xruns = [] if is_overflow else [(4800, 480)]
device = tenuto.testing.VirtualDevice("index", xruns=xruns)
recorder = tenuto.Recorder(sys.argv[1], device, channels=1, ring_seconds=0.2)
recorder.start()
if is_overflow:
    time.sleep(0.1)
    disk.shut()
    time.sleep(0.5)
    disk.open()
while not recorder.gaps:
    time.sleep(0.001)
print(flush=True)
time.sleep(60)
"""

RunProgram = Callable[..., "subprocess.Popen[str]"]


def first_line(process: subprocess.Popen[str]) -> str:
    """What it prints when it has got so far."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        pytest.fail(f"the program ended: {process.communicate(timeout=30)[1]}")
    return line


def kill(process: subprocess.Popen[str], seconds: float) -> float:
    """Kill it so long after its first callback; returns how many seconds were recorded then."""
    first_ns = int(first_line(process))
    time.sleep(max(0.0, first_ns * 1e-9 + seconds - time.monotonic()))
    at_ns = time.monotonic_ns()
    process.kill()
    process.wait(30)
    return (at_ns - first_ns) * 1e-9


@pytest.mark.slow
@pytest.mark.realtime
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_killed_recording_opens_in_every_reader_and_lacks_at_most_a_second(
    tmp_path: Path, run_program: RunProgram, suffix: str
) -> None:
    print(f"seed {SEED}")
    generator = random.Random(SEED)
    missing = []
    for first in range(0, KILLS, AT_ONCE):
        paths = [tmp_path / f"{number}{suffix}" for number in range(first, first + AT_ONCE)]
        programs = [run_program(RECORD, str(path)) for path in paths]
        instants = sorted(generator.uniform(0.05, 2.5) for _ in paths)
        for path, program, seconds in zip(paths, programs, instants, strict=True):
            recorded = kill(program, seconds)
            frames = frames_in(path)
            missing.append(recorded - frames / RATE)
    missing.sort()
    print(f"{suffix}: missing after kill -9, in ms:", *(f"{1000 * s:.0f}" for s in missing))
    assert missing[-1] <= MOST_MISSING
    assert missing[0] > -0.05, "more in the file than was recorded: the measurement is wrong"


def frames_in(path: Path) -> int:
    """How long all readers agree that it is; checks that it is the recording's beginning."""
    if path.suffix == ".flac" and path.stat().st_size < 1_000:
        return 0  # killed before the first FLAC block: a header, which says "length unknown"
    frames = agreed_frames(path)
    sound, _ = soundfile.read(str(path), dtype="float32")
    assert np.array_equal(sound, index_signal(0, frames))
    return frames


@pytest.mark.realtime
@pytest.mark.parametrize("cause", ["xrun", "overflow"])
def test_the_ledger_of_a_killed_recording_is_there_and_tells_of_the_gap(
    tmp_path: Path, run_program: RunProgram, cause: str
) -> None:
    path = tmp_path / "take.wav"
    program = run_program(LOSE_AND_WAIT, str(path), str(Path(__file__).parent), cause)
    first_line(program)
    time.sleep(1)  # the promise is a second
    program.kill()
    program.wait(30)
    gaps = tenuto.read_ledger(path)
    assert {gap.cause for gap in gaps} == {cause}
    if cause == "xrun":
        assert [(gap.frame, gap.frames) for gap in gaps] == [(4_800, 480)]
    frames = agreed_frames(path)
    assert frames > 24_000
    expected = index_signal(0, frames)
    for gap in gaps:
        expected[gap.frame : gap.frame + gap.frames] = 0
    assert np.array_equal(soundfile.read(str(path), dtype="float32")[0], expected)
    assert sorted(left.name for left in tmp_path.iterdir()) == ["take.tenuto.json", "take.wav"]
