# SPDX-License-Identifier: MIT
"""What does a recording cost, beside jack_capture: processor time and memory?

2 and 64 channels at 48 kHz from one JACK server (`jackd -R -P 70 -d dummy`, 256 frames), each
program alone on it, by turns. For each run:

- ``cpu``: user and system time of all its threads in the window (start-up left out), as a share of
  one core;
- ``cpu all``: the whole process from its start to its end, in seconds;
- ``peak``: the most that was resident (VmHWM); ``anon``: anonymous memory at the end of the window;
  ``pss``: with shared libraries divided among those who use them.

jack_capture runs as it comes (32-bit float, console meter), and at its best: 24 bits as Tenuto
writes by default, no console, no keyboard. Both keep some seconds in memory for a slow disk, by
default: jack_capture 4 s, Tenuto 10 s; a third line gives Tenuto the same 4 s. Required: not more
than jack_capture (at its best).

Needs jackd2 and jack-capture (Debian; `apt-get install`).

Usage: python benchmarks/resources.py [--quick] [--repeat 3] [--seconds 20] [--json resources.json]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from _common import (
    JackServer,
    Verdict,
    arguments,
    finish,
    machine,
    machine_line,
    median,
    need,
    no_interrupts,
    process_memory,
    scratch,
    table,
    tell,
    threads_cpu,
)

SETTLE_SECONDS = 2.0
FIGURES = ("cpu", "cpu_all", "peak", "anon", "pss")


def child(path: str, channels: int, options: dict[str, Any]) -> None:
    """A program that records until it is told to end, as a user would write it."""
    import tenuto

    with tenuto.Recorder(path, device="jack", channels=channels, **options) as recorder:
        recorder.start()
        tell(started=True)
        sys.stdin.readline()
        take = recorder.stop()
    tell(frames=take.frames, gaps=len(take.gaps))


def ours(path: Path, channels: int, **options: Any) -> list[str]:
    given = {"path": str(path.with_suffix(".wav")), "channels": channels, "options": options}
    return [sys.executable, __file__, "--child", json.dumps(given)]


def command_line(path: Path, channels: int) -> list[str]:
    out = str(path.with_suffix(".wav"))
    return [
        sys.executable,
        "-m",
        "tenuto",
        "record",
        out,
        "--device",
        "jack",
        "--channels",
        str(channels),
    ]


def rival(path: Path, channels: int, *options: str) -> list[str]:
    command = [need("jack_capture", "jack-capture"), "--channels", str(channels)]
    # Given once, the pattern is used for all channels.
    return [*command, "--port", "system:capture_*", *options, "-fn", str(path.with_suffix(".wav"))]


def measure(command: list[str], server: JackServer, seconds: float) -> dict[str, Any]:
    """Run one recording program; its costs."""
    process = subprocess.Popen(
        command,
        env=server.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(SETTLE_SECONDS)
    if process.poll() is not None:
        raise RuntimeError(f"{command[0]} ended early with code {process.returncode}")
    before, began = threads_cpu(process.pid), time.monotonic()
    time.sleep(seconds)
    after, ended = threads_cpu(process.pid), time.monotonic()
    memory = process_memory(process.pid)
    assert process.stdin is not None
    if "--child" in command:
        process.stdin.close()
    else:
        process.send_signal(signal.SIGINT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    by_thread: dict[str, float] = {}
    for thread, (name, used) in after.items():
        share = (used - before.get(thread, (name, 0.0))[1]) / (ended - began)
        by_thread[f"{name} +{thread - process.pid}"] = share
    return {
        "cpu": sum(by_thread.values()),
        "cpu_all": usage.ru_utime + usage.ru_stime,
        "peak": memory["VmHWM"],
        "anon": memory["Anonymous"],
        "pss": memory["Pss"],
        "memory": memory,
        "threads": by_thread,
        "exit": process.returncode,
    }


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=20.0, help="of each run's window")
    parser.add_argument("--channels", type=int, action="append", help="instead of 2 and 64")


def main() -> None:
    args = arguments(__doc__ or "", options)
    facts = machine()
    print(machine_line(facts))
    seconds = 1.0 if args.quick else args.seconds
    repeat = args.repeat or (1 if args.quick else 3)
    results: dict[str, dict[str, Any]] = {}
    verdicts: list[Verdict] = []
    best = ("-b", "24", "-dc", "-ns")
    for channels in args.channels or (2, 64):
        runs: dict[str, list[dict[str, Any]]] = {}
        with scratch() as folder, JackServer(256, channels) as server:
            commands = {
                "tenuto": ours(folder / "tenuto", channels),
                "tenuto, 4 s ring": ours(folder / "tenuto4", channels, ring_seconds=4),
                "jack_capture at its best": rival(folder / "best", channels, *best),
                "jack_capture as it comes": rival(folder / "default", channels),
            }
            for i in range(repeat):
                order = list(commands) if i % 2 == 0 else list(commands)[::-1]
                for who in order:
                    runs.setdefault(who, []).append(measure(commands[who], server, seconds))
                    for path in folder.iterdir():
                        path.unlink()  # each begins with the same room on the disk
        middle = {
            who: {figure: median([run[figure] for run in found]) for figure in FIGURES}
            for who, found in runs.items()
        }
        results[str(channels)] = {"runs": runs, "medians": middle}
        rows = [
            [who, f"{100 * m['cpu']:.2f} %", f"{m['cpu_all']:.2f} s"]
            + [f"{m[key]:.1f}" for key in ("peak", "anon", "pss")]
            for who, m in ((who, middle[who]) for who in commands)
        ]
        print(f"\n{channels} channels, medians of {repeat} runs of {seconds:g} s")
        print(table(["", "cpu", "cpu all", "peak MiB", "anon MiB", "pss MiB"], rows))
        floor = middle["jack_capture at its best"]
        for figure, name, unit, scale in (
            ("cpu", "processor time", "%", 100),
            ("peak", "peak memory", "MiB", 1),
        ):
            mine = middle["tenuto"][figure]
            verdicts.append(
                Verdict(
                    f"{channels} channels: {name} not more than jack_capture's",
                    f"{scale * mine:.2f} against {scale * floor[figure]:.2f} {unit}",
                    mine <= floor[figure],
                )
            )
    finish(args, facts, results, verdicts)


if __name__ == "__main__":
    if "--child" in sys.argv:
        no_interrupts()
        child(**json.loads(sys.argv[sys.argv.index("--child") + 1]))
    else:
        main()
