# SPDX-License-Identifier: MIT
"""Edits of a graph that sounds: each way through it is faded once, and nothing that need not be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import tenuto
from support.every_node import EFFECTS, SOURCES
from tenuto.testing import VirtualDevice


def largest_step(edit: Callable[[tenuto.Engine], None], chain: int) -> float:
    """Of a constant 1.0 through a chain of gains, while `edit` happens; a fade's is 1/240."""
    device = VirtualDevice(np.ones(100_000, np.float32), clocked=False)
    with tenuto.Engine(device, channels=(1, 1), blocksize=64) as engine:
        last = tenuto.Gain(name="last")
        engine.connect(engine.input, *(tenuto.Gain(name=f"{n}") for n in range(chain)), last)
        recorder = engine.connect(last, tenuto.FileRecorder())
        device.step(1000)
        edit(engine)
        device.step(1000)
        heard = recorder.stop().to_numpy()[:, 0]
    return float(np.abs(np.diff(heard)).max())


def remove_all(engine: tenuto.Engine) -> None:
    for node in engine.nodes:
        if node.name.isdecimal():
            engine.remove(node, force=True)


def put_another_way(engine: tenuto.Engine) -> None:
    last = next(node for node in engine.nodes if node.name == "last")
    engine.connect(engine.input, *(tenuto.Gain(name="new") for _ in range(5)), last)
    remove_all(engine)


@pytest.mark.parametrize("edit", [remove_all, put_another_way])
@pytest.mark.parametrize("chain", [1, 3, 8])
def test_fades_of_nodes_in_a_row_do_not_multiply(
    edit: Callable[[tenuto.Engine], None], chain: int
) -> None:
    # In single precision a step of the ramp may be half a unit in the last place (6e-8) larger.
    assert largest_step(edit, chain) < 1 / 240 + 1e-6


def test_a_fade_that_has_begun_is_taken_back_when_what_it_led_to_leaves_too() -> None:
    device = VirtualDevice(np.ones(100_000, np.float32), clocked=False)
    with tenuto.Engine(device, channels=(1, 1), blocksize=64) as engine:
        first, second, last = (tenuto.Gain(name=name) for name in ("1", "2", "last"))
        engine.connect(engine.input, first, second, last)
        recorder = engine.connect(last, tenuto.FileRecorder())
        device.step(1000)
        engine.remove(first, force=True)
        device.step(128)
        engine.remove(second, force=True)
        device.step(1000)
        heard = recorder.stop().to_numpy()[:, 0]
    assert not heard[-500:].any()
    assert np.abs(np.diff(heard)).max() < 2 / 240  # one goes up, the other one down


@pytest.mark.parametrize("name", EFFECTS)
def test_what_has_no_voice_answers_to_silence_with_silence(name: str) -> None:
    node = EFFECTS[name]()
    assert not node.has_voice
    assert not tenuto.render(np.zeros((9600, 2)), node, samplerate=48_000).any()


@pytest.mark.parametrize("name", SOURCES)
def test_sources_have_a_voice(name: str) -> None:
    assert SOURCES[name]().has_voice


def test_a_recorder_that_joins_a_running_engine_has_the_first_frame_whole() -> None:
    device = VirtualDevice(np.ones(100_000, np.float32), clocked=False)
    with tenuto.Engine(device, channels=(1, 1), blocksize=64) as engine:
        gain = engine.connect(engine.input, tenuto.Gain())
        device.step(1000)
        recorder = engine.connect(gain, tenuto.FileRecorder())
        device.step(1000)
        assert np.array_equal(recorder.stop().to_numpy(), np.ones((1000, 1)))
