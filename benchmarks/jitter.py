# SPDX-License-Identifier: MIT
"""How late does the virtual clock's thread wake up, beside the kernel's own floor?

The virtual device (blocks of 128 frames at 48 kHz, the default real-time request) and `cyclictest`
(one thread, SCHED_FIFO 50, every 2667 µs) run by turns, in an order that changes each time; and
once more at the same time, so that neither has the quieter moment. Percentiles of each run, medians
over the runs. Required: the clock's p99 is at most 1.5 times cyclictest's p99.

cyclictest asks the kernel not to let the processor sleep (/dev/cpu_dma_latency), which shortens
every wake-up; so that is asked for during all runs, where it is allowed.

Needs rt-tests (Debian; `apt-get install`), and the right to SCHED_FIFO: without it both run as
ordinary threads and the table says so.

Usage: python benchmarks/jitter.py [--quick] [--repeat 7] [--seconds 10] [--json jitter.json]
"""

from __future__ import annotations

import argparse
import re
import subprocess
import time
from typing import Any

from _common import (
    Verdict,
    arguments,
    finish,
    machine,
    machine_line,
    median,
    need,
    stay_awake,
    table,
    weighted_percentile,
)

BLOCKSIZE, SAMPLERATE = 128, 48_000
PERIOD_US = 2667
HISTOGRAM_US = 20_000
SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def summary(histogram: dict[float, int], largest: float) -> dict[str, float]:
    """Percentiles in microseconds."""
    out = {name: weighted_percentile(histogram, share) for name, share in SHARES.items()}
    return {**out, "max": largest, "wakeups": sum(histogram.values())}


def start_cyclictest(seconds: float) -> subprocess.Popen[str]:
    loops = round(seconds * 1e6 / PERIOD_US)
    command = [need("cyclictest", "rt-tests"), "-m", "-p", "50", "-i", str(PERIOD_US)]
    command += ["-l", str(loops), "-q", "-h", str(HISTOGRAM_US)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish_cyclictest(process: subprocess.Popen[str]) -> dict[str, float]:
    text, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"cyclictest: {errors}")
    histogram = {
        float(us): int(count)
        for us, count in re.findall(r"^(\d+)\s+(\d+)$", text, re.M)
        if int(count)
    }
    largest = re.search(r"^# Max Latencies:\s*(\d+)", text, re.M)
    assert largest is not None
    if float(largest[1]) > HISTOGRAM_US:  # what overflowed the table
        histogram[float(largest[1])] = round(1e6)
    return summary(histogram, float(largest[1]))


def tenuto_clock(seconds: float) -> dict[str, Any]:
    """The virtual device's own books; its first moments, before the promotion, are left out."""
    import tenuto

    with tenuto.Recorder(None, device="virtual", blocksize=BLOCKSIZE, channels=2) as recorder:
        recorder.start()
        until = time.monotonic() + 5
        while recorder.scheduling is None and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.05)
        before = recorder.stats().histogram
        time.sleep(seconds)
        stats = recorder.stats()
        scheduling = recorder.scheduling
    assert scheduling is not None
    counts = {
        1e6 * begin: count - before.get(begin, 0)
        for begin, count in stats.histogram.items()
        if count > before.get(begin, 0)
    }
    out = summary(counts, max(counts))
    return {**out, "policy": f"{scheduling.policy} {scheduling.priority}"}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=10.0, help="of each run")


def main() -> None:
    args = arguments(__doc__ or "", options)
    facts = machine()
    print(machine_line(facts))
    seconds = 1.0 if args.quick else args.seconds
    repeat = args.repeat or (1 if args.quick else 7)
    stay_awake()
    turns: dict[str, list[dict[str, Any]]] = {"tenuto": [], "cyclictest": []}
    beside: dict[str, list[dict[str, Any]]] = {"tenuto": [], "cyclictest": []}
    for i in range(repeat):
        for who in ("tenuto", "cyclictest") if i % 2 else ("cyclictest", "tenuto"):
            if who == "tenuto":
                turns[who].append(tenuto_clock(seconds))
            else:
                turns[who].append(finish_cyclictest(start_cyclictest(seconds)))
        process = start_cyclictest(seconds)
        beside["tenuto"].append(tenuto_clock(seconds))
        beside["cyclictest"].append(finish_cyclictest(process))

    rows, medians = [], {}
    for how, runs in (("by turns", turns), ("at once", beside)):
        for who, results in runs.items():
            figures = {k: median([r[k] for r in results]) for k in (*SHARES, "max")}
            medians[how, who] = figures
            rows.append([f"{who}, {how}", *(f"{figures[k]:.0f}" for k in figures)])
    print(f"µs, medians of {repeat} runs of {seconds:g} s; {turns['tenuto'][0]['policy']}")
    print(table(["wake-up lateness", *SHARES, "max"], rows))
    verdicts = []
    for how in ("by turns", "at once"):
        ours, floor = medians[how, "tenuto"]["p99"], medians[how, "cyclictest"]["p99"]
        ratio = ours / floor
        verdicts.append(
            Verdict(
                f"p99 at most 1.5 x cyclictest's ({how})",
                f"{ours:.0f} against {floor:.0f} µs, {ratio:.2f} x",
                ratio <= 1.5,
            )
        )
    finish(args, facts, {"turns": turns, "at_once": beside}, verdicts)


if __name__ == "__main__":
    main()
