# SPDX-License-Identifier: MIT
"""How many channels can be recorded before something is lost, beside jack_capture?

48 kHz from a JACK server (`jackd -R -P 70 -d dummy`, 256 frames), 24 bits into one file, each
program alone on the server, both with 4 s in memory for a slow disk: 64 channels, then more and
more. What counts is what the recorder itself lost because the disk or its own threads did not keep
up: gaps with the cause "overflow", or overruns that jack_capture tells. A number of channels is
held when every run is whole; a run whose program ended early is not. (Losses of the server, which
a virtual machine's host causes, are in the table, too.) CPU is user and system time of all the
program's threads in the window, as a share of one core, and per channel.

Tenuto records through miniaudio, which opens devices of at most 254 channels, and beyond that
through PortAudio.

Required: at least as many channels as jack_capture, and not more CPU time per channel.

Needs jackd2, jack-capture and libportaudio2 (Debian), and sounddevice.

Usage: python benchmarks/record.py [--quick] [--repeat 3] [--seconds 8] [--json record.json]
"""

from __future__ import annotations

import argparse
import json
import re
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
    scratch,
    table,
    tell,
    threads_cpu,
)

CHANNELS = (64, 128, 254, 384, 512)
MINIAUDIO_CHANNELS = 254  # of a device, at most
RING_SECONDS = 4
SETTLE_SECONDS = 2.0


def child(path: str, channels: int) -> None:
    import tenuto

    options: dict[str, Any] = {"blocksize": 256, "ring_seconds": RING_SECONDS}
    device = "jack" if channels <= MINIAUDIO_CHANNELS else "portaudio:system"
    with tenuto.Recorder(path, device, channels=channels, format="RF64", **options) as recorder:
        recorder.start()
        tell(started=True)
        sys.stdin.readline()
        xruns = recorder.xruns
        take = recorder.stop()
    own = sum(gap.frames for gap in take.gaps if gap.cause == "overflow")
    tell(frames=take.frames, lost=own, xruns=xruns)


def command(who: str, path: Path, channels: int) -> list[str]:
    if who == "tenuto":
        given = json.dumps({"path": str(path), "channels": channels})
        return [sys.executable, __file__, "--child", given]
    found = [need("jack_capture", "jack-capture"), "--channels", str(channels)]
    found += ["--port", "system:capture_*", "-b", "24", "-ns", "-B", str(RING_SECONDS)]
    return [*found, "-f", "rf64", "-fn", str(path)]


def measure(who: str, path: Path, channels: int, server: JackServer, seconds: float) -> Any:
    process = subprocess.Popen(
        command(who, path, channels),
        env=server.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    time.sleep(SETTLE_SECONDS)
    if process.poll() is not None:
        said, _ = process.communicate()
        return {"ended": process.returncode, "said": said[-2000:]}
    before, began = threads_cpu(process.pid), time.monotonic()
    time.sleep(seconds)
    after, ended = threads_cpu(process.pid), time.monotonic()
    if who == "tenuto":
        said, _ = process.communicate("\n", timeout=120)
    else:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=120)
    used = sum(cpu - before.get(thread, ("", 0.0))[1] for thread, (_, cpu) in after.items())
    out = {"cpu": used / (ended - began), "lost": 0, "xruns": server.xruns}
    if who == "tenuto" and process.returncode:
        return {"ended": process.returncode, "said": said[-2000:]}
    if who == "tenuto":
        told = [json.loads(line) for line in said.splitlines() if line.startswith("{")][-1]
        out |= {"lost": told["lost"]}
    elif overruns := re.search(r"total of (\d+) overruns", said):
        out |= {"lost": int(overruns[1])}
    return out


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=8.0, help="of each run")


def main() -> None:
    args = arguments(__doc__ or "", options)
    facts = machine()
    print(machine_line(facts))
    seconds = 1.0 if args.quick else args.seconds
    repeat = args.repeat or (1 if args.quick else 3)
    who_all = ("tenuto", "jack_capture")
    runs: dict[str, dict[str, list[Any]]] = {who: {} for who in who_all}
    for channels in CHANNELS[:1] if args.quick else CHANNELS:
        with scratch() as folder, JackServer(256, channels) as server:
            for i in range(repeat):
                for who in who_all if i % 2 else who_all[::-1]:
                    path = folder / f"{who}.rf64"
                    found = measure(who, path, channels, server, seconds)
                    runs[who].setdefault(str(channels), []).append(found)
                    for left in folder.iterdir():  # a ledger, too, where the server lost something
                        left.unlink()
    rows, held, per_channel = [], dict.fromkeys(who_all, 0), {}
    for channels in runs["tenuto"]:
        for who in who_all:
            good = [run for run in runs[who][channels] if "ended" not in run]
            broken = [run for run in runs[who][channels] if "ended" in run]
            whole = [run for run in good if not run["lost"]]
            for run in broken:
                print(f"{who}, {channels} channels, ended with {run['ended']}: {run['said']}")
            if len(whole) == len(runs[who][channels]):
                held[who] = max(held[who], int(channels))
            cpu = median([run["cpu"] for run in good])
            per_channel[who, channels] = cpu / int(channels)
            rows.append(
                [
                    f"{channels}, {who}",
                    f"{len(whole)} of {len(runs[who][channels])}",
                    len(broken),
                    f"{100 * cpu:.2f}",
                    f"{1e6 * cpu / int(channels):.0f}",
                    sum(run["xruns"] for run in good[-1:]),
                ]
            )
    head = [
        "channels",
        "lost nothing",
        "ended early",
        "CPU %",
        "µs per channel and second",
        "server's xruns",
    ]
    print(f"runs of {seconds:g} s")
    print(table(head, rows))
    verdicts = [
        Verdict(
            "at least as many channels without loss as jack_capture",
            f"{held['tenuto']} against {held['jack_capture']}",
            held["tenuto"] >= held["jack_capture"],
        )
    ]
    for channels in runs["tenuto"]:
        ours, theirs = (1e6 * per_channel[who, channels] for who in who_all)
        verdicts.append(
            Verdict(
                f"{channels} channels: CPU time per channel not more than jack_capture's",
                f"{ours:.0f} against {theirs:.0f} µs a second",
                ours <= theirs,
            )
        )
    finish(args, facts, {"runs": runs, "held": held}, verdicts)


if __name__ == "__main__":
    if "--child" in sys.argv:
        no_interrupts()
        child(**json.loads(sys.argv[sys.argv.index("--child") + 1]))
    else:
        main()
