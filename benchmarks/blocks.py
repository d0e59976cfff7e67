# SPDX-License-Identifier: MIT
"""What eight block readers cost an event loop, and how soon they are woken.

*Lag*: how late the loop runs a timer that is due every 5 ms, without readers and with eight
`async for` loops over `tenuto.blocks` (1024 frames at 48 kHz from eight virtual devices; each block
is converted to int16). *Wake-up*: from when a block's last frame arrived (the device's callback,
filtered) to when the loop has the block. *Stall*: the loop is held up for 0.3 s every second;
nothing may be lost. By turns, `--repeat` times.

Required: median lag with readers at most 1 ms above that without; wake-up at most 2 ms in the
median; no frame lost in any case; one thread more than the devices' own for all readers.

Usage: python benchmarks/blocks.py [--quick] [--repeat 5] [--json blocks.json]
"""

from __future__ import annotations

import asyncio
import os
import resource
import time
from dataclasses import dataclass, field
from typing import Any

from _common import (
    Verdict,
    arguments,
    finish,
    machine,
    machine_line,
    median,
    percentile,
    table,
)

import tenuto

READERS, TIMER_SECONDS, HOLD_SECONDS = 8, 0.005, 0.3


@dataclass
class Run:
    """One measurement."""

    lag_ms: list[float] = field(default_factory=list)
    wake_ms: list[float] = field(default_factory=list)
    blocks: int = 0
    lost_frames: int = 0
    threads: int = 0
    cpu_share: float = 0.0


async def tick(run: Run, until: float) -> None:
    due = time.monotonic() + TIMER_SECONDS
    while due < until:
        await asyncio.sleep(due - time.monotonic())
        run.lag_ms.append(1e3 * (time.monotonic() - due))
        due = max(due + TIMER_SECONDS, time.monotonic())


async def read(run: Run, stream: tenuto.BlockStream) -> None:
    async for block in stream:
        now = time.monotonic()
        whole = block.valid == stream.blocksize
        if whole:  # the last one is cut short by the end
            run.wake_ms.append(1e3 * (now - block.time - stream.blocksize / stream.samplerate))
        run.blocks += 1
    run.lost_frames += stream.lost_frames


async def hold(until: float) -> None:
    while time.monotonic() + 1 < until:
        await asyncio.sleep(0.7)
        time.sleep(HOLD_SECONDS)  # on purpose: nothing else of the loop runs meanwhile


async def measure(readers: int, seconds: float, *, holding: bool) -> Run:
    run = Run()
    streams = [
        tenuto.blocks("virtual", 1024, dtype="int16", seconds=seconds) for _ in range(readers)
    ]
    for stream in streams:
        stream.start()
    before = len(os.listdir("/proc/self/task"))
    used = resource.getrusage(resource.RUSAGE_SELF)
    began = time.monotonic()
    until = began + seconds
    jobs = [tick(run, until), *(read(run, stream) for stream in streams)]
    if holding:
        jobs.append(hold(until))
    tasks = [asyncio.create_task(job) for job in jobs]
    await asyncio.sleep(seconds / 2)
    run.threads = len(os.listdir("/proc/self/task")) - before
    await asyncio.gather(*tasks)
    now = resource.getrusage(resource.RUSAGE_SELF)
    spent = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    run.cpu_share = spent / (time.monotonic() - began)
    for stream in streams:
        stream.close()
    return run


def spread(values: list[float]) -> list[str]:
    if not values:
        return ["", "", ""]
    return [f"{v:.2f}" for v in (median(values), percentile(values, 0.99), max(values))]


def main() -> None:
    args = arguments(__doc__ or "")
    facts = machine()
    print(machine_line(facts))
    repeat = args.repeat or (1 if args.quick else 5)
    seconds = 2.0 if args.quick else 10.0
    cases = {
        "no reader": (0, False),
        f"{READERS} readers": (READERS, False),
        f"{READERS} readers, loop held up": (READERS, True),
    }
    found: dict[str, list[Run]] = {name: [] for name in cases}
    for turn in range(repeat):
        for name in list(cases) if turn % 2 == 0 else list(cases)[::-1]:
            readers, holding = cases[name]
            found[name].append(asyncio.run(measure(readers, seconds, holding=holding)))
    rows = []
    for name, runs in found.items():
        lag = [value for run in runs for value in run.lag_ms]
        wake = [value for run in runs for value in run.wake_ms]
        counts = [str(sum(run.lost_frames for run in runs)), str(max(run.threads for run in runs))]
        cpu = f"{100 * median([run.cpu_share for run in runs]):.1f}"
        rows.append([name, *spread(lag), *spread(wake), *counts, cpu])
    head = ["ms", "lag p50", "p99", "max", "wake p50", "p99", "max", "lost", "threads", "CPU %"]
    print(f"\n{repeat} runs of {seconds:g} s each")
    print(table(head, rows))

    alone, busy, held = found.values()
    lags = [median([v for run in runs for v in run.lag_ms]) for runs in (alone, busy)]
    woken_ms = median([v for run in busy for v in run.wake_ms])
    lost = sum(run.lost_frames for run in (*busy, *held))
    threads = max(run.threads for run in (*busy, *held))
    verdicts = [
        Verdict(
            "median lag of the loop with 8 readers at most 1 ms above that without",
            f"{lags[1]:.2f} against {lags[0]:.2f} ms",
            lags[1] - lags[0] <= 1,
        ),
        Verdict("woken within 2 ms (median)", f"{woken_ms:.2f} ms", woken_ms <= 2),
        Verdict("no frame lost, also while the loop is held up", f"{lost} lost", lost == 0),
        Verdict("one thread wakes all", f"{threads} more than the devices'", threads <= 1),
    ]
    results: dict[str, Any] = {name: [vars(run) for run in runs] for name, runs in found.items()}
    finish(args, facts, results, verdicts)


if __name__ == "__main__":
    main()
