# SPDX-License-Identifier: MIT
"""However a recording or its program ends, the file is complete."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto
from support.readers import agreed_frames
from tenuto.testing import VirtualDevice, index_signal

RunProgram = Callable[..., "subprocess.Popen[str]"]


def stepped(**options: object) -> VirtualDevice:
    return VirtualDevice("index", clocked=False, **options)  # type: ignore[arg-type]


# -- states --------------------------------------------------------------------------------------


def test_the_states_follow_each_other_as_they_are_named(tmp_path: Path) -> None:
    device = stepped()
    recorder = tenuto.Recorder(tmp_path / "take.wav", device, channels=1)
    seen = [recorder.state]
    for act in (recorder.start, recorder.pause, recorder.resume, recorder.stop):
        act()
        device.step(100) if recorder.state != "stopped" else None
        seen.append(recorder.state)
    assert seen == ["idle", "recording", "paused", "recording", "stopped"]
    assert recorder.frames == 200


def test_a_recording_can_be_started_only_once(tmp_path: Path) -> None:
    recorder = tenuto.Recorder(tmp_path / "take.wav", stepped(), channels=1)
    recorder.start()
    with pytest.raises(tenuto.TenutoError, match="is recording: it can be started only once"):
        recorder.start()
    recorder.stop()
    with pytest.raises(tenuto.TenutoError, match="is stopped: it can be started only once"):
        recorder.start()


def test_pause_and_resume_are_refused_in_the_wrong_state(tmp_path: Path) -> None:
    device = stepped()
    recorder = tenuto.Recorder(tmp_path / "take.wav", device, channels=1)
    for act in (recorder.pause, recorder.resume):
        with pytest.raises(tenuto.TenutoError, match="is idle"):
            act()
    recorder.start()
    with pytest.raises(tenuto.TenutoError, match="is recording, not paused"):
        recorder.resume()
    recorder.pause()
    with pytest.raises(tenuto.TenutoError, match="is paused, not recording"):
        recorder.pause()
    take = recorder.stop()
    for act in (recorder.pause, recorder.resume):
        with pytest.raises(tenuto.TenutoError, match="is stopped"):
            act()
    assert take.frames == 0


def test_stopping_twice_gives_the_same_take(tmp_path: Path) -> None:
    recorder = tenuto.Recorder(tmp_path / "take.wav", stepped(), channels=1)
    recorder.start()
    assert recorder.stop() is recorder.stop()


@pytest.mark.parametrize("start", [True, False])
def test_a_recording_stopped_before_its_first_frame_is_an_empty_file(
    tmp_path: Path, start: bool
) -> None:
    path = tmp_path / "take.wav"
    recorder = tenuto.Recorder(path, stepped(), channels=1)
    if start:
        recorder.start()
    take = recorder.stop()
    assert take.frames == soundfile.info(str(path)).frames == 0
    assert take.gaps == ()
    assert take.to_numpy().shape == (0, 1)


def test_a_recorder_that_was_never_started_leaves_nothing_behind(tmp_path: Path) -> None:
    with tenuto.Recorder(tmp_path / "take.wav", stepped(), channels=1):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_recorder_that_was_closed_unused_says_so_when_it_is_stopped(tmp_path: Path) -> None:
    with tenuto.Recorder(tmp_path / "take.wav", stepped()) as recorder:
        pass
    with pytest.raises(tenuto.TenutoError, match="closed before it was started"):
        recorder.stop()


@pytest.mark.timeout(30)
def test_waiting_for_what_was_not_started_is_an_error(tmp_path: Path) -> None:
    with tenuto.Recorder(tmp_path / "take.wav", stepped()) as recorder:
        with pytest.raises(tenuto.TenutoError, match="not started"):
            recorder.wait()
        with pytest.raises(tenuto.TenutoError, match="not started"):
            asyncio.run(recorder.stopped())
        assert not recorder.wait(0.01)


def test_an_exception_in_the_block_leaves_a_complete_file(tmp_path: Path) -> None:
    device = stepped()
    with (
        pytest.raises(ZeroDivisionError),
        tenuto.Recorder(tmp_path / "take.wav", device, channels=1) as recorder,
    ):
        recorder.start()
        device.step(12_345)
        raise ZeroDivisionError
    assert agreed_frames(tmp_path / "take.wav") == 12_345


def test_a_recorder_that_nobody_holds_any_more_completes_its_file(tmp_path: Path) -> None:
    device = stepped()
    recorder = tenuto.Recorder(tmp_path / "take.wav", device, channels=1)
    recorder.start()
    device.step(12_345)
    device._stream = None
    del recorder
    gc.collect()
    assert agreed_frames(tmp_path / "take.wav") == 12_345


# -- two at once ---------------------------------------------------------------------------------


@pytest.mark.realtime
def test_two_recorders_on_the_virtual_device_do_not_meet(tmp_path: Path) -> None:
    takes = [tmp_path / "a.wav", tmp_path / "b.wav"]
    recorders = [
        tenuto.Recorder(path, VirtualDevice("index"), channels=1, seconds=0.5) for path in takes
    ]
    for recorder in recorders:
        recorder.start()
    for recorder in recorders:
        assert recorder.wait(10)
        assert np.array_equal(recorder.stop().to_numpy()[:, 0], index_signal(0, 24_000))


def test_two_recorders_of_one_stepped_device_each_count_from_the_start(tmp_path: Path) -> None:
    device = stepped()
    with (
        tenuto.Recorder(tmp_path / "a.wav", device, channels=1) as first,
        tenuto.Recorder(tmp_path / "b.wav", device, channels=1) as second,
    ):
        first.start()
        second.start()
        device.step(1_000)  # it moves the one that was bound to it last
        assert second.stop().frames == 1_000
        assert first.stop().frames == 0


def test_two_recorders_to_one_file_are_refused_whoever_starts_first(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    device = stepped()
    with (
        tenuto.Recorder(path, stepped(), channels=1) as late,
        tenuto.Recorder(path, device, channels=1) as first,
    ):
        first.start()
        device.step(1_000)
        with pytest.raises(tenuto.FileError, match="exists already"):
            late.start()
        with pytest.raises(tenuto.FileError, match="exists already"):
            tenuto.Recorder(path, stepped(), channels=1)
        device.step(1_000)
        first.stop()
    assert agreed_frames(path) == 2_000


# -- the end of the program ----------------------------------------------------------------------

RECORD = """
import os, sys, threading, time
import tenuto
device = tenuto.testing.VirtualDevice("index")
recorder = tenuto.Recorder(sys.argv[1], device, channels=1)
recorder.start()
while recorder.frames < 24000:
    time.sleep(0.01)
