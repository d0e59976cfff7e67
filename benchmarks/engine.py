# SPDX-License-Identifier: MIT
"""How long does one callback take, and how much fits into it?

*Callback*: stereo at 48 kHz through an eight-band equalizer, compressor, limiter and meter with
true peak, and a branch that is recorded into a WAV file; blocks of 512 and 64 frames on the virtual
device's clock (default real-time request), so each callback finds the caches as its wait left them
(the processor is asked not to sleep meanwhile, where that is allowed: it wakes up slow);
and the same stepped, one block after the other. Percentiles by the engine's own books. Required:
p99 below 60 µs at 512 frames and below 15 µs at 64.

*Peers*: pedalboard and SciPy doing the same equalizer and limiter block by block in the same
process, at the same priority where that is allowed, and our two nodes alone.
SciPy has no limiter: a look-ahead one of `maximum_filter1d` and `uniform_filter1d` stands for it.

*Graph*: 200 nodes of 64 channels at 128 frames: ten ways of gain, biquad, compressor, summed.
Required: median and p99 of the load below 50 % of one core.

*Statistics*: what `Engine.stats` costs whoever calls it. The audio thread does nothing for it.
Required: below 1 % of a block of 64 frames.

Needs pedalboard and scipy (pip).

Usage: python benchmarks/engine.py [--quick] [--repeat 5] [--seconds 5] [--json engine.json]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from _common import (
    Verdict,
    arguments,
    finish,
    machine,
    machine_line,
    median,
    percentile,
    scratch,
    stay_awake,
    table,
)
from _peers import (
    SAMPLERATE,
    compressor,
    equalizer,
    limiter,
    noise,
    pedalboard_of,
    sections,
)

LIMITS_US = {512: 60.0, 64: 15.0}
LOOKAHEAD = 73  # frames, of the stand-in for a limiter


def settled(engine: Any) -> None:
    """Wait until the audio thread's priority has been asked for."""
    until = time.monotonic() + 5
    while engine.scheduling is None and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.1)


def since(before: dict[float, int], after: dict[float, int]) -> list[float]:
    """Durations that came in between, in microseconds, from the histogram's buckets."""
    found: list[float] = []
    for begin, count in after.items():
        found += [begin / 1e3] * (count - before.get(begin, 0))
    return sorted(found)


def percentiles(found: list[float]) -> dict[str, float]:
    return {
        "p50": percentile(found, 0.5),
        "p99": percentile(found, 0.99),
        "max": found[-1],
        "count": len(found),
    }


