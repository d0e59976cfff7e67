# SPDX-License-Identifier: MIT
"""What playing a file costs, beside ffplay and sox on the same sound server.

A 48 kHz FLAC, and a 44.1 kHz one that the server's 48 kHz asks to be converted, 16 bits, two
channels, are played to the null sink of a private PulseAudio at 48 kHz, by turns. *CPU*: user and
system time of the whole process. *Beyond*: wall time minus the sound's length, so everything before
the first frame and after the last one. *Start* (tenuto only): from the command's begin, after the
interpreter's own start, until the device was opened and the graph runs. Medians.

Tenuto pays about 0.4 s of CPU once for the interpreter, NumPy and libsndfile's Python package: the
second length shows what a second of sound costs on top.

Needs pulseaudio, and to be compared ffmpeg, sox and libsox-fmt-pulse (Debian; `apt-get install`).

Usage: python benchmarks/play.py [--quick] [--repeat 5] [--json play.json]
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from _common import Verdict, arguments, finish, machine, machine_line, median, need, scratch, table


def commands(path: Path) -> dict[str, list[str]]:
    """How each program is told to play, at the server's rate."""
    own = [sys.executable, "-m", "tenuto", "play", str(path), "-d", "pulse", "-r", "48000"]
    found = {"tenuto": [*own, "--json"]}
    if shutil.which("ffplay"):
        found["ffplay"] = ["ffplay", "-v", "error", "-nodisp", "-autoexit", str(path)]
    if shutil.which("sox"):
        found["sox"] = ["sox", "-q", str(path), "-r", "48000", "-t", "pulseaudio", "t"]
    return found


def measure(command: list[str], environment: dict[str, str]) -> dict[str, float]:
    """CPU and wall seconds of one run, and what tenuto says of its start."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    result = {"cpu": usage.ru_utime + usage.ru_stime, "wall": time.perf_counter() - began}
    if process.returncode != 0:
        result["failed"] = process.returncode
    elif told.startswith(b"{"):
        facts = json.loads(told)
        result |= {"start": facts["seconds_to_start"], "underruns": facts["underruns"]}
    return result


def main() -> None:
    """Run by turns, print a table."""
    args = arguments(__doc__ or "")
    repeat = args.repeat or (1 if args.quick else 5)
    lengths = (1, 2) if args.quick else (5, 20)
    facts = machine()
    print(machine_line(facts))
    results: dict[str, Any] = {}
    with scratch() as folder:
        environment = {
            **os.environ,
            "XDG_RUNTIME_DIR": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "SDL_AUDIODRIVER": "pulseaudio",
        }
        daemon = [need("pulseaudio", "pulseaudio"), "--daemonize=no", "-n", "--exit-idle-time=-1"]
        daemon += ["-L", "module-null-sink sink_name=t rate=48000 channels=2"]
        daemon += ["-L", "module-native-protocol-unix"]
        server = subprocess.Popen(daemon, env=environment, stderr=subprocess.DEVNULL)
        try:
            while not (folder / "pulse" / "native").exists():
                time.sleep(0.05)
            environment["PULSE_SERVER"] = f"unix:{folder / 'pulse' / 'native'}"
            for rate in (48_000, 44_100):
                for seconds in lengths:
                    path = folder / f"{rate}-{seconds}.flac"
                    rng = np.random.default_rng(1)
                    sound = np.cumsum(rng.standard_normal((rate * seconds, 2)), axis=0)
                    soundfile.write(str(path), 0.5 * sound / np.abs(sound).max(), rate, "PCM_16")
                    runs: dict[str, list[dict[str, float]]] = {}
                    for _ in range(repeat):
                        for name, command in commands(path).items():
                            runs.setdefault(name, []).append(measure(command, environment))
                    for name, all_of_it in runs.items():
                        results[f"{name} {rate} {seconds}"] = all_of_it
        finally:
            server.terminate()
            server.wait()
    rows = []
    for name in {key.split()[0]: None for key in results}:
        for rate in (48_000, 44_100):
            short, long = (results[f"{name} {rate} {seconds}"] for seconds in lengths)
            if any("failed" in run for run in (*short, *long)):
                rows.append([name, rate, "failed", "", "", ""])
                continue
            cpu = [median([run["cpu"] for run in some]) for some in (short, long)]
            beyond = median([run["wall"] for run in long]) - lengths[1]
            each = (cpu[1] - cpu[0]) / (lengths[1] - lengths[0])
            start = [run["start"] for run in long if "start" in run]
            rows.append(
                [
                    name,
                    rate,
                    f"{cpu[0]:.2f} s",
                    f"{1e3 * each:.1f} ms",
                    f"{beyond:.2f} s",
                    f"{median(start):.2f} s" if start else "",
                ]
            )
    head = ["program", "Hz", f"CPU of {lengths[0]} s", "CPU a second", "beyond", "start"]
    print(table(head, rows))
    own = [run for key, runs in results.items() if key.startswith("tenuto") for run in runs]
    dry = sum(int(run.get("underruns", 0)) for run in own)
    verdict = Verdict("tenuto never runs dry", f"{dry} times in {len(own)} runs", dry == 0)
    finish(args, facts, results, [verdict])


if __name__ == "__main__":
    main()
