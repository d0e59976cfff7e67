# SPDX-License-Identifier: MIT
"""What does an eight-band stereo equalizer cost, beside those that people use today?

Eight peaking bands (60 Hz to 7680 Hz, none of them at 0 dB) over stereo noise at 48 kHz, 32-bit
float in and out, in nanoseconds of processor time per stereo frame:

- *tenuto*: `tenuto.render` of an array of 30 s, and of 10 s, where what a call costs however short
  the sound is weighs more; and the node alone in blocks of 512 and 64 frames;
- *pedalboard*: eight ``PeakFilter``, array in and out;
- *SciPy*: `sosfilt` in the layouts that arrays come in;
- *ffmpeg*, *sox*: their equalizers on raw floats, without the cost of reading and writing;
- *floor*: five multiply-adds in float64 for each band and channel, at the rate that this core
  reaches with AVX2 when it does nothing else (floor.cpp).

Everyone runs by turns in an order that changes; medians. All but anequalizer (a filter of fourth
order) are the same filter: the table's last column is the furthest that a program's output is from
`sosfilt` in float64, in dB of full scale.

Required: at most 8 ns per frame; at least 8 times faster than pedalboard, 16 times faster than
SciPy and 6 times faster than ffmpeg's equalizer.

Needs pedalboard and scipy (pip), ffmpeg, sox and a C++ compiler (Debian).

Usage: python benchmarks/eq.py [--quick] [--repeat 7] [--json eq.json]
"""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _common import Verdict, arguments, finish, machine, machine_line, median, scratch, table
from _peers import (
    SAMPLERATE,
    compile_cpp,
    equalizer,
    ffmpeg,
    ffmpeg_filters,
    noise,
    pedalboard_work,
    process_ns,
    sections,
    sosfilt,
    sox,
    sox_effects,
    thread_ns,
    turns,
    without,
)

MULTIPLY_ADDS = 5 * 8 * 2  # of one frame


def node_work(sound: Any, block: int) -> Callable[[], Any]:
    from tenuto import _core

    core = equalizer()._instance(SAMPLERATE, 2, block).core
    planar = np.ascontiguousarray(sound.T)
    return lambda: _core.run_node(core, planar, [block])


def outputs(sound: Any, folder: Path, raw: Path) -> dict[str, Any]:
    """What everyone makes of the sound, shape (frames, 2)."""
    import tenuto

    made = {
        "tenuto.render": tenuto.render(sound, equalizer(), samplerate=SAMPLERATE),
        "pedalboard": pedalboard_work(sound, "equalizer")().T,
        "SciPy float32 (frames, 2)": sosfilt(sound, np.float32, 0)(),
    }
    for who, command in (
        ("ffmpeg equalizer", ffmpeg(raw, ffmpeg_filters("equalizer"), folder / "f.raw")),
        ("sox", sox(raw, sox_effects("equalizer"), folder / "s.raw")),
    ):
        subprocess.run(command, check=True)
        made[who] = np.fromfile(command[-1] if who[0] == "f" else folder / "s.raw", np.float32)
        made[who] = made[who].reshape(-1, 2)
    return made


def main() -> None:
    from scipy import signal

    import tenuto

    args = arguments(__doc__ or "")
    facts = machine()
    print(machine_line(facts))
    repeat = args.repeat or (1 if args.quick else 7)
    short, long = noise(1 if args.quick else 30), noise(1 if args.quick else 60)
    with scratch() as folder:
        raw = folder / "in.raw"
        long.tofile(raw)
        inside: dict[str, Callable[[], Any]] = {
            "tenuto.render": lambda: tenuto.render(short, equalizer(), samplerate=SAMPLERATE),
            "tenuto, node, 512 frames": node_work(short, 512),
            "tenuto, node, 64 frames": node_work(short, 64),
            "pedalboard": pedalboard_work(short, "equalizer"),
            "SciPy float32 (frames, 2)": sosfilt(short, np.float32, 0),
            "SciPy float32 (2, frames)": sosfilt(short, np.float32, -1),
            "SciPy float64 (frames, 2)": sosfilt(short, np.float64, 0),
            "SciPy float64 (2, frames)": sosfilt(short, np.float64, -1),
        }
        programs = {
            "ffmpeg equalizer": ffmpeg(raw, ffmpeg_filters("equalizer")),
            "ffmpeg anequalizer": ffmpeg(raw, ffmpeg_filters("equalizer", kind="anequalizer")),
            "ffmpeg, nothing": ffmpeg(raw, "anull"),
            "sox": sox(raw, sox_effects("equalizer")),
            "sox, nothing": sox(raw, []),
        }
        costs = turns({w: lambda f=f: thread_ns(f) for w, f in inside.items()}, repeat, len(short))
        brief = short[: len(short) // 3]
        brief_board = pedalboard_work(brief, "equalizer")
        costs |= turns(
            {
                "tenuto.render, a third as long": lambda: thread_ns(
                    lambda: tenuto.render(brief, equalizer(), samplerate=SAMPLERATE)
                ),
                "pedalboard, a third as long": lambda: thread_ns(brief_board),
            },
            repeat,
            len(brief),
        )
        costs |= turns(
            {w: lambda c=c: process_ns(c) for w, c in programs.items()}, repeat, len(long)
        )
        for who in ("ffmpeg equalizer", "ffmpeg anequalizer", "sox"):
            costs[who] = without(costs[who], costs[f"{who.split()[0]}, nothing"])
        floor = subprocess.check_output([compile_cpp("floor.cpp", folder, "-mavx2", "-mfma")])
        rate = float(floor.split()[0])
        short.tofile(raw)
        reference = signal.sosfilt(sections(), short.astype(np.float64), axis=0)
        away = {
            who: 20 * math.log10(float(np.abs(made[: len(short)] - reference).max()) + 1e-20)
            for who, made in outputs(short, folder, raw).items()
        }
    middle = {who: median(found) for who, found in costs.items()}
    ours = middle["tenuto.render"]
    rows = [
        [
            who,
            f"{middle[who]:.2f}",
            f"{min(costs[who]):.2f}",
            f"{middle[who] / ours:.1f}",
            f"{away[who]:.0f}" if who in away else "",
        ]
        for who in costs
        if "nothing" not in who
    ]
    floor = MULTIPLY_ADDS / rate
    rows.append(["floor of the arithmetic", f"{floor:.2f}", "", f"{floor / ours:.1f}", ""])
    print(f"ns per stereo frame, medians of {repeat}")
    print(table(["eight bands", "median", "best", "x tenuto.render", "dB away"], rows))
    scipy = min(cost for who, cost in middle.items() if who.startswith("SciPy"))
    verdicts = [Verdict("at most 8 ns per frame", f"{ours:.2f} ns", ours <= 8)]
    brief_ns = middle["tenuto.render, a third as long"]
    for who, cost, times in (
        ("pedalboard", middle["pedalboard"], 8),
        ("SciPy's sosfilt in its fastest layout", scipy, 16),
        ("ffmpeg's equalizer", middle["ffmpeg equalizer"], 6),
    ):
        verdicts.append(
            Verdict(
                f"at least {times} times faster than {who}",
                f"{cost / ours:.1f} times ({cost:.0f} against {ours:.2f} ns); a third as long: "
                f"{cost / brief_ns:.1f} times",
                cost >= times * max(ours, brief_ns),
            )
        )
    results = {"costs": costs, "floor": floor, "away_db": away, "frames": len(short)}
    finish(args, facts, results, verdicts)


if __name__ == "__main__":
    main()
