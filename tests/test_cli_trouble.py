# SPDX-License-Identifier: MIT
"""The command line where something around it is odd: its output, names of files, the disk."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from support.command import run
from support.faults import MountDisk
from tenuto._devices import DeviceInfo
from tenuto.cli.devices import devices

RECORD = [sys.executable, "-m", "tenuto", "record", "-d", "virtual", "-s", "0.5"]


def nobody_reads() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def closed_terminal() -> int:
    master, terminal = pty.openpty()
    os.close(master)
    return terminal


OUTPUTS = {
    "a pipe that nobody reads": nobody_reads,
    "a full disk": lambda: os.open("/dev/full", os.O_WRONLY),
    "a terminal that was closed": closed_terminal,
}


@pytest.mark.realtime
@pytest.mark.parametrize("how", [[], ["--json"]])
@pytest.mark.parametrize("output", OUTPUTS)
def test_output_that_cannot_be_written_does_not_end_a_recording(
    tmp_path: Path, output: str, how: list[str]
) -> None:
    if output == "a full disk" and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    where = OUTPUTS[output]()
    path = tmp_path / "x.wav"
    done = subprocess.run(
        [*RECORD, str(path), *how], stdout=where, stderr=subprocess.PIPE, text=True, timeout=60
    )
    os.close(where)
    assert done.returncode == 0, done.stderr
    assert soundfile.info(path).frames == 24_000
    assert "Traceback" not in done.stderr


@pytest.mark.realtime
def test_a_recording_under_nohup_goes_on_when_the_terminal_hangs_up(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    program = subprocess.Popen(["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *RECORD, str(path)])
    while program.poll() is None and not path.exists():
        pass
    program.send_signal(signal.SIGHUP)
    assert program.wait(timeout=60) == 0
    assert soundfile.info(path).frames == 24_000


@pytest.mark.parametrize("name", ["take [live].wav", "d[/b].wav", "a[red]b:cat:.wav"])
def test_names_are_printed_as_they_are(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    other = str(Path(name).with_name("other " + Path(name).name))
    for command, told in (
        (["record", name, "-d", "virtual", "-s", "0.05"], name),
        (["info", name], name),
        (["render", name, other, "--gain", "0"], other),
        (["generate", "sine", other, "-s", "0.05", "--overwrite"], other),
        (["record", other, "-d", f"virtual:{name}", "-s", "0.05", "--overwrite"], Path(name).name),
        (["demo", "-i", name, "-s", "0.05", "-o", name + "out"], Path(name).name),
    ):
        assert told in run(*command, cwd=tmp_path).stdout, command


@pytest.mark.realtime
def test_names_are_shown_as_they_are_on_a_terminal(tmp_path: Path) -> None:
    master, terminal = pty.openpty()
    path = tmp_path / "d[/b].wav"
    path.parent.mkdir()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
    done = subprocess.run([*RECORD, str(path)], stdout=terminal, env=environment, timeout=60)
    os.close(terminal)
    assert done.returncode == 0
    shown = os.read(master, 10_000).decode()
    os.close(master)
    assert "d[/b].wav" in shown and "clipped" not in shown


@pytest.mark.realtime
@pytest.mark.parametrize("how", [[], ["--json"]])
def test_a_recording_that_fails_says_what_it_has_all_the_same(
    mount_disk: MountDisk, how: list[str]
) -> None:
    folder = mount_disk("200k")
    done = run("record", "x.wav", "-d", "virtual", "-s", "3", *how, cwd=folder, code=4)
    frames = soundfile.info(folder / "x.wav").frames
    assert "No space left" in done.stderr
    if how:
        facts = json.loads(done.stdout)
        assert facts["state"] == "failed" and "No space left" in facts["error"]
        assert facts["frames"] == frames > 20_000 and facts["gaps"] == []
    else:
        assert f"{frames} frames" in done.stdout and "nothing lost" not in done.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-8"])
def test_letters_that_the_terminal_lacks_are_no_reason_to_fail(
    tmp_path: Path, encoding: str
) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "1"}
    names = ["a → b.wav"] + ([os.fsdecode(b"bad\xff.wav")] if sys.platform == "linux" else [])
    for name in names:
        record = ["record", name, "-d", "virtual", "-s", "0.05"]
        for command in (record, ["info", name]):
            done = run(*command, cwd=tmp_path, env=environment, encoding=encoding)
            assert ".wav" in done.stdout
        run(*record, cwd=tmp_path, env=environment, encoding=encoding, code=4)
    run("record", "--help", cwd=tmp_path, env=environment, encoding=encoding)


@pytest.mark.parametrize("name", ["Mixer [USB 2.0]", "Desk [/x]"])
def test_devices_are_listed_by_their_whole_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    listed = [DeviceInfo(0, "alsa", name, 2, 2, (48_000,), True)]
    monkeypatch.setattr("tenuto.devices", lambda: listed)
    devices(as_json=False)
    assert name in capsys.readouterr().out
