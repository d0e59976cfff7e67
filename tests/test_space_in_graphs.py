# SPDX-License-Identifier: MIT
"""Delays that close loops, places of a mixer, and effects in a chain's file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto
from tenuto.testing import VirtualDevice

NOISE = np.random.default_rng(6).uniform(-0.2, 0.2, 8000).astype(np.float32)


@contextmanager
def stepped(x: np.ndarray) -> Iterator[tuple[tenuto.Engine, VirtualDevice]]:
    """Give an engine on a device that is stepped by hand; it does not run yet."""
    device = VirtualDevice(x, clocked=False)
    channels = x.shape[1] if x.ndim > 1 else 1
    engine = tenuto.Engine(device, channels=(channels, channels), blocksize=128)
    try:
        yield engine, device
    finally:
        engine.close()


def test_a_loop_through_a_delay_sounds_as_feedback_does() -> None:
    with stepped(NOISE) as (engine, device):
        echo, softer, joint = tenuto.Delay(delay_frames=300), tenuto.Gain(-6), tenuto.Gain()
        engine.connect(engine.input, joint, echo, softer, joint)
        recorder = engine.connect(echo, tenuto.FileRecorder())
        engine.start()
        device.step(len(NOISE))
        found = recorder.stop().to_numpy()[:, 0]
    expected = np.zeros(len(NOISE) + 300)
    for n in range(len(NOISE)):
        expected[n + 300] = NOISE[n] + 10 ** (-6 / 20) * expected[n]
    # Sums of at most 27 repetitions, each rounded to float32.
    assert np.abs(found - expected[: len(found)]).max() < 1e-6
    assert len(found) == len(NOISE)


def test_a_loop_through_a_delay_that_is_too_short_or_not_all_echo_is_refused() -> None:
    for echo in (tenuto.Delay(delay_frames=127), tenuto.Delay(delay_frames=500, mix=0.5)):
        with stepped(NOISE) as (engine, _):
            gain = tenuto.Gain()
            engine.connect(engine.input, echo, gain)
            with pytest.raises(tenuto.GraphError):
                engine.connect(gain, echo)


def test_sources_of_a_mixer_are_connected_by_their_number() -> None:
    with stepped(np.column_stack([NOISE, -NOISE])) as (engine, device):
        desk = tenuto.Mixer(3, 2, [[None, None], [0, None], [0, -6]])
        one, other = tenuto.Gain(), tenuto.Gain(-20)
        engine.connect(engine.input, one, channel_map=[1])
        engine.connect(engine.input, other, channel_map=[2])
        engine.connect(one, desk.source(2))
        engine.connect(other, desk.source(1))
        recorder = engine.connect(desk, tenuto.FileRecorder())
        engine.start()
        device.step(len(NOISE))
        found = recorder.stop().to_numpy()
    expected = np.column_stack([0.9 * NOISE, 10 ** (-6 / 20) * NOISE])
    assert np.abs(found - expected).max() < 1e-6


def test_a_chain_with_all_of_them_comes_back_from_its_file(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "room.wav", NOISE[:500], 48000)
    chain = tenuto.Chain(
        [
            tenuto.Pan(-0.3, law="linear"),
            tenuto.Delay(0.01, feedback=0.3, mix=0.5),
            tenuto.Convolver(tmp_path / "room.wav", normalise=True),
            tenuto.Mixer(2, 2, [[0, -10], [None, 0]]),
            tenuto.Reverb(0.4),
        ]
    )
    chain.save(tmp_path / "space.toml")
    again = tenuto.Chain.load(tmp_path / "space.toml")
    assert again.to_toml() == chain.to_toml()
    found = tenuto.render(NOISE, list(again), samplerate=48000)
    assert np.array_equal(found, tenuto.render(NOISE, list(chain), samplerate=48000))
    with pytest.raises(tenuto.FileError, match=r'node 1 \(Mixer\): the key "rows" is not known'):
        tenuto.Chain.from_toml('[[node]]\ntype = "Mixer"\nrows = 2')
