# SPDX-License-Identifier: MIT
"""Ten thousand random edits while sound runs: nothing clicks, nothing leaks, nothing comes late."""

from __future__ import annotations

import gc
import os
from typing import Any

import numpy as np
import pytest

import tenuto
from support.storm import Storm
from tenuto.testing import VirtualDevice

EDITS = 10_000 if os.environ.get("TENUTO_LONG") else 2_000


@pytest.mark.parametrize("seed", [1, 2])
def test_edits_leave_no_step_above_the_ramps_bound(seed: int) -> None:
    device = VirtualDevice(np.ones(1_000_000, np.float32), clocked=False)
    with tenuto.Engine(device, channels=(1, 1), blocksize=64) as engine:
        storm = Storm(engine, seed)
        recorder = engine.connect(storm.last, tenuto.FileRecorder())
        for _ in range(EDITS // 2):
            storm.edit()
            device.step(storm.random.choice((1, 17, 64, 200)))
        y = recorder.stop().to_numpy()[:, 0]
        stats = engine.stats()
    # A path carries at most 0.708 (its first connection is at -3 dB). It is faded in one place,
    # over 240 frames, and 3 gains ramp, over 480. Edits come one by one: twice that allows for a
    # path that fades out while the next one fades in.
    step = 2 * 0.708 * (1 / 240 + 3 / 480)
    assert np.isfinite(y).all()
    assert np.abs(np.diff(y)).max() <= step
    assert stats.late_events == 0 and stats.not_finite == 0


def test_edits_leak_nothing() -> None:
    device = VirtualDevice(clocked=False)
    with tenuto.Engine(device, channels=(1, 1), blocksize=64) as engine:
        storm = Storm(engine, 3)
        device.step(64)
        bytes_before = engine._graph.arena_bytes
        for _ in range(200):
            storm.edit()
            device.step(64)
        while storm.paths:
            storm.remove()
        device.step(2000)
        engine._graph.tidy()
        device.step(64)
        engine._graph.apply()  # collects what the audio thread has given back
        gc.collect()
        alive = [x for x in gc.get_objects() if type(x) is tenuto.Gain]
        assert engine._graph.arena_bytes == bytes_before
        assert [x.name for x in alive if x._engine is not None and x._engine() is engine] == [
            "last"
        ]


@pytest.mark.realtime
def test_edits_on_a_running_clock_make_no_callback_late_for_longer() -> None:
    def late(edit: bool) -> tuple[int, Any]:
        with tenuto.Engine("virtual", channels=(1, 1), blocksize=64) as engine:
            storm = Storm(engine, 4, lead=1500)
            while engine.frame < 48_000:
                if edit:
                    storm.edit()
            stats = engine.stats()
            return stats.late, stats

    quiet, stormy = late(False), late(True)
    assert stormy[1].late_events == 0
    # A virtual machine loses a callback now and then on its own.
    assert stormy[0] <= quiet[0] + 8, stormy[1]
