# SPDX-License-Identifier: MIT
"""NumPy's scalars are numbers wherever a number is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tenuto
from tenuto.testing import VirtualDevice


def test_a_recorder_and_an_engine_take_them() -> None:
    device = VirtualDevice("index", clocked=False)
    recorder = tenuto.Recorder(
        None,
        device,
        samplerate=np.int64(48_000),
        channels=np.int32(1),
        blocksize=np.int64(64),
        seconds=np.float32(0.1),
        ring_seconds=np.float64(2),
    )
    with recorder:
        recorder.start()
        device.step(9600)
        assert recorder.stop().frames == 4800
    other = VirtualDevice(clocked=False)
    pair: Any = np.array([0, 2])
    with tenuto.Engine(
        other, samplerate=np.int64(48_000), channels=pair, blocksize=np.int32(64)
    ) as engine:
        gain = tenuto.Gain(np.float32(-6))
        engine.connect(tenuto.Oscillator(channels=1), gain)
        engine.connect(gain, engine.output, channel_map=np.array([1, 1]))
        engine.at(np.int64(100)).set(gain, gain_db=np.float64(-3))
        other.step(480)


def test_a_rendering_takes_them() -> None:
    gain = tenuto.Gain()
    sound = tenuto.render(
        None,
        [tenuto.Oscillator(), gain],
        samplerate=np.int64(48_000),
        seconds=np.float32(0.5),
        events=[(np.int64(100), gain, {"gain_db": np.float32(-20)})],
    )
    assert sound.shape == (24_000, 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: tenuto.Source(np.int64(2), buffer_seconds=np.float32(2)),
        lambda: tenuto.Tap(buffer_seconds=np.float32(2)),
        lambda: tenuto.PythonNode(abs, latency=np.float32(0.1)),
        lambda: tenuto.PythonNode(abs, latency_frames=np.int64(256)),
        lambda: tenuto.FileRecorder(seconds=np.float32(0.1)),
        lambda: tenuto.Band(enabled=np.bool_(True)),
        lambda: tenuto.empty(np.int64(10)),
        lambda: tenuto.blocks("virtual", np.int64(512)).close(),
    ],
)
def test_so_do_all_others(make: Callable[[], object]) -> None:
    make()


def test_true_is_no_number() -> None:
    with pytest.raises(ValueError, match="samplerate=True"):
        tenuto.Recorder(None, "virtual", samplerate=True)
    with pytest.raises(ValueError, match="must be between"):
        tenuto.Source(np.bool_(True))
