# SPDX-License-Identifier: MIT
"""Plain Python as a node: exactly late, never in the way, replaced when its process is gone."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray

import tenuto
from support import python_dsp
from tenuto.testing import VirtualDevice

LATENCY, BLOCK = 1000, 250
PATIENCE_SECONDS = 60.0

Samples = NDArray[np.float32]


class Rig:
    """A node between a stepped device and a tap."""

    def __init__(self, node: tenuto.PythonNode, x: Samples, blocksize: int = 128) -> None:
        self.node = node
        self.device = VirtualDevice(x, clocked=False)
        self.engine = tenuto.Engine(self.device, blocksize=blocksize, channels=(1, 0))
        self.tap = self.engine.connect(self.engine.input, node, tenuto.Tap())
        self.engine.start()

    def step(self, frames: int, *, wait: bool = True) -> Samples:
        """Let frames pass, in pieces that leave the worker the time it is promised."""
        done = 0
        while done < frames:
            some = min(self.node._most_at_once(), frames - done) if wait else frames
            if wait:
                self.settle()
            self.device.step(some, wait_for_disk=wait)
            done += some
        block = self.tap.read(frames)
        assert block is not None and len(block) == frames
        samples: Samples = block.samples[:, 0]
        return samples

    def settle(self) -> None:
        """Until the worker has answered everything."""
        exchange = self.node._exchange
        assert exchange is not None
        until_true(lambda: exchange.waiting == 0 and exchange.facts()["busy"] == 0)


def until_true(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.001)


@pytest.fixture
def rig() -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(*args: Any, **options: Any) -> Rig:
        made.append(Rig(*args, **options))
        return made[-1]

    yield make
    for one in made:
        one.engine.close()


def noise(frames: int) -> Samples:
    return np.random.default_rng(5).uniform(-1, 1, frames).astype(np.float32)


def node(func: Callable[..., Any] = python_dsp.negative, **options: Any) -> tenuto.PythonNode:
    return tenuto.PythonNode(func, **({"latency_frames": LATENCY, "block_frames": BLOCK} | options))


# -- in its own thread ---------------------------------------------------------------------------


@pytest.mark.parametrize("blocksize", [1, 64, 250, 1000, 1024])
def test_output_is_the_answer_to_the_input_one_latency_before(rig: Any, blocksize: int) -> None:
    x = noise(6000)
    live = rig(node(), x, blocksize=blocksize)
    y = live.step(6000)
    assert not y[:LATENCY].any()
    assert np.array_equal(y[LATENCY:], -x[:-LATENCY])
    stats = live.node.stats()
    assert (stats.late_blocks, stats.played_blocks, stats.errors) == (0, 20, 0)
    assert live.engine.latency_frames == 0  # of the output, which nothing leads to


@pytest.mark.parametrize(
    ("latency", "block", "frames"), [(2, 1, 50), (100, 7, 1000), (4800, None, 100), (999, 499, 1)]
)
def test_rendering_waits_for_the_worker_and_is_aligned(
    latency: int, block: int | None, frames: int
) -> None:
    x = noise(frames)
    one = node(latency_frames=latency, block_frames=block)
    assert np.array_equal(tenuto.render(x, [one])[:, 0], -x)
    assert one.stats().late_blocks == 0


def test_a_function_keeps_what_it_remembers_from_block_to_block() -> None:
    x = noise(3000)
    y = tenuto.render(x, [node(python_dsp.OnePole(0.5))])[:, 0]
    expected = scipy.signal.lfilter([1], [1, -0.5], x.astype(np.float64))
    assert y == pytest.approx(expected, abs=1e-6)  # each value was rounded to float32


def test_it_may_give_another_number_of_channels() -> None:
    one = node(lambda block: np.repeat(block, 3, axis=1), channels=3)
    y = tenuto.render(noise(1000), [one], channels=3)
    assert y.shape == (1000, 3) and np.array_equal(y[:, 0], y[:, 2]) and y.any()


@pytest.mark.parametrize("on_late", ["silence", "pass"])
def test_a_late_answer_is_replaced_counted_and_never_played_later(rig: Any, on_late: str) -> None:
    x = noise(8000)
    go_on, blocks = threading.Event(), 0

    def slow_once(block: Samples) -> Samples:
        nonlocal blocks
        blocks += 1
        if blocks == 5:  # of the frames from 1000 on
            go_on.wait(PATIENCE_SECONDS)
        return -block

    live = rig(node(slow_once, on_late=on_late), x)
    early = live.step(1250)
    until_true(lambda: blocks == 5)
    # From frame 2000 on the answer to the fifth block is due, and by 2500 that to the next two.
    late = live.step(1250, wait=False)
    go_on.set()
    live.settle()
    rest = live.step(2000)
    y = np.concatenate([early, late, rest])
    assert np.array_equal(y[1000:2000], -x[:1000])
    instead = x[1000:1500] if on_late == "pass" else np.zeros(500)
    assert np.array_equal(y[2000:2500], instead)
    stats = live.node.stats()
    assert (stats.late_blocks, stats.errors) == (2, 0)
    # What was not too late when the worker went on is played at its place.
    assert np.array_equal(y[2500:], -x[1500:3500])


def test_an_error_is_told_and_the_stream_goes_on(rig: Any) -> None:
    x = noise(6000)
    x[100] = python_dsp.RAISE
    live = rig(node(python_dsp.obey), x)
    y = live.step(6000)
    assert not y[LATENCY : LATENCY + BLOCK].any()
    assert np.array_equal(y[LATENCY + BLOCK :], -x[BLOCK:-LATENCY])
    (event,) = live.node.worker_events
    assert event.kind == "error" and "ArithmeticError: told to" in event.text
    assert (live.node.stats().errors, live.node.stats().late_blocks) == (1, 1)


@pytest.mark.parametrize("answer", [None, "sound", np.zeros((3, 1)), np.zeros((BLOCK, 2))])
def test_what_is_no_answer_is_an_error(rig: Any, answer: Any) -> None:
    live = rig(node(lambda block: answer), noise(2000))
    assert not live.step(2000).any()
    assert live.node.stats().errors > 0
    assert live.node.worker_events[0].kind == "error"


def test_what_is_not_finite_becomes_silence(rig: Any) -> None:
    live = rig(node(lambda block: np.where(block > 0, np.nan, np.inf)), noise(3000))
    assert not live.step(3000).any()
    assert live.node.stats().played_blocks > 0


def test_rendering_raises_what_the_function_raised() -> None:
    x = noise(5000)
    x[0] = python_dsp.RAISE
    with pytest.raises(tenuto.TenutoError, match="ArithmeticError: told to"):
        tenuto.render(x, [node(python_dsp.obey)])


def test_a_callback_does_not_wait_for_a_function_that_hangs(rig: Any) -> None:
    never = threading.Event()
    live = rig(node(lambda block: never.wait(PATIENCE_SECONDS) or block), noise(1000))
    live.step(48_000, wait=False)  # it comes back: nothing waited
    assert live.node.stats().late_blocks == (48_000 - LATENCY) // BLOCK
    assert live.node.stats().left_out_blocks > 0
    never.set()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"func": 3}, "give a function"),
        ({"latency": 0.0}, "latency=0.0"),
        ({"latency": 0.1, "latency_frames": 10}, "not both"),
        ({"where": "gpu"}, "thread.*process"),
        ({"on_late": "wait"}, "silence.*pass"),
        ({"block_frames": 0}, "block_frames=0"),
        ({"hang_seconds": 0}, "hang_seconds"),
    ],
)
def test_what_is_out_of_range_is_refused_by_name(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tenuto.PythonNode(**({"func": abs} | options))


def test_what_does_not_fit_together_is_refused_when_it_is_connected() -> None:
    x = noise(10)
    with pytest.raises(ValueError, match="more than half of the latency"):
        tenuto.render(x, [node(latency_frames=100, block_frames=51)])
    with pytest.raises(tenuto.GraphError, match="as many channels in"):
        tenuto.render(x, [node(channels=2, on_late="pass")], channels=2)


# -- in a process of its own ---------------------------------------------------------------------

in_process = {"where": "process", "latency_frames": 4800, "block_frames": 1200}


def test_a_process_gives_what_a_thread_gives_and_ends_with_the_engine(rig: Any) -> None:
    x = noise(20_000)
    live = rig(node(python_dsp.make_one_pole, is_factory=True, **in_process), x)
    pid = live.node.worker_pid
    assert pid is not None and pid != os.getpid()
    y = live.step(20_000)
    expected = scipy.signal.lfilter([1], [1, -0.5], x.astype(np.float64))
    assert y[4800:] == pytest.approx(expected[:-4800], abs=1e-6)
    live.engine.close()
    assert live.node.worker_pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("order", "kind", "text"),
    [
        (python_dsp.CRASH, "crashed", "exit code -11"),
        (python_dsp.EXIT, "crashed", "exit code 3"),
        (python_dsp.HANG, "hung", "at one block for 0.3 s"),
        (None, "crashed", "exit code -9"),
    ],
    ids=["crashes", "exits", "hangs", "is killed"],
)
def test_a_process_that_is_lost_is_told_and_replaced_while_sound_goes_on(
    rig: Any, order: float | None, kind: str, text: str
) -> None:
    x = noise(100_000)
    if order is not None:
        x[10_000] = order
    live = rig(node(python_dsp.obey, hang_seconds=0.3, **in_process), x)
    first = live.node.worker_pid
    live.step(9600)  # 8 blocks
    if order is None:
        os.kill(first, signal.SIGKILL)
    live.step(2400, wait=False)  # the order is on its way
    until_true(lambda: len(live.node.worker_events) > 0)
    live.step(9600, wait=False)
    until_true(lambda: live.node.stats().restarts == 1)
    assert live.node.worker_pid != first
    assert [event.kind for event in live.node.worker_events] == [kind, "restarted"]
    assert text in live.node.worker_events[0].text
    stats = live.node.stats()
    assert (stats.crashes, stats.hangs) == ((1, 0) if kind == "crashed" else (0, 1))
    late_then = stats.late_blocks
    assert late_then > 0
    live.settle()
    live.step(7200)  # what was stale meanwhile goes by
    late_then = live.node.stats().late_blocks
    y = live.step(24_000)
    at = 9600 + 12_000 + 7200
    assert np.array_equal(y, -x[at - 4800 : at - 4800 + 24_000])
    assert live.node.stats().late_blocks == late_then


def test_a_function_that_raises_in_a_process_is_told_by_its_words(rig: Any) -> None:
    x = noise(10_000)
    x[0] = python_dsp.RAISE
    live = rig(node(python_dsp.obey, **in_process), x)
    live.step(9600)
    until_true(lambda: bool(live.node.worker_events))
    assert "ArithmeticError: told to" in live.node.worker_events[0].text
    assert live.node.stats().crashes == 0


def test_a_function_that_cannot_be_sent_or_made_is_refused_at_the_start() -> None:
    with pytest.raises(tenuto.TenutoError, match="importable"):
        tenuto.render(noise(10), [node(lambda block: block, where="process")])
    one = node(python_dsp.make_nothing, is_factory=True, where="process")
    with pytest.raises(tenuto.TenutoError, match="no such model on this machine"):
        tenuto.render(noise(10), [one])


def test_memory_that_is_no_exchange_is_not_taken_for_one() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(bytes(4096))
        file.flush()
        with pytest.raises(RuntimeError, match="no exchange"):
            tenuto._core.Exchange.attach(os.dup(file.fileno()))
    with pytest.raises(RuntimeError, match="no exchange"):
        tenuto._core.Exchange.attach(-1)
