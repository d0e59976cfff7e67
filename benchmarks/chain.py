# SPDX-License-Identifier: MIT
"""What does a whole channel strip cost, beside those that people use today?

Eight-band equalizer, compressor, limiter, gain (and for us a meter with true peak, which others
do not have) over stereo noise at 48 kHz, 32-bit float in and out, in nanoseconds of processor time
per stereo frame. Twice, because our limiter costs little while nothing comes near its ceiling:

- *at rest*: behind the compressor the noise stays below the ceiling;
- *at work*: 18 dB of make-up gain in between, so that the limiter reduces all the time (the others
  run once, without it).

- *tenuto*: `tenuto.render` of an array; and each node alone in blocks of 512 and 64 frames;
- *pedalboard*: ``PeakFilter`` eight times, ``Compressor``, ``Limiter``, ``Gain``;
- *ffmpeg*: ``equalizer`` eight times, ``acompressor``, ``alimiter``, ``volume``;
- *sox*: ``equalizer`` eight times, ``compand`` twice, ``gain``.

The last two work on raw floats, and the cost of reading and writing is taken off.

Only the equalizers are the same filter everywhere: compressors and limiters differ in what they do.
Ours looks ahead and holds the true peak, pedalboard's limiter is two compressors and a clipper.

Required: at least 5 times faster than pedalboard and 4 times faster than ffmpeg, either way.

Needs pedalboard and scipy (pip), ffmpeg and sox (Debian).

Usage: python benchmarks/chain.py [--quick] [--repeat 7] [--json chain.json]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from _common import Verdict, arguments, finish, machine, machine_line, median, scratch, table
from _peers import (
    GAIN_DB,
    SAMPLERATE,
    compressor,
    equalizer,
    ffmpeg,
    ffmpeg_filters,
    limiter,
    noise,
    pedalboard_work,
    process_ns,
    sox,
    sox_effects,
    thread_ns,
    turns,
    without,
)

PARTS = ("equalizer", "compressor", "limiter", "gain")
MAKEUP_DB = 18.0


def nodes() -> dict[str, Any]:
    import tenuto

    return {
        "equalizer": equalizer(),
        "compressor": compressor(),
        "limiter": limiter(),
        "gain": tenuto.Gain(GAIN_DB),
        "meter, true peak": tenuto.Meter(),
        "meter": tenuto.Meter(true_peak=False),
    }


def node_work(node: Any, sound: Any, block: int) -> Callable[[], Any]:
    from tenuto import _core

    core = node._instance(SAMPLERATE, 2, block).core
    sides = np.zeros((len(node.side_inputs), len(sound)), np.float32)
    planar = np.ascontiguousarray(np.vstack([sound.T, sides]))
    return lambda: _core.run_node(core, planar, [block])


def main() -> None:
    import tenuto

    args = arguments(__doc__ or "")
    facts = machine()
    print(machine_line(facts))
    repeat = args.repeat or (1 if args.quick else 7)
    short, long = (8 * noise(1 if args.quick else seconds) for seconds in (10, 60))
    with scratch() as folder:
        raw = folder / "in.raw"
        long.tofile(raw)

        def ours(*which: str, makeup_db: float = 0.0) -> Any:
            made = nodes()
            made["compressor"].makeup_db = makeup_db
            return tenuto.render(short, [made[name] for name in which], samplerate=SAMPLERATE)

        inside: dict[str, Callable[[], Any]] = {
            "tenuto.render": lambda: ours(*PARTS, "meter, true peak"),
            "tenuto.render, limiter at work": lambda: ours(
                *PARTS, "meter, true peak", makeup_db=MAKEUP_DB
            ),
            "tenuto.render, without meter": lambda: ours(*PARTS),
            "pedalboard": pedalboard_work(short, *PARTS),
        }
        for name, node in nodes().items():
            for block in (512, 64):
                inside[f"{name}, alone, {block} frames"] = node_work(node, short, block)
        programs = {
            "ffmpeg": ffmpeg(raw, ffmpeg_filters(*PARTS)),
            "ffmpeg, nothing": ffmpeg(raw, "anull"),
            "sox": sox(raw, sox_effects(*PARTS)),
            "sox, nothing": sox(raw, []),
        }
        costs = turns({w: lambda f=f: thread_ns(f) for w, f in inside.items()}, repeat, len(short))
        costs |= turns(
            {w: lambda c=c: process_ns(c) for w, c in programs.items()}, repeat, len(long)
        )
        for who in ("ffmpeg", "sox"):
            costs[who] = without(costs[who], costs[f"{who}, nothing"])
    middle = {who: median(found) for who, found in costs.items()}
    cost = middle["tenuto.render"]
    rows = [
        [who, f"{middle[who]:.2f}", f"{min(costs[who]):.2f}", f"{middle[who] / cost:.2f}"]
        for who in costs
        if "nothing" not in who
    ]
    print(f"ns per stereo frame, medians of {repeat}")
    print(table(["", "median", "best", "x tenuto.render"], rows))
    verdicts = []
    for how, ours_ns in (
        ("at rest", cost),
        ("at work", middle["tenuto.render, limiter at work"]),
    ):
        for who, times in (("pedalboard", 5), ("ffmpeg", 4)):
            verdicts.append(
                Verdict(
                    f"limiter {how}: at least {times} times faster than {who}",
                    f"{middle[who] / ours_ns:.1f} times "
                    f"({middle[who]:.0f} against {ours_ns:.1f} ns)",
                    middle[who] >= times * ours_ns,
                )
            )
    finish(args, facts, {"costs": costs, "frames": len(short)}, verdicts)


if __name__ == "__main__":
    main()
