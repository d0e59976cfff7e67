# SPDX-License-Identifier: MIT
"""A broken file that is played takes no recording with it: not by its content, a hang, or a crash.

What libsndfile parses, it parses in this process. An error is an error; a hang holds up the disk
thread that reads, not the one that writes; a crash ends the process, and the recording is then what
a killed one is: a file that opens and lacks at most its last second.
"""

from __future__ import annotations

import io
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto
from support.reading_disk import ReadingDisk
from tenuto.testing import VirtualDevice, index_signal

sys.path.insert(0, str(Path(__file__).resolve().parent / "fuzz"))
from mutate import mutated

SEED = 20260306
FORMATS = [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("AIFF", "PCM_24")]
FORMATS += [("CAF", "FLOAT"), ("RF64", "PCM_16"), ("MP3", "MPEG_LAYER_III")]

CRASH = """
import ctypes, os, signal, sys, time
sys.path.insert(0, sys.argv[2])
import numpy, pytest, tenuto
from tenuto import _sndfile
recorder = tenuto.Recorder(sys.argv[1], tenuto.testing.VirtualDevice("index"), channels=1)
recorder.start()
time.sleep(1.5)
table = _sndfile.api()
READ = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
crash = READ(lambda *_: os.kill(os.getpid(), signal.SIGSEGV) or 0)  # as a bug in libsndfile would
table["sf_readf_float"] = ctypes.cast(crash, ctypes.c_void_p).value
_sndfile.api = lambda: table
with tenuto.Engine("virtual", channels=(0, 1)) as engine:
    engine.connect(tenuto.FilePlayer(sys.argv[3]), engine.output)
    print(recorder.frames, flush=True)
    time.sleep(30)
"""


def sounds() -> list[bytes]:
    """A short file of each format."""
    x, made = (0.5 * np.sin(np.arange(20_000) / 20)).astype(np.float32), []
    for kind, subtype in FORMATS:
        file = io.BytesIO()
        soundfile.write(file, x, 48_000, format=kind, subtype=subtype)
        made.append(file.getvalue())
    return made


def play(path: Path) -> None:
    """Play a file to its end, or for a while, on a device that is stepped."""
    device = VirtualDevice(clocked=False)
    with tenuto.Engine(device, channels=(0, 1)) as engine:
        player = tenuto.FilePlayer(path, channels=1)
        recorder = engine.connect(player, tenuto.FileRecorder())
        device.step(30_000)
        assert np.isfinite(recorder.stop().to_numpy()).all()


def test_broken_files_of_every_format_are_errors_or_sound_and_a_recording_goes_on(
    tmp_path: Path,
) -> None:
    choose, whole = random.Random(SEED), sounds()
    opened = 0
    with tenuto.Recorder(tmp_path / "take.wav", VirtualDevice("index"), channels=1) as recorder:
        recorder.start()
        for number in range(70):
            path = tmp_path / f"{number}.bin"
            path.write_bytes(mutated(whole[number % len(whole)], whole, choose))
            try:
                play(path)
                opened += 1
            except tenuto.FileError:
                pass
        take = recorder.stop()
    assert 5 < opened < 70  # some are only damaged, others are broken
    assert take.gaps == ()
    samples = take.to_numpy()[:, 0]
    np.testing.assert_array_equal(samples, index_signal(0, len(samples)))


def test_a_file_that_hangs_while_it_is_read_holds_up_no_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sound.wav"
    soundfile.write(path, np.zeros(480_000, np.float32), 48_000)
    disk = ReadingDisk(monkeypatch)
    with tenuto.Recorder(tmp_path / "take.wav", VirtualDevice("index"), channels=1) as recorder:
        recorder.start()
        with tenuto.Engine("virtual", channels=(0, 1)) as engine:
            disk.shut()
            engine.connect(tenuto.FilePlayer(path), engine.output)
            time.sleep(1.5)
            on_the_disk = len(soundfile.read(tmp_path / "take.wav")[0])
            disk.open()
        take = recorder.stop()
    assert on_the_disk > 0.4 * 48_000  # it was brought up to date all the while
    assert take.gaps == ()


def test_a_crash_while_a_file_is_read_leaves_the_recording_complete_but_for_its_last_second(
    tmp_path: Path, run_program: Callable[..., subprocess.Popen[str]]
) -> None:
    take, sound = tmp_path / "take.wav", tmp_path / "sound.wav"
    soundfile.write(sound, np.zeros(480_000, np.float32), 48_000)
    process = run_program(CRASH, str(take), str(Path(__file__).parent), str(sound))
    printed, errors = process.communicate(timeout=30)
    assert process.returncode == -11, errors
    recorded = int(printed or 0)
    samples, _ = soundfile.read(str(take), dtype="float32")
    assert len(samples) > max(recorded, 72_000) - 48_000
    np.testing.assert_array_equal(samples, index_signal(0, len(samples)))
