# SPDX-License-Identifier: MIT
"""``tenuto generate``: what is in the files, and what happens to wrong arguments."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import tenuto
from support import command
from support.faults import MountDisk
from support.nodes import run as run_node
from tenuto.design.sweep import sweep

run = functools.partial(command.run, "generate")


def test_sine_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    done = run("sine", path, "-f", 1000, "-s", 1.5, "-l", -6, "-c", 2, "--json")
    facts = json.loads(done.stdout)
    assert facts["frames"] == 72_000 and facts["subtype"] == "PCM_24"
    assert facts["peak_db"] == pytest.approx(-6, abs=1e-3)
    assert facts["rms_db"] == pytest.approx(-6 - 3.0103, abs=1e-3)
    y, rate = soundfile.read(path)
    expected = 10 ** (-6 / 20) * np.sin(2 * np.pi * 1000 / 48_000 * np.arange(72_000))
    assert rate == 48_000 and y.shape == (72_000, 2)
    assert np.abs(y - expected[:, None]).max() < 2**-23 + 1e-7  # one step of 24 bits


@pytest.mark.parametrize(
    ("kind", "options", "node"),
    [
        ("square", ["-f", 300, "--duty", 0.3], tenuto.Oscillator("square", 300, duty=0.3)),
        ("saw", ["-f", 300], tenuto.Oscillator("saw", 300)),
        ("triangle", [], tenuto.Oscillator("triangle", 440)),
        ("white", ["--seed", 3], tenuto.Noise("white", seed=3)),
        ("pink", [], tenuto.Noise("pink")),
        ("sweep", ["--to", 9000, "--curve", "linear"], tenuto.Sweep(20, 9000, 1, curve="linear")),
        ("multitone", ["--frequencies", "100,200,300"], tenuto.MultiTone([100, 200, 300])),
    ],
)
def test_file_holds_what_the_node_gives(
    tmp_path: Path, kind: str, options: list[Any], node: Any
) -> None:
    path = tmp_path / "x.wav"
    run(kind, path, "-s", 1, "--subtype", "FLOAT", *options)
    found, _ = soundfile.read(path, dtype="float32")
    assert np.array_equal(found, run_node(node, np.zeros((48_000, 0)))[:, 0])


def test_device_plays_it() -> None:
    done = run("saw", "-d", "virtual", "-s", 0.3, "-c", 2, "--json")
    facts = json.loads(done.stdout)
    assert facts["frames"] == 14_400 and facts["channels"] == 2 and facts["xruns"] == 0
    assert facts["backend"] == "virtual"
    assert "playing white on" in run("white", "-d", "virtual", "-s", 0.1).stdout
    assert "no-such" in run("white", "-d", "no-such", code=3).stderr


def test_signal_ends_playing_cleanly() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tenuto", "generate", "sine", "-d", "virtual", "-s", "1000"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("playing sine on")
    process.send_signal(signal.SIGINT)
    try:
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.stdout.close()


@pytest.mark.parametrize("name", ["x.flac", "x.ogg", "x.mp3", "x.aiff"])
def test_suffix_chooses_the_format(tmp_path: Path, name: str) -> None:
    done = run("sweep", tmp_path / name, "-s", 2, "--from", 50, "-r", 44_100)
    assert soundfile.info(tmp_path / name).samplerate == 44_100
    assert "sweep, 0:02.0" in done.stdout and "peak -20.0 dBFS" in done.stdout
    assert [file.name for file in tmp_path.iterdir()] == [name]
    if name == "x.flac":
        y, _ = soundfile.read(tmp_path / name)
        made = sweep(50, 20_000, 2, samplerate=44_100, level_db=-20, fade_in=0.01, fade_out=0.01)
        assert np.abs(y - made).max() < 2**-23 + 1e-7


def test_samples_above_full_scale_are_told(tmp_path: Path) -> None:
    done = run("white", tmp_path / "x.wav", "-l", 0, "-s", 1)
    assert "samples above full scale" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sinus", "x.wav"], "sine, square, saw, triangle, white, pink, sweep, multitone"),
        (["sine", "x.wav", "--duty", "0.2"], "--duty means nothing to sine"),
        (["white", "x.wav", "-f", "100"], "--frequency means nothing to white"),
        (["multitone", "x.wav"], "needs --frequencies"),
        (["multitone", "x.wav", "--frequencies", "1;2"], "hertz with commas"),
        (["sine", "x.wav", "-f", "30000"], "between 0 and 24000 Hz"),
        (["sine", "x.wav", "-s", "-1"], "--seconds=-1"),
        (["sine", "x.wav", "-s", "nan"], "--seconds=nan"),
        (["sine", "x.wav", "-l", "40"], "between -120 and 24 dBFS"),
        (["sine", "x.wav", "-c", "0"], "--channels=0"),
        (["sine", "x.wav", "-r", "5"], "--samplerate=5"),
        (["sweep", "x.wav", "--curve", "bent"], "'exponential', 'linear'"),
        (["sine"], "give a PATH to write to, or a --device to play on"),
        (["sine", "x.wav", "-d", "virtual"], "give a PATH to write to, or a --device"),
        (["sine", "-d", "virtual", "--subtype", "FLOAT"], "are for files"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_makes_no_file(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    error = run(*(tmp_path / x if x == "x.wav" else x for x in arguments), code=2).stderr
    assert words in " ".join(error.split())
    assert not list(tmp_path.iterdir())


def test_file_trouble_is_exit_code_4_and_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    run("sine", path, "-s", 0.1)
    before = path.read_bytes()
    assert "--overwrite" in run("saw", path, "-s", 0.1, code=4).stderr
    assert path.read_bytes() == before
    run("saw", path, "-s", 0.1, "--overwrite")
    assert path.read_bytes() != before
    assert "no folder" in run("sine", tmp_path / "no/x.wav", code=4).stderr
    assert ".wav" in run("sine", tmp_path / "x.txt", code=4).stderr
    assert "PCM_24" in run("sine", tmp_path / "y.wav", "--subtype", "no", code=4).stderr
    assert "RF64" in run("sine", tmp_path / "y.wav", "-s", 90_000, code=4).stderr
    assert [file.name for file in tmp_path.iterdir()] == ["x.wav"]


def test_full_disk_is_exit_code_4_and_leaves_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    # A limit on the size of files stands in for the disk; Python ignores the signal that goes
    # with it, and the write fails.
    limited = subprocess.run(
        [sys.executable, "-m", "tenuto", "generate", "sine", str(tmp_path / "x.wav"), "-s", "30"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert limited.returncode == 4, limited.stderr
    assert "x.wav" in limited.stderr and "Traceback" not in limited.stderr
    assert not list(tmp_path.iterdir())


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("the highest memory use is read from /proc (Linux)")
    # 10 minutes in stereo are 230 MB as float32; the whole program stays below that.
    code = (
        "import sys\n"
        "from tenuto.cli import app_for\n"
        "app_for(sys.argv[1:])(sys.argv[1:], standalone_mode=False)\n"
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            code,
            "generate",
            "white",
            tmp_path / "x.wav",
            "-s",
            "600",
            "-c",
            "2",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert soundfile.info(tmp_path / "x.wav").frames == 600 * 48_000
    assert int(done.stdout.split()[-1]) < 150_000


def test_full_disk_is_told_and_leaves_nothing(mount_disk: MountDisk) -> None:
    folder = mount_disk("200k")
    assert "No space left" in run("sine", folder / "x.wav", "-s", 60, code=4).stderr
    assert not list(folder.iterdir())


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "IMA_ADPCM"])
def test_what_is_above_full_scale_is_clipped(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "x.wav"
    run("square", path, "-l", 9, "-s", 0.1, "-f", 100, "--subtype", subtype)
    sound, _ = soundfile.read(path)
    assert np.abs(sound).max() <= 1 and sound[50:200].min() > 0.9 and sound[280:440].max() < -0.9
