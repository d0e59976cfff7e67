# SPDX-License-Identifier: MIT
"""The graph: how nodes are connected, what is refused, what an edit does to the sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import tenuto
from tenuto.testing import VirtualDevice

Rig = Callable[..., tuple[tenuto.Engine, VirtualDevice]]


@pytest.fixture
def rig() -> Iterator[Rig]:
    """Make engines on a stepped device that is fed an array."""
    engines: list[tenuto.Engine] = []

    def make(source: Any = "silence", channels: Any = (1, 1), **options: Any) -> Any:
        device = VirtualDevice(source, clocked=False)
        engines.append(tenuto.Engine(device, channels=channels, **options))
        return engines[-1], device

    yield make
    for engine in engines:
        engine.close()


def record(
    engine: tenuto.Engine, device: VirtualDevice, last: tenuto.Node | Any, frames: int
) -> NDArray[np.float32]:
    recorder = engine.connect(last, tenuto.FileRecorder())
    engine.start()
    device.step(frames)
    return recorder.stop().to_numpy()


def test_several_connections_into_one_place_are_summed(rig: Rig) -> None:
    engine, device = rig(np.ones(512))
    half, quarter, last = tenuto.Gain(-6.0206), tenuto.Gain(-12.0412), tenuto.Gain()
    engine.connect(engine.input, half, last)
    engine.connect(engine.input, quarter, last)
    assert record(engine, device, last, 512) == pytest.approx(0.75, abs=1e-4)


def test_one_channel_goes_to_all_and_a_map_picks(rig: Rig) -> None:
    x = np.column_stack([np.full(256, 0.1), np.full(256, 0.2)]).astype(np.float32)
    engine, device = rig(x, (2, 2))
    left, swapped = tenuto.Gain(name="left"), tenuto.Gain(name="swapped")
    engine.connect(engine.input, left, channel_map=[1])
    engine.connect(left, engine.output)
    engine.connect(engine.input, swapped, channel_map=[2, 1, None])
    taken = record(engine, device, swapped, 256)
    assert taken.shape == (256, 3)
    assert taken[0] == pytest.approx([0.2, 0.1, 0.0])


def test_channels_that_do_not_fit_are_refused_with_a_remedy(rig: Rig) -> None:
    engine, _ = rig(channels=(2, 3))
    with pytest.raises(tenuto.GraphError, match=r"has 2 channels.*takes 3.*channel_map=\[1, 2\]"):
        engine.connect(engine.input, engine.output)
    assert engine.connections == ()


def test_connecting_twice_is_refused_and_changes_nothing(rig: Rig) -> None:
    engine, _ = rig()
    gain = tenuto.Gain()
    engine.connect(engine.input, gain, engine.output)
    with pytest.raises(tenuto.GraphError, match="connected already"):
        engine.connect(engine.input, gain)
    assert len(engine.connections) == 2


def test_a_loop_without_a_delay_is_refused_by_its_names(rig: Rig) -> None:
    engine, _ = rig()
    a, b = tenuto.Gain(name="first"), tenuto.Gain(name="second")
    engine.connect(engine.input, a, b, engine.output)
    with pytest.raises(tenuto.GraphError, match=r"first → second → first|second → first → second"):
        engine.connect(b, a)
    assert len(engine.connections) == 3


def test_a_node_in_use_is_not_removed_unless_asked_to(rig: Rig) -> None:
    engine, _ = rig()
    gain = tenuto.Gain()
    engine.connect(engine.input, gain, engine.output)
    with pytest.raises(tenuto.GraphError, match=r"in use.*input → gain, gain → output"):
        engine.remove(gain)
    engine.remove(gain, force=True)
    assert engine.nodes == () and engine.connections == ()
    with pytest.raises(tenuto.GraphError, match="not in this engine"):
        engine.remove(gain)


def test_a_node_of_another_engine_is_refused(rig: Rig) -> None:
    (one, _), (other, _) = rig(), rig()
    gain = tenuto.Gain()
    one.connect(one.input, gain)
    with pytest.raises(tenuto.GraphError, match="in another engine"):
        other.connect(other.input, gain)
    with pytest.raises(tenuto.GraphError, match=r"belongs to another engine"):
        other.connect(one.input, other.output)


@pytest.mark.parametrize("places", [(), ("only one",)])
def test_a_chain_needs_two_places(rig: Rig, places: tuple[Any, ...]) -> None:
    engine, _ = rig()
    with pytest.raises(tenuto.GraphError, match="at least two"):
        engine.connect(*places)


def test_gain_and_mute_of_a_connection_are_heard(rig: Rig) -> None:
    engine, device = rig(np.ones(4800))
    last = tenuto.Gain()
    engine.connect(engine.input, last, gain_db=-6.0206)
    connection = engine.connection(engine.input, last)
    with engine.at(2400):
        connection.mute = True
    taken = record(engine, device, last, 4800)[:, 0]
    assert taken[:2400] == pytest.approx(0.5, abs=1e-4)
    # 10 ms in a straight line, then silence.
    assert taken[2400 + 239] == pytest.approx(0.25, abs=1e-3)
    assert np.all(taken[2400 + 480 :] == 0)


def test_a_parameter_takes_effect_at_the_frame_asked_for_whatever_the_blocks(rig: Rig) -> None:
    results = []
    for blocksize in (1, 16, 100, 1024):
        engine, device = rig(np.ones(4000), blocksize=blocksize)
        gain = tenuto.Gain()
        engine.connect(engine.input, gain, engine.output)
        engine.at(1001).set(gain, gain_db=-20)
        results.append(record(engine, device, gain, 4000)[:, 0])
        assert np.all(results[-1][:1001] == 1) and results[-1][1001] < 1
        assert engine.stats().late_events == 0
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])


def test_live_and_offline_give_the_same_samples(rig: Rig) -> None:
    x = np.random.default_rng(5).uniform(-1, 1, 5000).astype(np.float32)
    engine, device = rig(x)
    gain = tenuto.Gain()
    engine.connect(engine.input, gain)
    engine.at(777).set(gain, gain_db=-11)
    live = record(engine, device, gain, 5000)
    other = tenuto.Gain()
    offline = tenuto.render(x, other, samplerate=48000, events=[(777, other, {"gain_db": -11})])
    np.testing.assert_array_equal(live, offline)


def test_edits_while_sound_runs_leave_no_step(rig: Rig) -> None:
    engine, device = rig(np.ones(48_000))
    a, b, last = tenuto.Gain(), tenuto.Gain(-3), tenuto.Gain()
    engine.connect(engine.input, a, last)
    recorder = engine.connect(last, tenuto.FileRecorder())
    engine.start()
    device.step(4800)
    engine.connect(engine.input, b, last)  # a second path
    device.step(4800)
    engine.disconnect(a, last)
    device.step(4800)
    engine.remove(b, force=True)
    device.step(4800)
    y = recorder.stop().to_numpy()[:, 0]
    # 5 ms are 240 frames, a path carries at most 1, and two of its connections may fade at a time:
    # no step above 2 / 240.
    assert np.abs(np.diff(y)).max() <= 2 / 240 + 1e-6
    assert y[4700] == 1 and y[9500] == pytest.approx(1.708, abs=1e-3)
    assert y[14_300] == pytest.approx(0.708, abs=1e-3) and y[-1] == 0


def test_what_has_faded_out_is_let_go(rig: Rig) -> None:
    engine, device = rig(np.ones(48_000))
    gain = tenuto.Gain()
    engine.connect(engine.input, gain, engine.output)
    engine.start()
    device.step(1000)
    engine.remove(gain, force=True)
    assert engine._graph._leaving
    device.step(2000)
    engine._graph.tidy()
    assert not engine._graph._leaving


def test_a_path_can_be_turned_round_while_sound_runs() -> None:
    with tenuto.Engine("virtual", channels=(1, 1)) as engine:
        a, b = tenuto.Gain(name="a"), tenuto.Gain(name="b")
        engine.connect(engine.input, a, b, engine.output)
        engine.disconnect(a, b)
        engine.connect(b, a)  # with the old one still fading out this would be a loop
        assert [c.source.name for c in engine.connections].count("b") == 2


def test_not_finite_input_becomes_silence_and_is_counted(rig: Rig) -> None:
    x = np.ones(600, np.float32)
    x[100], x[200], x[300] = np.nan, np.inf, -np.inf
    engine, device = rig(x)
    gain = tenuto.Gain()
    engine.connect(engine.input, gain)
    y = record(engine, device, gain, 600)[:, 0]
    assert engine.stats().not_finite == 3
    assert np.flatnonzero(y == 0).tolist() == [100, 200, 300]


def test_two_hundred_nodes_share_few_buffers(rig: Rig) -> None:
    engine, _ = rig(channels=(8, 8))
    engine.connect(engine.input, *(tenuto.Gain() for _ in range(200)), engine.output)
    # Of a chain no more than two sounds live at a time, and one sum: not 200.
    assert engine._graph.arena_bytes < 40 * 8 * (128 + 16) * 4


def test_the_samplerate_of_an_engine_cannot_change(rig: Rig) -> None:
    engine, _ = rig()
    with pytest.raises(tenuto.TenutoError, match=r"runs at 48000 Hz.*make a new one"):
        engine.samplerate = 44_100