def callback(blocksize: int, seconds: float, folder: Path, *, clocked: bool) -> dict[str, Any]:
    """One engine; durations of its callbacks in microseconds."""
    import tenuto

    device = tenuto.testing.VirtualDevice(noise(seconds + 2), clocked=clocked)
    engine = tenuto.Engine(device, SAMPLERATE, blocksize, (2, 2))
    last = engine.connect(
        engine.input, equalizer(), compressor(), limiter(), tenuto.Meter(), engine.output
    )
    assert last is engine.output
    recorder = tenuto.FileRecorder(folder / "tap.wav", overwrite=True)
    engine.connect(engine.nodes[-1], recorder)
    books = engine._stream.engine
    with engine:
        if clocked:
            settled(engine)
            before = books.counts()["duration_ns"]
            time.sleep(seconds)
        else:
            device.step(SAMPLERATE // 2)
            before = books.counts()["duration_ns"]
            device.step(round(seconds * SAMPLERATE))
        found = since(before, books.counts()["duration_ns"])
        report = engine.scheduling
        gaps = len(recorder.stop().gaps)
    policy = f"{report.policy} {report.priority}" if report is not None else "stepped"
    return {**percentiles(found), "policy": policy, "gaps": gaps}


# -- the same work elsewhere ---------------------------------------------------------------------


@contextlib.contextmanager
def promoted() -> Iterator[str]:
    """This thread at the priority that audio threads ask for, where that is allowed."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
    except (OSError, AttributeError):
        yield "SCHED_OTHER"
        return
    try:
        yield "SCHED_FIFO 50"
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class SciPyLimiter:
    """Gain that is down before a peak comes: the largest of a window, smoothed by another."""

    def __init__(self) -> None:
        self._before = np.zeros((2 * LOOKAHEAD, 2), np.float32)
        self._ceiling = np.float32(10 ** (-1 / 20))

    def __call__(self, block: Any) -> Any:
        from scipy.ndimage import maximum_filter1d, uniform_filter1d

        x = np.concatenate([self._before, block])
        peak = maximum_filter1d(np.abs(x).max(axis=1), LOOKAHEAD)
        gain = uniform_filter1d(self._ceiling / np.maximum(peak, self._ceiling), LOOKAHEAD)
        at = LOOKAHEAD
        self._before = x[len(block) :]
        return x[at : at + len(block)] * gain[at : at + len(block), None]


def peers(blocksize: int) -> dict[str, Callable[[Any], Any]]:
    """Functions that take a block, shape (frames, 2)."""
    from scipy import signal

    board = pedalboard_of("equalizer", "limiter")
    design = sections().astype(np.float32)
    state = np.zeros((len(design), 2, 2), np.float32)
    limit = SciPyLimiter()

    def by_pedalboard(block: Any) -> Any:
        return board(np.ascontiguousarray(block.T), SAMPLERATE, reset=False)

    def by_scipy(block: Any) -> Any:
        nonlocal state
        out, state = signal.sosfilt(design, block, axis=0, zi=state)
        return limit(out)

    from tenuto import _core

    eq = equalizer()._instance(SAMPLERATE, 2, blocksize).core
    lim = limiter()._instance(SAMPLERATE, 2, blocksize).core

    def by_nodes(block: Any) -> Any:
        planar = np.ascontiguousarray(block.T)
        return _core.run_node(lim, _core.run_node(eq, planar, [blocksize]), [blocksize])

    return {"pedalboard": by_pedalboard, "SciPy": by_scipy, "tenuto's nodes": by_nodes}


def peer_blocks(blocksize: int, count: int) -> dict[str, dict[str, Any]]:
    sound = noise(1)
    out: dict[str, dict[str, Any]] = {}
    for who, work in peers(blocksize).items():
        found = []
        with promoted() as policy:
            for i in range(count + 50):
                at = i * blocksize % (len(sound) - blocksize)
                block = sound[at : at + blocksize]
                began = time.perf_counter_ns()
                work(block)
                if i >= 50:  # the first ones fill the caches
                    found.append((time.perf_counter_ns() - began) / 1e3)
        out[who] = {**percentiles(sorted(found)), "policy": policy}
    return out


# -- a large graph, and the books ----------------------------------------------------------------


def large_graph(seconds: float) -> dict[str, Any]:
    """Load of 200 nodes of 64 channels, as a share of one core."""
    import tenuto

    engine = tenuto.Engine("virtual", SAMPLERATE, 128, (64, 64))
    for way in range(10):
        nodes: list[Any] = []
        for i in range(20):
            kind = i % 3
            if kind == 0:
                nodes.append(tenuto.Gain(-0.1 * way))
            elif kind == 1:
                nodes.append(tenuto.Biquad("peaking", 100.0 * (i + 1), 3.0))
            else:
                nodes.append(tenuto.Compressor())
        engine.connect(engine.input, *nodes, engine.output, gain_db=-1)
    books = engine._stream.engine
    with engine:
        settled(engine)
        before = books.counts()["duration_ns"]
        time.sleep(seconds)
        found = since(before, books.counts()["duration_ns"])
        nodes_in = len(engine.nodes)
    block_us = 128 / SAMPLERATE * 1e6
    shares = percentiles([us / block_us for us in found])
    return {**shares, "nodes": nodes_in}


def stats_cost(count: int) -> float:
    """Microseconds of one call, the median."""
    import tenuto

    with tenuto.Engine("virtual", blocksize=64) as engine:
        engine.connect(engine.input, engine.output)
        settled(engine)
        time.sleep(0.5)
        found = []
        for _ in range(count):
            began = time.thread_time_ns()
            engine.stats()
            found.append((time.thread_time_ns() - began) / 1e3)
    return median(found)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")


def main() -> None:
    args = arguments(__doc__ or "", options)
    facts = machine()
    print(machine_line(facts))
    stay_awake()
    seconds = 1.0 if args.quick else args.seconds
    repeat = args.repeat or (1 if args.quick else 5)
    runs: dict[str, dict[str, list[dict[str, Any]]]] = {}
    graphs = []
    with scratch() as folder:
        for _ in range(repeat):
            for blocksize in LIMITS_US:
                here = runs.setdefault(str(blocksize), {})
                for how in ("on the clock", "stepped"):
                    found = callback(blocksize, seconds, folder, clocked=how == "on the clock")
                    here.setdefault(f"tenuto, {how}", []).append(found)
                for who, found in peer_blocks(blocksize, round(seconds * 400)).items():
                    here.setdefault(f"{who}, equalizer + limiter", []).append(found)
            graphs.append(large_graph(seconds))
    cost = stats_cost(100 if args.quick else 1000)

    verdicts = []
    for blocksize, limit in LIMITS_US.items():
        rows, middle = [], {}
        for who, found in runs[str(blocksize)].items():
            middle[who] = {k: median([f[k] for f in found]) for k in ("p50", "p99", "max")}
            rows.append([who, *(f"{middle[who][k]:.1f}" for k in middle[who]), found[0]["policy"]])
        print(
            f"\n{blocksize} frames ({blocksize / SAMPLERATE * 1e6:.0f} µs); µs per block, "
            f"medians of {repeat} runs of {seconds:g} s"
        )
        print(table(["", "p50", "p99", "max", "policy"], rows))
        p99 = middle["tenuto, on the clock"]["p99"]
        verdicts.append(
            Verdict(
                f"{blocksize} frames: p99 of one callback below {limit:g} µs",
                f"{p99:.1f} µs on the clock, {middle['tenuto, stepped']['p99']:.1f} µs stepped",
                p99 < limit,
            )
        )
    share = {k: median([g[k] for g in graphs]) for k in ("p50", "p99", "max")}
    print(
        f"\n{graphs[0]['nodes']} nodes of 64 channels, 128 frames: load "
        + ", ".join(f"{k} {100 * v:.1f} %" for k, v in share.items())
    )
    verdicts.append(
        Verdict(
            "200 nodes of 64 channels at 128 frames below 50 % of one core",
            f"median {100 * share['p50']:.1f} %, p99 {100 * share['p99']:.1f} %",
            share["p99"] < 0.5,
        )
    )
    block_us = 64 / SAMPLERATE * 1e6
    verdicts.append(
        Verdict(
            "Engine.stats below 1 % of a block of 64 frames",
            f"{cost:.1f} of {block_us:.0f} µs, {100 * cost / block_us:.2f} %",
            cost < 0.01 * block_us,
        )
    )
    finish(args, facts, {"blocks": runs, "graph": graphs, "stats_us": cost}, verdicts)


if __name__ == "__main__":
    main()
