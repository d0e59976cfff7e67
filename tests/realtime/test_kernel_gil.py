# SPDX-License-Identifier: MIT
"""Kernels on a device that waits for nobody: under load, and when they take too long."""

from __future__ import annotations

import logging
import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tenuto
from support import kernels
from support.gil import busy_python
from support.servers import JackServer

pytest.importorskip("numba")
pytestmark = pytest.mark.realtime

SECONDS = 60.0 if os.environ.get("TENUTO_LONG") == "1" else 10.0
HERTZ = {"frequency": (30.0, 0.1, 5000.0, "Hz")}


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENUTO_KERNEL_CACHE", str(tmp_path_factory.getbasetemp() / "kernels"))


def test_a_kernel_on_jack_gives_the_offline_result_whatever_python_does(
    tmp_path: Path,
) -> None:
    ring = tenuto.kernel(state=1, params=HERTZ)(kernels.ring)
    x = np.random.default_rng(9).uniform(-1, 1, (int((SECONDS + 5) * 48000), 1)).astype(np.float32)
    source = tenuto.Source(channels=1, buffer_seconds=SECONDS + 6)
    node, recorder = ring(frequency=440), tenuto.FileRecorder(ring_seconds=20)
    with JackServer(tmp_path, period=64):
        eng = tenuto.Engine("jack", channels=(0, 2), blocksize=64)
        eng.connect(source, node, eng.output)
        eng.connect(node, recorder)
        source.write(x)
        with eng:
            with busy_python(threads=4, hold_seconds=0.2) as load:
                time.sleep(SECONDS)
            take = recorder.stop()
            stats = eng.stats()
            assert source.missing_frames == 0
            assert not node.bypassed
    print(f"GIL held {load.holds} times; {stats.late} of {stats.callbacks} callbacks late")
    assert load.holds > SECONDS, "this was no load"
    assert take.frames > SECONDS * 0.9 * take.samplerate
    if not take.gaps:  # a server on a machine without real-time rights may lose blocks of its own
        taken = take.to_numpy()
        expected = tenuto.render(x, ring(frequency=440), samplerate=take.samplerate)
        assert np.array_equal(taken, expected[: len(taken)])


def test_a_kernel_that_takes_too_long_is_bypassed_reported_and_can_be_rearmed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @tenuto.kernel(params={"work": 10.0})
    def works(x, y, state, params):
        for n in range(x.shape[1]):
            total = 0.0
            for k in range(int(params.work)):
                total += math.sin(total + k)
            for c in range(x.shape[0]):
                y[c, n] = 0.5 * x[c, n] + 1e-9 * total

    with (
        caplog.at_level(logging.WARNING, "tenuto"),
        tenuto.Engine("virtual", channels=(1, 2), blocksize=128) as eng,
    ):
        node = works(name="worker")
        eng.connect(eng.input, node, eng.output)
        _wait(lambda: node.slowest_seconds > 0)  # it is watched
        assert not node.bypassed
        node.work = 10000  # some hundred microseconds a frame: a frame has 21
        _wait(lambda: node.bypassed and "worker" in caplog.text)
        assert eng.stats().bypassed == ("worker",)
        assert "kernel worker is bypassed, its input passes" in caplog.text
        assert node.late >= 2
        before = eng.frame
        _wait(lambda: eng.frame > before + 12800)  # the engine goes on
        node.work = 10
        _wait(lambda: eng.frame > before + 25600)
        node.time_limit = 100  # the machine of this test may be busy
        node.rearm()
        _wait(lambda: not node.bypassed)
        assert node.bypasses == 1


def _wait(condition: Any, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.005)