"""

ENDINGS = {
    "the end of the text": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "an exception": ("raise RuntimeError('on purpose')", 1),
    "a busy thread is left": (
        "threading.Thread(target=lambda: [time.sleep(0.01) for _ in range(30)]).start()",
        0,
    ),
    "a daemon thread keeps it": (
        "def keep(it): time.sleep(60)\n"
        "threading.Thread(target=keep, args=(recorder,), daemon=True).start(); del recorder",
        0,
    ),
    "a cycle keeps it": ("recorder.self = recorder; del recorder", 0),
    "another module keeps it": ("sys.kept = recorder; del recorder", 0),
    "stopped just before": ("recorder.stop(); time.sleep(0.02)", 0),
}


@pytest.mark.realtime
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_program_that_ends_without_stop_leaves_a_complete_file(
    tmp_path: Path, run_program: RunProgram, ending: str
) -> None:
    text, code = ENDINGS[ending]
    program = run_program(RECORD + text, str(tmp_path / "take.wav"))
    _, errors = program.communicate(timeout=60)
    assert program.returncode == code, errors
    assert ("on purpose" in errors) if ending == "an exception" else not errors
    frames = agreed_frames(tmp_path / "take.wav")
    assert frames >= 24_000
    sound, _ = soundfile.read(str(tmp_path / "take.wav"), dtype="float32")
    assert np.array_equal(sound, index_signal(0, frames))
    # Complete: nothing behind the end that the header does not know of.
    assert (tmp_path / "take.wav").stat().st_size == 44 + 3 * frames


@pytest.mark.realtime
def test_a_program_that_ends_through_os_exit_lacks_at_most_a_second(
    tmp_path: Path, run_program: RunProgram
) -> None:
    text = RECORD + "begin = time.monotonic(); print(recorder.frames, flush=True); os._exit(7)"
    program = run_program(text, str(tmp_path / "take.wav"))
    output, errors = program.communicate(timeout=60)
    assert program.returncode == 7, errors
    frames = agreed_frames(tmp_path / "take.wav")
    assert frames >= int(output) - 48_000
    assert frames >= 24_000 - 12_000, "the aim is a quarter of a second"


@pytest.mark.realtime
@pytest.mark.parametrize("hidden", ["", "sys.modules['_soundfile_data'] = None; "])
def test_a_file_that_is_still_being_played_when_the_program_ends_does_not_crash_it(
    tmp_path: Path, run_program: RunProgram, hidden: str
) -> None:
    soundfile.write(str(tmp_path / "a.wav"), np.zeros((48_000, 2)), 48_000)
    text = f"import sys; {hidden}import tenuto; kept = tenuto.play('a.wav', device='virtual')"
    program = run_program(text)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == 0, errors


RECORD_TWENTY = """
import os, threading, time
import numpy  # it starts threads of its own
import tenuto
def files():
    return [os.path.realpath(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")]
before = len(os.listdir("/proc/self/task"))
for _ in range(20):
    tenuto.record("take.wav", 0.01, device="virtual", overwrite=True)
time.sleep(0.3)
print(len(os.listdir("/proc/self/task")) - before, threading.active_count())
print(sum("take" in file for file in files()))
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system has no /proc")
def test_stopped_recordings_leave_no_thread_and_no_open_file(run_program: RunProgram) -> None:
    output, errors = run_program(RECORD_TWENTY).communicate(timeout=60)
    assert not errors
    assert output.split() == ["0", "1", "0"]


@pytest.mark.realtime
@pytest.mark.timeout(30)
def test_stop_does_not_wait_for_a_watchdog_that_wants_to_end_the_same_recording() -> None:
    device = VirtualDevice("index", unplugs=[(2400, 480_000)])
    recorder = tenuto.Recorder(None, device, channels=1, reconnect=False)
    recorder.start()
    with recorder._lock:  # so that the watchdog, which has seen the loss, cannot get there first
        until = time.monotonic() + 10
        while not recorder._lost_for_good:
            assert time.monotonic() < until
            time.sleep(0.01)
        take = recorder.stop()
    assert take.frames == 2400 and take.gaps == ()
