# SPDX-License-Identifier: MIT
"""The command line as scripts and people meet it: output, exit codes, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto
from support.command import run
from tenuto.cli import main

COMMANDS = [
    "demo",
    "devices",
    "record",
    "play",
    "render",
    "generate",
    "info",
    "plot",
    "bench",
    "doctor",
]


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "in.wav"
    rng = np.random.default_rng(3)
    soundfile.write(path, rng.uniform(-0.5, 0.5, (48_000, 2)), 48_000, subtype="PCM_24")
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str) -> None:
    assert "Example: tenuto " in run(command, "--help").stdout


def test_version_is_printed() -> None:
    assert run("--version").stdout.strip() == tenuto.__version__


def test_wrong_usage_is_exit_code_2(tmp_path: Path) -> None:
    run("record", code=2)
    run("no-such-command", code=2)
    assert "-1" in run("record", tmp_path / "x.wav", "-d", "virtual", "-s", -1, code=2).stderr
    run("record", tmp_path / "x.wav", "-d", "virtual", "-c", "one", code=2)
    assert not list(tmp_path.iterdir())


def test_missing_device_is_exit_code_3_and_says_what_there_is(tmp_path: Path) -> None:
    environment = {**os.environ, "JACK_DEFAULT_SERVER": "no-such-server", "PULSE_SERVER": "none"}
    done = run("record", tmp_path / "x.wav", "-d", "no-such", code=3, env=environment)
    assert "no-such" in done.stderr and "virtual" in done.stderr + done.stdout
    assert not list(tmp_path.iterdir())


def test_file_trouble_is_exit_code_4(tmp_path: Path, sound: Path) -> None:
    assert "overwrite" in run("record", sound, "-d", "virtual", "-s", 1, code=4).stderr
    assert "folder" in run("record", tmp_path / "no/x.wav", "-d", "virtual", code=4).stderr
    assert ".wav" in run("record", tmp_path / "x.txt", "-d", "virtual", code=4).stderr
    assert "no-file" in run("info", tmp_path / "no-file.wav", code=4).stderr


def test_record_tells_the_facts_as_json(tmp_path: Path, sound: Path) -> None:
    done = run("record", tmp_path / "x.wav", "-d", f"virtual:{sound}", "-s", 0.5, "--json")
    facts = json.loads(done.stdout)
    assert facts["frames"] == 24_000 and facts["gaps"] == [] and facts["state"] == "stopped"
    assert facts["scheduling"]["policy"] and facts["stats"]["callbacks"] >= 187
    played, _ = soundfile.read(sound, frames=24_000)
    recorded, _ = soundfile.read(tmp_path / "x.wav")
    assert np.array_equal(played, recorded)


def test_record_tells_a_person_what_was_recorded(tmp_path: Path) -> None:
    done = run("record", tmp_path / "x.flac", "-d", "virtual", "-s", 0.2, "-c", 1)
    assert "0:00.2" in done.stdout and "nothing lost" in done.stdout


def start(path: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tenuto", "record", str(path), "-d", "virtual"]
    process = subprocess.Popen(
        [*command, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 20
    while not (path.exists() and path.stat().st_size > 20_000):
        assert process.poll() is None and time.monotonic() < until, process.communicate()
        time.sleep(0.01)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_a_recording_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    process = start(tmp_path / "x.wav")
    process.send_signal(number)
    out, error = process.communicate(timeout=20)
    assert process.returncode == 0, error
    assert "nothing lost" in out
    frames = int(out.split(" frames")[0].split()[-1])
    assert soundfile.info(tmp_path / "x.wav").frames == frames > 0


STUCK = """
import ctypes, sys, tenuto, tenuto._sndfile as sndfile
from tenuto.cli import main
table = sndfile.api()
shape = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
real = shape(table["sf_close"])
def slow(file):
    print("closing", flush=True)
    import time; time.sleep(60)
    return real(file)
