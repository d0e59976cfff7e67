# SPDX-License-Identifier: MIT
"""What playing a file costs, beside ffplay and sox on the same sound server.

A 48 kHz FLAC, and a 44.1 kHz one that the server's 48 kHz asks to be converted, 16 bits, two
channels, are played to the null sink of a private PulseAudio at 48 kHz, by turns. *CPU*: user and
system time of the whole process. *Beyond*: wall time minus the sound's length, so everything before
the first frame and after the last one. *First frame*: from the start of the process until the
sink's monitor hears the file. The recorder that hears it (parec) asks for 10 ms; its own delay is
in every program's number. Medians.

*Twelve hours*: how long `FilePlayer` takes to open a WAV file of that length, ready to be played.

Tenuto pays about 0.3 s of CPU once for the interpreter and the packages of the command line, and
where it converts for NumPy: the second length shows what a second of sound costs on top.

Needs pulseaudio and pulseaudio-utils, and to be compared ffmpeg, sox and libsox-fmt-pulse (Debian;
`apt-get install`).

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
from _common import (
    Verdict,
    arguments,
    end_with_us,
    finish,
    machine,
    machine_line,
    median,
    need,
    scratch,
    table,
)


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
    """CPU and wall seconds of one run, and how often tenuto ran dry."""
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
        result["underruns"] = facts["underruns"]
    return result


def first_frame(command: list[str], environment: dict[str, str]) -> float:
    """Seconds from the start of the process to the first sample at the sink's monitor."""
    format_ = ["--raw", "--format=s16le", "--rate=48000", "--channels=1"]
    listener = subprocess.Popen(
        [need("parec", "pulseaudio-utils"), *format_, "-d", "t.monitor", "--latency-msec=10"],
        env=environment,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    assert listener.stdout is not None
    try:
        heard = 0
        while heard < 96_000:  # it runs, and the sink has taken to its latency
            heard += len(listener.stdout.read(4096))
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while not any(listener.stdout.read(4096)):
            if process.poll() is not None or time.perf_counter() - began > 20:
                return float("nan")
        took = time.perf_counter() - began
        process.wait()
        return took
    finally:
        listener.terminate()
        listener.wait()


def twelve_hours(folder: Path, repeat: int) -> list[float]:
    """Seconds to open such a file, each in a process of its own."""
    path = folder / "long.wav"
    with soundfile.SoundFile(str(path), "w", 48_000, 2, "PCM_16", format="RF64") as file:
        file.write(np.zeros((16, 2), np.float32))
    head = bytearray(path.read_bytes())[:-64]
    size = 12 * 3600 * 48_000 * 4
    place = head.index(b"ds64") + 8
    for number in (len(head) + size - 8, size, size // 4):
        head[place : place + 8] = number.to_bytes(8, "little")
        place += 8
    with path.open("wb") as raw:  # the samples are a hole in the file
        raw.write(head)
        raw.truncate(len(head) + size)
    program = (
        "import sys, time, tenuto; tenuto.FilePlayer; begin = time.perf_counter();"
        "player = tenuto.FilePlayer(sys.argv[1]); took = time.perf_counter() - begin;"
        "assert player.duration == 12 * 3600; print(took)"
    )
    return [
        float(
            subprocess.run(
                [sys.executable, "-c", program, str(path)], capture_output=True, check=True
            ).stdout
        )
        for _ in range(repeat)
    ]


def tabulated(results: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table."""
    lengths = results["lengths"]
    rows = []
    for name, rates in results["runs"].items():
        for rate, (short, long) in rates.items():
            if any("failed" in run for run in (*short, *long)):
                rows.append([name, str(rate), "failed", "", "", ""])
                continue
            cpu = [median([run["cpu"] for run in some]) for some in (short, long)]
            each = (cpu[1] - cpu[0]) / (lengths[1] - lengths[0])
            beyond = median([run["wall"] for run in long]) - lengths[1]
            first = median([run["first"] for run in short])
            row = [f"{cpu[0]:.2f} s", f"{1e3 * each:.1f} ms"]
            rows.append([name, str(rate), *row, f"{1e3 * first:.0f} ms", f"{beyond:.2f} s"])
    head = ["program", "Hz", f"CPU of {lengths[0]} s", "CPU a second", "first frame", "beyond"]
    return head, rows


def main() -> None:
    """Run by turns, print a table."""
    args = arguments(__doc__ or "")
    repeat = args.repeat or (1 if args.quick else 5)
    lengths = (1, 2) if args.quick else (5, 20)
    facts = machine()
    print(machine_line(facts))
    results: dict[str, Any] = {"lengths": lengths, "runs": {}}
    with scratch() as folder:
        results["twelve_hours"] = twelve_hours(folder, repeat)
        environment = {
            **os.environ,
            "XDG_RUNTIME_DIR": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "SDL_AUDIODRIVER": "pulseaudio",
        }
        daemon = [need("pulseaudio", "pulseaudio"), "--daemonize=no", "-n", "--exit-idle-time=-1"]
        daemon += ["-L", "module-null-sink sink_name=t rate=48000 channels=2"]
        daemon += ["-L", "module-native-protocol-unix"]
        server = subprocess.Popen(
            daemon, env=environment, stderr=subprocess.DEVNULL, preexec_fn=end_with_us
        )
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
                            if seconds == lengths[0]:
                                first = first_frame(command, environment)
                                runs[name][-1]["first"] = first
                    for name, some in runs.items():
                        results["runs"].setdefault(name, {}).setdefault(rate, []).append(some)
        finally:
            server.terminate()
            server.wait()
    print(table(*tabulated(results)))
    own = [run for some in results["runs"]["tenuto"].values() for runs in some for run in runs]
    dry = sum(int(run.get("underruns", 0)) for run in own)
    open_ms = 1e3 * median(results["twelve_hours"])
    verdicts = [
        Verdict("tenuto never runs dry", f"{dry} times in {len(own)} runs", dry == 0),
        Verdict("a file of 12 hours opens in below 100 ms", f"{open_ms:.1f} ms", open_ms < 100),
    ]
    finish(args, facts, results, verdicts)


if __name__ == "__main__":
    main()
