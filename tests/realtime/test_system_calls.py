# SPDX-License-Identifier: MIT
"""The audio thread makes no system call of its own: watched by strace, from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto
from support.gil import busy_python
from support.servers import JackServer, playing, wait_until
from support.storm import Storm
from support.strace import traced
from tenuto.testing import VirtualDevice

pytestmark = pytest.mark.realtime

# What the virtual clock waits with. A sleep that strace's arrival interrupts is continued so.
CLOCK = {"clock_nanosleep", "restart_syscall"}


def playing_file(folder: Path, samplerate: int) -> tenuto.FilePlayer:
    """A file that is played over and over: its end and its begin come by often."""
    path = folder / "sound.wav"
    soundfile.write(path, np.full(samplerate // 4, 0.1, np.float32), samplerate)
    return tenuto.FilePlayer(path, loop=True, channels=1)


def audio_thread(engine: tenuto.Engine) -> int:
    """The kernel's number of it."""
    wait_until(lambda: engine.scheduling is not None, 5.0, "the audio thread has been looked at")
    report = engine.scheduling
    assert report is not None
    return report.tid


def work(
    engine: tenuto.Engine, storm: Storm, source: tenuto.Source, until: Callable[[], bool]
) -> int:
    """Edit, steer, schedule, feed and look, without a pause; how many edits that were."""
    edits = 0
    while not until():
        storm.edit()
        source.write(np.full((64, source.channels), 0.01, np.float32))
        engine.stats()
        edits += 1
    return edits


@pytest.mark.parametrize("device", ["clock", "losses"])
def test_between_blocks_there_is_nothing_but_the_clocks_sleep(tmp_path: Path, device: str) -> None:
    blocks = 12_000
    xruns = [(2000 * n, 100) for n in range(20, 120, 5)] if device == "losses" else []
    virtual = VirtualDevice(np.full((400_000, 1), 0.1, np.float32), xruns=xruns)
    with tenuto.Engine(virtual, samplerate=192_000, blocksize=32, channels=(1, 1)) as engine:
        storm = Storm(engine, 5)
        source, limit = tenuto.Source(), engine.connect(storm.last, tenuto.Gain(-1))
        engine.connect(source, limit, engine.output)
        player = playing_file(tmp_path, 192_000)
        engine.connect(player, limit)
        recorder = engine.connect(limit, tenuto.FileRecorder(tmp_path / "take.wav"))
        thread = audio_thread(engine)
        with traced(thread, tmp_path) as calls, busy_python(threads=1, hold_seconds=0.02):
            before = engine.stats().callbacks
            edits = work(engine, storm, source, lambda: engine.stats().callbacks >= before + blocks)
            seen = engine.stats().callbacks - before
        take = recorder.stop()
        stats = engine.stats()
    assert set(calls.all) <= CLOCK, calls.all
    # A block that comes late finds that its time is past, and does not sleep.
    assert 100 < calls.all.total() <= seen + 100, (calls.all, seen)
    assert edits > 100 and take.frames > 32 * blocks
    assert (stats.xruns > 0) == (device == "losses")


def test_a_callback_that_makes_a_system_call_is_seen(tmp_path: Path) -> None:
    """The canary: a thread that does something else than sleep, watched in the same way."""
    stop = threading.Event()
    numbers: list[int] = []

    def audio() -> None:
        numbers.append(threading.get_native_id())
        while not stop.is_set():
            time.sleep(0.001)
            Path("/dev/null").write_bytes(b"x")

    thread = threading.Thread(target=audio)
    thread.start()
    try:
        wait_until(lambda: bool(numbers), 5.0, "the thread runs")
        with traced(numbers[0], tmp_path) as calls:
            time.sleep(0.2)
    finally:
        stop.set()
        thread.join()
    assert {"openat", "write", "close"} <= set(calls.all) - CLOCK


def test_on_a_jack_server_there_is_nothing_but_what_any_client_does(
    tmp_path: Path, index_player: Path
) -> None:
    with (
        JackServer(tmp_path, period=64) as jack,
        playing(index_player, jack) as player,
        tenuto.Engine("jack", channels=(2, 2), blocksize=64) as engine,
    ):
        storm, source = Storm(engine, 6), tenuto.Source(channels=2)
        engine.connect(storm.last, tenuto.Gain(), engine.output)
        engine.connect(source, engine.output)
        engine.connect(playing_file(tmp_path, 48_000), engine.output)
        recorder = engine.connect(engine.input, tenuto.FileRecorder())
        jack.wire_only(player.outputs)
        thread = audio_thread(engine)
        # A client in C whose callback only copies: what its thread does is the server's protocol.
        with traced(player.pid, tmp_path, threads=True) as others:
            time.sleep(1.0)
        with traced(thread, tmp_path) as ours:
            before = engine.stats().callbacks
            work(engine, storm, source, lambda: engine.stats().callbacks >= before + 2000)
            seen = engine.stats().callbacks - before
        recorder.stop()
    theirs = others.most("futex")  # the one that the server wakes: it has others, too
    print("per cycle:", ours.all, "in", seen, "cycles; a client in C:", theirs)
    assert theirs.total() > 100, others.by_thread
    assert set(ours.all) <= set(theirs), (ours.all, theirs)
    # Per cycle no more than that client makes: none of them is ours.
    per_cycle = theirs.total() / (1.0 * 48_000 / 64)
    assert ours.all.total() / seen < 1.25 * per_cycle + 0.5, (ours.all, theirs, seen)
