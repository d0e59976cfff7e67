#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count the instructions of the core's hot loops, and compare them with those that are committed.

    tools/count_instructions.py PROGRAM             compare; exit code 1 when one is off
    tools/count_instructions.py PROGRAM --update    write benchmarks/counts.json anew

A guard against slow code that needs no clock and no quiet machine: valgrind counts, and the count
of a loop is the same in every run. PROGRAM is benchmarks/counts.cpp, built as `nox -s counts` does
it, with the compiler that the committed figures name; another one gives other figures, and is told
so. The level "scalar" only: which others can be run depends on what valgrind knows.

Better figures than the committed ones are off, too: commit them, so that they are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FIGURES = Path(__file__).resolve().parent.parent / "benchmarks" / "counts.json"
TOLERANCE = 0.03
FRAMES = 512  # of one turn of a loop in counts.cpp
FEW, MANY = 20, 60  # turns: what differs between the two runs is the loop's alone
# So that the C library takes the same copying loops on every processor.
PLAIN = "glibc.cpu.hwcaps=-AVX2,-AVX,-AVX512F,-AVX512VL,-ERMS,-FSRM"


def differences(counted: Mapping[str, float], committed: Mapping[str, float]) -> list[str]:
    """One line for each loop that is off, new, or gone.

    >>> differences({"a": 103.0, "b": 1.0}, {"a": 100.0, "b": 1.04})
    ['b: 1.00 instructions a frame, not 1.04 (-3.8 %)']
    >>> differences({"a": 1.0}, {"b": 1.0})
    ['a: is not among the committed figures', 'b: was not counted']
    """
    found = []
    for name, count in counted.items():
        if name not in committed:
            found.append(f"{name}: is not among the committed figures")
        elif abs(count - committed[name]) > TOLERANCE * committed[name] * (1 + 1e-9):
            away = 100 * (count / committed[name] - 1)
            found.append(
                f"{name}: {count:.2f} instructions a frame, not {committed[name]:.2f} "
                f"({away:+.1f} %)"
            )
    return found + [f"{name}: was not counted" for name in committed if name not in counted]


def instructions(program: Path, loop: str, turns: int) -> int:
    """Of the whole program, as callgrind collects them."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program)]
    environment = {**os.environ, "TENUTO_SIMD": "scalar", "GLIBC_TUNABLES": PLAIN}
    done = subprocess.run(
        [*command, loop, str(turns)], capture_output=True, text=True, env=environment
    )
    collected = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
    if done.returncode or collected is None:
        raise RuntimeError(f"callgrind does not count {loop!r}:\n{done.stderr}")
    return int(collected[1])


def count(program: Path) -> dict[str, float]:
    """Instructions of each loop, per frame."""
    loops = subprocess.check_output([program], text=True).splitlines()
    runs = [(loop, turns) for loop in loops for turns in (FEW, MANY)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(
            zip(runs, pool.map(lambda run: instructions(program, *run), runs), strict=True)
        )
    per_frame = FRAMES * (MANY - FEW)
    return {loop: round((found[loop, MANY] - found[loop, FEW]) / per_frame, 3) for loop in loops}


def compiler() -> str:
    """The first line of what the compiler says of itself."""
    name = os.environ.get("CXX", "c++")
    return subprocess.check_output([name, "--version"], text=True).splitlines()[0]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("--update", action="store_true")
    args = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("valgrind is needed (Debian: apt-get install valgrind)", file=sys.stderr)
        # In CI a check that is not made is a failure.
        return int(os.environ.get("TENUTO_CI_STRICT") == "1")
    counted, by = count(args.program), compiler()
    if args.update:
        made = {"compiler": by, "instructions_per_frame": counted}
        FIGURES.write_text(json.dumps(made, indent=1) + "\n")
        return 0
    committed = json.loads(FIGURES.read_text())
    if committed["compiler"] != by:
        print(f"not compared: the figures are for {committed['compiler']}, this is {by}")
        return 0
    figures = committed["instructions_per_frame"]
    # The canary: one figure changed by a little more than what is allowed has to be noticed.
    first = next(iter(figures))
    if not differences({first: figures[first] * (1.01 + TOLERANCE)}, {first: figures[first]}):
        print("the comparison is dead: it does not see a figure that is off")
        return 1
    for name, value in counted.items():
        print(f"{name:20} {value:9.2f} instructions a frame")
    off = differences(counted, figures)
    for line in off:
        print(f"OFF: {line}")
    if off:
        print("If that is meant: nox -s counts -- --update, and say why in the commit.")
    return int(bool(off))


if __name__ == "__main__":
    sys.exit(main())
