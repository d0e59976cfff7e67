# SPDX-License-Identifier: MIT
"""What does the ring between two threads cost, beside those that others use?

Stereo frames of 32-bit floats in blocks of 1, 16, 64, 512 and 4096 frames; a ring of 16384 frames.
ring.cpp is compiled for it and runs several times; medians:

- *pair*: nanoseconds of one write and one read of a block on one thread;
- *through*: millions of frames a second from one thread to another, each pinned to a processor of
  its own, at SCHED_FIFO where that is allowed; that they arrive in order is checked.

Ours (core/shared/ring.h), JACK's, PortAudio's, boost's ``spsc_queue``; as the limit a ring that is
nothing but two `memcpy` and two counters. Required: from 64 frames on at least 0.8 of the limit's
rate between threads; at one frame a pair not slower than the best peer's.

Needs a C++ compiler, libjack-jackd2-dev and libboost-dev, for PortAudio's portaudio19-dev (Debian).

Usage: python benchmarks/ring.py [--quick] [--repeat 5] [--json ring.json]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from _common import (
    HERE,
    Verdict,
    arguments,
    finish,
    machine,
    machine_line,
    median,
    need,
    scratch,
    table,
)
from _peers import compile_cpp

LIMIT = "memcpy"


def build(folder: Path) -> Path:
    """With PortAudio's where there is its static library."""
    memory = str(HERE.parent / "core" / "platform" / "memory_posix.cpp")
    libraries = [memory, "-ljack", "-lpthread"]
    options = []
    asked = [need("c++", "g++"), "-print-file-name=libportaudio.a"]
    if Path(subprocess.check_output(asked, text=True).strip()).is_absolute():
        options.append("-DWITH_PORTAUDIO")
        libraries.append("-l:libportaudio.a")
    try:
        return compile_cpp("ring.cpp", folder, *options, libraries=tuple(libraries))
    except subprocess.CalledProcessError:
        sys.exit("ring.cpp needs libjack-jackd2-dev and libboost-dev (Debian: apt-get install)")


def main() -> None:
    args = arguments(__doc__ or "")
    facts = machine()
    print(machine_line(facts))
    repeat = args.repeat or (1 if args.quick else 5)
    pair: dict[str, dict[int, list[float]]] = {}
    through: dict[str, dict[int, list[float]]] = {}
    with scratch() as folder:
        program = build(folder)
        for _ in range(repeat):
            out = subprocess.check_output([program, "0.02" if args.quick else "0.5"], text=True)
            for line in out.splitlines():
                who, frames, ns, rate = line.split()
                pair.setdefault(who, {}).setdefault(int(frames), []).append(float(ns))
                through.setdefault(who, {}).setdefault(int(frames), []).append(float(rate))
    sizes = list(pair[LIMIT])
    for title, found, digits in (
        ("pair, ns", pair, 1),
        ("through, million frames a second", through, 0),
    ):
        rows = [
            [who, *(f"{median(found[who][frames]):.{digits}f}" for frames in sizes)]
            for who in found
        ]
        print(f"\n{title}; medians of {repeat}")
        print(table(["frames a block", *map(str, sizes)], rows))
    verdicts = []
    for frames in (size for size in sizes if size >= 64):
        ours, limit = (median(through[who][frames]) for who in ("tenuto", LIMIT))
        verdicts.append(
            Verdict(
                f"{frames} frames: at least 0.8 of memcpy's rate between threads",
                f"{ours / limit:.2f} ({ours:.0f} against {limit:.0f} million frames a second)",
                ours >= 0.8 * limit,
            )
        )
    peers = [who for who in pair if who not in ("tenuto", LIMIT)]
    ours, best = median(through["tenuto"][1]), max(median(through[who][1]) for who in peers)
    verdicts.append(
        Verdict(
            "1 frame: not slower than the best peer, between threads",
            f"{ours:.0f} against {best:.0f} million frames a second",
            ours >= best,
        )
    )
    ours, best = median(pair["tenuto"][1]), min(median(pair[who][1]) for who in peers)
    verdicts.append(
        Verdict(
            "1 frame: not slower than the best peer, written and read by one thread",
            f"{ours:.1f} against {best:.1f} ns",
            ours <= best,
        )
    )
    finish(args, facts, {"pair": pair, "through": through}, verdicts)


if __name__ == "__main__":
    main()
