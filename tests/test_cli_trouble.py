# SPDX-License-Identifier: MIT
"""The command line where something around it is odd: its output, names of files, the disk."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

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
