# SPDX-License-Identifier: MIT
"""`tenuto record` as a process of its own on a JACK server: killed, and stopped for a while."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import soundfile

import tenuto
from support.index_content import Content, PlayerLog, assert_ledger_explains
from support.readers import agreed_frames
from support.servers import IndexPlayer, JackServer, playing, wait_until

pytestmark = pytest.mark.realtime

SEED = 20260302
KILLS = 50 if os.environ.get("TENUTO_LONG") == "1" else 10
MOST_MISSING = 1.0  # seconds


@contextmanager
def recording(
    path: Path, jack: JackServer, player: IndexPlayer
) -> Iterator[subprocess.Popen[bytes]]:
    """The command line, recording the player; ended in any case."""
    # A killed client keeps its name until the server has noticed.
    wait_until(lambda: not jack.inputs_of("tenuto"), 10.0, "the client before is gone")
    command = [sys.executable, "-m", "tenuto", "record", str(path), "--device", "jack", "--quiet"]
    process = subprocess.Popen(
        command, env=jack.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        jack.wire_only(player.outputs)
        wait_until(path.exists, 5.0, "the file is there")
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


def test_a_killed_jack_recording_opens_everywhere_and_lacks_at_most_a_second(
    tmp_path: Path, jack: JackServer, index_player: Path
) -> None:
    generator, log = random.Random(SEED), tmp_path / "player.log"
    killed: list[tuple[Path, int]] = []
    with playing(index_player, jack, log=log) as player:
        for number in range(KILLS):
            path = tmp_path / f"{number}.wav"
            with recording(path, jack, player) as process:
                time.sleep(generator.uniform(0.1, 1.5))
                killed.append((path, time.monotonic_ns()))
                process.kill()
                process.wait(10)
        player.stop()
    player_log = PlayerLog.read(log)
    missing = []
    for path, instant in killed:
        agreed_frames(path)
        samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
        gaps = [gap for gap in tenuto.read_ledger(path) if gap.frame < len(samples)]
        if not samples.any():  # killed before anything of the player was on the disk
            missing.append((instant - player_log.ns[0]) * 1e-9)
            continue
        content = Content.of(samples, gaps)
        assert not content.untold(jack.period), path
        missing.append((player_log.index_at(instant) - content.index[-1]) / rate)
    missing.sort()
    print("missing after kill -9, in ms:", *(f"{1e3 * seconds:.0f}" for seconds in missing))
    assert missing[-1] <= MOST_MISSING


def test_cycles_that_a_stopped_recorder_missed_are_in_the_ledger_exactly(
    tmp_path: Path, index_player: Path
) -> None:
    """The server does not wait for a client: what that one missed is whole cycles of sound."""
    path, log = tmp_path / "take.wav", tmp_path / "player.log"
    period = 512
    with (
        JackServer(tmp_path, period=period) as jack,
        playing(index_player, jack, log=log) as player,
    ):
        with recording(path, jack, player) as process:
            time.sleep(1.5)
            for seconds in (0.03, 0.06, 0.2):
                process.send_signal(signal.SIGSTOP)
                time.sleep(seconds)
                process.send_signal(signal.SIGCONT)
                time.sleep(0.8)
            process.send_signal(signal.SIGINT)
            printed = process.communicate(timeout=10)[0].decode()
            assert process.returncode == 5, printed
        counts = player.stop()
    samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    gaps = tenuto.read_ledger(path)
    assert_ledger_explains(samples, gaps, PlayerLog.read(log), counts, rate)
    content = Content.of(samples, gaps)
    missed = sorted(frames for _, frames in content.breaks())
    assert missed[-1] >= 0.2 * rate - 3 * period
    if counts["skipped"] == 0:  # the server itself was never late
        assert missed == sorted(gap.frames for gap in content.gaps)