kept = shape(slow)
sndfile.api = lambda: {**table, "sf_close": ctypes.cast(kept, ctypes.c_void_p).value}
main(["record", sys.argv[1], "-d", "virtual", "-q"])
"""


def test_second_signal_ends_at_once_and_the_file_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    until = time.monotonic() + 20
    while not (path.exists() and path.stat().st_size > 20_000):
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "closing\n"  # the disk hangs, and so does the clean end
    before = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 128 + signal.SIGINT
    assert time.monotonic() - before < 2
    process.stdout.close()
    assert soundfile.info(path).frames > 0


def test_recording_with_gaps_is_exit_code_5_and_lists_them(tmp_path: Path) -> None:
    gate = STUCK.replace("sf_close", "sf_write_raw").replace("time.sleep(60)", "time.sleep(0.6)")
    gate = gate.replace(
        "ctypes.c_int, ctypes.c_void_p)", "ctypes.c_int64, *[ctypes.c_void_p] * 2, ctypes.c_int64)"
    )
    gate = gate.replace("def slow(file)", "def slow(*file)").replace("real(file)", "real(*file)")
    gate = gate.replace('"-q"]', '"-s", "1", "--ring", "0.1"]')
    path = tmp_path / "x.wav"
    done = subprocess.run(
        [sys.executable, "-c", gate, str(path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 5, done.stderr
    assert "overflow" in done.stdout and "x.tenuto.json" in done.stdout
    assert soundfile.info(path).frames == 48_000
    told = run("info", path, "--json", code=5)
    assert json.loads(told.stdout)[0]["gaps"][0]["cause"] == "overflow"


def test_devices_lists_the_virtual_one() -> None:
    assert json.loads(run("devices", "--json").stdout)[-1]["backend"] == "virtual"
    assert "virtual" in run("devices").stdout


def test_info_describes_a_file(sound: Path) -> None:
    facts = json.loads(run("info", sound, "--json").stdout)
    assert facts[0]["frames"] == 48_000 and facts[0]["subtype"] == "PCM_24"
    assert "0:01.0" in run("info", sound).stdout


def test_plot_draws_and_does_not_overwrite(sound: Path) -> None:
    pytest.importorskip("matplotlib", reason="the picture needs the extra: tenuto[plot]")
    run("plot", sound)
    picture = sound.with_suffix(".png")
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    run("plot", sound, code=4)
    run("plot", sound, "--overwrite")
    run("plot", sound, "--out", sound.with_suffix(".pdf"))
    assert sound.with_suffix(".pdf").read_bytes()[:5] == b"%PDF-"


def test_plot_never_replaces_the_sound(tmp_path: Path, sound: Path) -> None:
    pytest.importorskip("matplotlib", reason="the picture needs the extra: tenuto[plot]")
    before = sound.read_bytes()
    named_like_a_picture, link = tmp_path / "in.png", tmp_path / "link.png"
    named_like_a_picture.write_bytes(before)
    link.symlink_to(sound)
    for path, out in ((sound, sound), (sound, link), (named_like_a_picture, named_like_a_picture)):
        run("plot", path, "--out", out, "--overwrite", code=4)
        assert path.read_bytes() == before
    done = run("plot", sound, "--out", tmp_path / "x.xyz", code=4)
    assert ".png" in done.stderr and not (tmp_path / "x.xyz").exists()


@pytest.mark.realtime
@pytest.mark.slow
def test_demo_is_bit_for_bit_what_rendering_gives_while_python_is_busy(tmp_path: Path) -> None:
    done = run("demo", "--seconds", 3, "--out", tmp_path / "demo")
    assert "bit for bit what offline rendering gives" in done.stdout and "no gaps" in done.stdout
    assert (tmp_path / "demo/demo.png").stat().st_size > 50_000
    run("demo", "--seconds", 1, "--out", tmp_path / "demo")  # again: its own files it may replace


def test_demo_takes_your_own_file(tmp_path: Path, sound: Path) -> None:
    done = run("demo", "-i", sound, "-s", 0.5, "-o", tmp_path / "demo")
    assert "bit for bit" in done.stdout
    assert "no-file" in run("demo", "-i", tmp_path / "no-file.wav", code=4).stderr


def test_demo_tells_the_facts_as_json(tmp_path: Path, sound: Path) -> None:
    pytest.importorskip("matplotlib", reason="the picture needs the extra: tenuto[plot]")
    done = run("demo", "-i", sound, "-s", 0.25, "-o", tmp_path / "demo", "--json")
    facts = json.loads(done.stdout)
    assert facts["frames"] == 12_000 and facts["seconds"] == 0.25 and facts["gaps"] == []
    assert facts["matches_offline"] is True and facts["stats"]["callbacks"] >= 93
    assert facts["scheduling"]["policy"]
    assert soundfile.info(facts["path"]).frames == 12_000
    assert Path(facts["picture"]).stat().st_size > 10_000


@pytest.mark.parametrize("seconds", [0, -1, "nan"])
def test_demo_of_no_length_is_wrong_usage(tmp_path: Path, seconds: object) -> None:
    done = run("demo", "--seconds", seconds, "--out", tmp_path / "demo", code=2)
    assert "--seconds" in done.stderr and not done.stdout
    assert not list(tmp_path.iterdir())


def test_demo_that_is_not_what_rendering_gives_fails(
    tmp_path: Path, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenuto.cli.demo.render", lambda played, *_, **__: played)
    arguments = ["demo", "-i", str(sound), "-s", "0.1", "-o", str(tmp_path / "demo"), "--json"]
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 1
