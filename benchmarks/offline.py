# SPDX-License-Identifier: MIT
"""How fast does a file go through equalizer and limiter into another file, and in what memory?

Ten minutes of stereo at 48 kHz, 16 bits (noise in bursts, at up to -3 dBFS), eight-band equalizer,
limiter, into a file of the same kind: WAV, and FLAC at compression level 5. Each program as its
users would run it, in a process of its own, by turns in an order that changes; medians:

- *tenuto*: `tenuto.render(path, nodes, path)`: reading, computing and encoding overlap;
- *sox*, *ffmpeg*: one command;
- *pedalboard*: ``AudioFile`` in and out in pieces of 65536 frames;
- *SciPy*: soundfile, `sosfilt` and no limiter.

``x real time`` is by the wall clock, of the whole process from its start to its end; ``CPU`` is
what it used; ``peak`` the most that was resident. Required: at least twice sox's rate for WAV,
faster than ffmpeg for FLAC, memory below 100 MB.

Needs pedalboard and scipy (pip), ffmpeg and sox (Debian).

Usage: python benchmarks/offline.py [--quick] [--repeat 5] [--minutes 10] [--json offline.json]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
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
    need,
    process_memory,
    scratch,
    table,
)
from _peers import (
    SAMPLERATE,
    equalizer,
    ffmpeg_filters,
    limiter,
    noise,
    pedalboard_of,
    sections,
    sox_effects,
)

PIECE = 65536
PARTS = ("equalizer", "limiter")


def make(path: Path, minutes: float) -> None:
    """The sound that goes in."""
    import soundfile

    second = 2.8 * noise(1) * np.exp(-3 * np.linspace(0, 1, SAMPLERATE))[:, None]
    with soundfile.SoundFile(str(path), "w", SAMPLERATE, 2, "PCM_16") as file:
        for _ in range(round(60 * minutes)):
            file.write(second)


def by_tenuto(source: str, target: str) -> None:
    import tenuto

    tenuto.render(source, [equalizer(), limiter()], target, subtype="PCM_16")


def by_pedalboard(source: str, target: str) -> None:
    from pedalboard.io import AudioFile

    board = pedalboard_of(*PARTS)
    with AudioFile(source) as in_, AudioFile(target, "w", SAMPLERATE, 2, bit_depth=16) as out:
        while in_.tell() < in_.frames:
            out.write(board(in_.read(PIECE), SAMPLERATE, reset=False))


def by_scipy(source: str, target: str) -> None:
    import soundfile
    from scipy import signal

    design = sections().astype(np.float32)
    state = np.zeros((len(design), 2, 2), np.float32)
    with (
        soundfile.SoundFile(source) as in_,
        soundfile.SoundFile(target, "w", SAMPLERATE, 2, "PCM_16") as out,
    ):
        for block in in_.blocks(PIECE, dtype="float32"):
            filtered, state = signal.sosfilt(design, block, axis=0, zi=state)
            out.write(filtered)


CHILDREN = {"tenuto": by_tenuto, "pedalboard": by_pedalboard, "SciPy": by_scipy}


def commands(source: Path, target: Path) -> dict[str, list[str]]:
    made = {
        who: [sys.executable, __file__, "--child", who, str(source), str(target)]
        for who in CHILDREN
    }
    sox = [need("sox", "sox"), "-V1", "-D", str(source), "-b", "16", "-C", "5", str(target)]
    made["sox"] = [*sox, *sox_effects(*PARTS)]
    if target.suffix == ".wav":
        made["sox"].remove("-C")
        made["sox"].remove("5")
    made["ffmpeg"] = [
        *(need("ffmpeg", "ffmpeg"), "-nostdin", "-v", "error", "-y", "-i", str(source)),
        *("-af", ffmpeg_filters(*PARTS), "-sample_fmt", "s16", "-compression_level", "5"),
        str(target),
    ]
    return made


def measure(command: list[str]) -> dict[str, float]:
    began = time.monotonic()
    process = subprocess.Popen(command)
    peak, pid = 0.0, 0
    while pid == 0:
        # (`ru_maxrss` would count this process, which the other one was until its exec.)
        with contextlib.suppress(OSError, KeyError):
            peak = process_memory(process.pid)["VmHWM"]
        time.sleep(0.005)
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed with code {process.returncode}")
    return {
        "seconds": time.monotonic() - began,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": peak,
    }


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=10.0, help="of sound")


def main() -> None:
    import soundfile

    args = arguments(__doc__ or "", options)
    facts = machine()
    print(machine_line(facts))
    minutes = 0.5 if args.quick else args.minutes
    repeat = args.repeat or (1 if args.quick else 5)
    results: dict[str, dict[str, list[dict[str, float]]]] = {}
    verdicts = []
    for suffix in ("wav", "flac"):
        runs: dict[str, list[dict[str, float]]] = {}
        with scratch() as folder:
            source, target = folder / f"in.{suffix}", folder / f"out.{suffix}"
            make(source, minutes)
            made = commands(source, target)
            for i in range(repeat):
                for who in list(made) if i % 2 else list(made)[::-1]:
                    runs.setdefault(who, []).append(measure(made[who]))
                    if abs(soundfile.info(str(target)).frames - 60 * minutes * SAMPLERATE) > 4800:
                        raise RuntimeError(f"{who} did not write all of it")
                    target.unlink()
        results[suffix] = runs
        middle: dict[str, dict[str, Any]] = {
            who: {key: median([run[key] for run in found]) for key in found[0]}
            for who, found in runs.items()
        }
        rate = {who: 60 * minutes / m["seconds"] for who, m in middle.items()}
        rows = [
            [who, f"{rate[who]:.0f}", f"{middle[who]['cpu']:.2f}", f"{middle[who]['peak']:.0f}"]
            for who in made
        ]
        print(f"\n{suffix}: {minutes:g} min, medians of {repeat}")
        print(table(["", "x real time", "CPU s", "peak MiB"], rows))
        rival, times = ("sox", 2) if suffix == "wav" else ("ffmpeg", 1)
        verdicts.append(
            Verdict(
                f"{suffix}: at least {times} times {rival}'s rate",
                f"{rate['tenuto'] / rate[rival]:.2f} times "
                f"({rate['tenuto']:.0f} against {rate[rival]:.0f} x real time)",
                rate["tenuto"] >= times * rate[rival],
            )
        )
        verdicts.append(
            Verdict(
                f"{suffix}: memory below 100 MB",
                f"peak {middle['tenuto']['peak'] * 1.048576:.0f} MB; most of it is Python, "
                "NumPy and libsndfile",
                middle["tenuto"]["peak"] * 1.048576 < 100,
            )
        )
    finish(args, facts, {"minutes": minutes, "runs": results}, verdicts)


if __name__ == "__main__":
    if "--child" in sys.argv:
        who, source, target = sys.argv[sys.argv.index("--child") + 1 :][:3]
        CHILDREN[who](source, target)
    else:
        main()
