# SPDX-License-Identifier: MIT
"""Every node gives the same samples live (on a stepped device) and offline."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import tenuto
from support.every_node import EFFECTS, SOURCES
from tenuto.testing import VirtualDevice

FRAMES = 6000


def live(node: tenuto.Node, x: np.ndarray | None, channels: int) -> np.ndarray:
    device = VirtualDevice("silence" if x is None else x, clocked=False)
    recorder = tenuto.FileRecorder()
    # 96 frames live, 512 offline: how sound is cut must not matter.
    engine = tenuto.Engine(device, channels=(channels, 0), blocksize=96)
    if x is None:
        engine.connect(node, recorder)
    else:
        engine.connect(engine.input, node, recorder)
    with engine:  # what is connected later would fade in
        late = engine.latency_to(recorder)
        device.step(FRAMES + late)
        return recorder.stop().to_numpy()[late:]


@pytest.mark.parametrize("make", EFFECTS.values(), ids=EFFECTS)
def test_an_effect_is_the_same_live_and_offline(make: Callable[[], tenuto.Node]) -> None:
    x = np.random.default_rng(8).uniform(-0.7, 0.7, (FRAMES, 2)).astype(np.float32)
    offline = tenuto.render(x, make(), samplerate=48000)
    heard = live(make(), x, 2)
    assert np.any(offline) and heard.shape == offline.shape
    # The engine's input ends with the array; behind it both get silence.
    np.testing.assert_array_equal(heard, offline)


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_a_source_is_the_same_live_and_offline(make: Callable[[], tenuto.Node]) -> None:
    offline = tenuto.render(None, make(), samplerate=48000, seconds=FRAMES / 48000)
    assert np.any(offline)
    np.testing.assert_array_equal(live(make(), None, 1), offline)
