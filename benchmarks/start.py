# SPDX-License-Identifier: MIT
"""How long until it runs: importing the package, and the first frame after the process began.

*Import*: `python -c "import X"` as a whole process for no module, numpy, tenuto and sounddevice, by
turns; medians. Required: tenuto at most 60 ms above numpy.

*First frame*: from just before the process is started to the beginning of the first callback that
brings input from a JACK server (`jackd -R -P 70 -d dummy`, 128 frames): a `tenuto.Recorder`, a
sounddevice stream with a Python callback, and jack_capture, by turns. Tenuto and sounddevice tell
the monotonic clock of their first callback; jack_capture tells the wall-clock time of its first
frame to a hook. Required: tenuto not later than sounddevice.

Needs jackd2, and to be compared jack-capture and libportaudio2 (Debian; `apt-get install`).

Usage: python benchmarks/start.py [--quick] [--repeat 15] [--json start.json]
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from _common import (
    JackServer,
    Verdict,
    arguments,
    finish,
    machine,
    machine_line,
    median,
    need,
    percentile,
    scratch,
    table,
)

TENUTO = """
import time, tenuto
with tenuto.Recorder(None, device="jack", channels=2) as recorder:
    recorder.start()
    counts = recorder._stream.engine.counts
    while not counts()["first_callback_ns"]:
        time.sleep(0.001)
    print(counts()["first_callback_ns"], flush=True)
"""

SOUNDDEVICE = """
import threading, time
import sounddevice as sd
first, seen = [], threading.Event()
def callback(indata, frames, when, status):
    if not first:
        first.append(time.monotonic_ns())
        seen.set()
jack = next(api for api in sd.query_hostapis() if "JACK" in api["name"])
with sd.InputStream(device=jack["default_input_device"], channels=2, callback=callback):
    seen.wait()
    print(first[0], flush=True)
"""


def import_ms(module: str) -> float:
    """Wall time of one process that does nothing but import."""
    code = f"import {module}" if module else "pass"
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return 1e3 * (time.perf_counter() - began)


def first_frame_ms(code: str, server: JackServer) -> float:
    """A Python program that prints the monotonic time of its first callback."""
    began = time.monotonic_ns()
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=server.environment,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=30,
    )
    return 1e-6 * (int(result.stdout.split()[-1]) - began)


def first_frame_of_jack_capture_ms(server: JackServer, folder: Path) -> float:
    """jack_capture calls a program with the time of its first frame."""
    hook, told = folder / "hook", folder / "told"
    hook.write_text(f'#!/bin/sh\necho "$2 $3" > {told}.new && mv {told}.new {told}\n')
    hook.chmod(0o755)
    told.unlink(missing_ok=True)
    wav = folder / "take.wav"
    command = [
        need("jack_capture", "jack-capture"),
        "-c",
        "2",
        "-dc",
        "-ns",
        "-p",
        "system:capture_*",
    ]
    command += ["-Ht", str(hook), "-fn", str(wav)]
    began = time.time_ns()
    process = subprocess.Popen(
        command, env=server.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 10
        while not told.exists():
            if time.monotonic() > until or process.poll() is not None:
                raise RuntimeError("jack_capture told no first frame")
            time.sleep(0.005)
        seconds, nanoseconds = map(int, told.read_text().split())
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(10)
        wav.unlink(missing_ok=True)
    return 1e-6 * (seconds * 10**9 + nanoseconds - began)


def spread(values: list[float]) -> list[str]:
    return [f"{v:.0f}" for v in (median(values), min(values), percentile(values, 0.9))]


def main() -> None:
    args = arguments(__doc__ or "")
    facts = machine()
    print(machine_line(facts))
    repeat = args.repeat or (2 if args.quick else 15)
    modules = ["", "numpy", "tenuto", "sounddevice"]
    imports: dict[str, list[float]] = {module: [] for module in modules}
    for module in modules:
        import_ms(module)  # into the page cache
    for i in range(repeat):
        for module in modules if i % 2 == 0 else modules[::-1]:
            imports[module].append(import_ms(module))
    print(f"\nms, median of {repeat}, smallest, 90th percentile")
    rows = [[f"import {m}" if m else "python alone", *spread(t)] for m, t in imports.items()]

    firsts: dict[str, list[float]] = {"tenuto": [], "sounddevice": [], "jack_capture": []}
    with scratch() as folder, JackServer(128) as server:
        ways = {
            "tenuto": lambda: first_frame_ms(TENUTO, server),
            "sounddevice": lambda: first_frame_ms(SOUNDDEVICE, server),
            "jack_capture": lambda: first_frame_of_jack_capture_ms(server, folder),
        }
        for i in range(repeat + 1):
            for who in list(ways) if i % 2 == 0 else list(ways)[::-1]:
                took = ways[who]()
                if i > 0:  # the first round fills the page cache
                    firsts[who].append(took)
    rows += [[f"first frame, {who}", *spread(times)] for who, times in firsts.items()]
    print(table(["", "median", "min", "p90"], rows))

    above = median([t - n for t, n in zip(imports["tenuto"], imports["numpy"], strict=True)])
    ours, theirs = median(firsts["tenuto"]), median(firsts["sounddevice"])
    verdicts = [
        Verdict(
            "import tenuto at most 60 ms above import numpy",
            f"{above:+.0f} ms ({median(imports['tenuto']):.0f} against "
            f"{median(imports['numpy']):.0f})",
            above <= 60,
        ),
        Verdict(
            "first frame not later than sounddevice's",
            f"{ours:.0f} against {theirs:.0f} ms",
            ours <= theirs,
        ),
    ]
    finish(args, facts, {"imports_ms": imports, "first_frame_ms": firsts}, verdicts)


if __name__ == "__main__":
    main()
