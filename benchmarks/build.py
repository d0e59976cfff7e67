# SPDX-License-Identifier: MIT
"""What do the compiler's options bring: -O2, -O3, optimisation across files, and our dispatch?

The core is built four times (-O2 and -O3, each with and without link-time optimisation), beside it
the program that runs its hot loops one by one (counts.cpp); processor time per frame of each loop,
builds by turns, medians. Then the build with -O3 once more for each level of instruction sets that
this processor has (`TENUTO_SIMD`), so that what dispatch brings stands beside it.

*Meters*: 64 planar channels of 512 frames, 128 KiB, beside the rate at which this core reads as
much out of its second-level cache (floor.cpp). Required: at least half of that.

Needs CMake, Ninja and a C++ compiler. Takes some minutes, most of them for building.

Usage: python benchmarks/build.py [--quick] [--repeat 5] [--json build.json]
"""

from __future__ import annotations

import os
import resource
import subprocess
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

BUILDS = {"-O2": ("-O2", "OFF"), "-O2 LTO": ("-O2", "ON"), "-O3": ("-O3", "OFF")}
BUILDS["-O3 LTO"] = ("-O3", "ON")
REFERENCE = "-O3"
FRAMES = 512


def build(folder: Path, name: str) -> Path:
    level, across = BUILDS[name]
    where = folder / name.replace(" ", "")
    command = [need("cmake", "cmake"), "-S", str(HERE.parent), "-B", str(where), "-G", "Ninja"]
    command += ["-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_CXX_FLAGS_RELEASE={level} -DNDEBUG"]
    command += [f"-DCMAKE_INTERPROCEDURAL_OPTIMIZATION={across}"]
    command += ["-DTENUTO_BUILD_EXTENSION=OFF", "-DTENUTO_BUILD_TESTS=ON"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    command = ["cmake", "--build", str(where), "--target", "tenuto_counts"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return where / "tenuto_counts"


def ns_per_frame(program: Path, loop: str, turns: int, level: str = "") -> float:
    """Of the loop alone: what the program takes to get there is taken off."""
    used = []
    for count in (0, turns):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        environment = {**os.environ, "TENUTO_SIMD": level}
        subprocess.run([program, loop, str(count)], check=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return 1e9 * (used[1] - used[0]) / turns / FRAMES


def main() -> None:
    from tenuto import _core

    args = arguments(__doc__ or "")
    facts = machine()
    print(machine_line(facts))
    repeat = args.repeat or (1 if args.quick else 5)
    found: dict[str, dict[str, list[float]]] = {}
    with scratch() as folder:
        names = [REFERENCE] if args.quick else list(BUILDS)
        programs = {name: build(folder, name) for name in names}
        floor = subprocess.check_output([compile_cpp("floor.cpp", folder, "-mavx2", "-mfma")])
        limit = float(floor.split()[1])
        sizes = {name: program.stat().st_size for name, program in programs.items()}
        loops = subprocess.check_output([programs[REFERENCE]], text=True).splitlines()
        for loop in loops:
            turns = max(20, round((2e6 if args.quick else 2e7) / FRAMES / _weight(loop)))
            here = found.setdefault(loop, {})
            for i in range(repeat):
                for name in names if i % 2 else names[::-1]:
                    cost = ns_per_frame(programs[name], loop, turns)
                    here.setdefault(name, []).append(cost)
                for level in _core.simd_levels():
                    cost = ns_per_frame(programs[REFERENCE], loop, turns, level)
                    here.setdefault(level, []).append(cost)
    columns = [*names, *_core.simd_levels()]
    middle = {loop: {c: median(found[loop][c]) for c in columns} for loop in loops}
    rows = [[loop, *(f"{middle[loop][c]:.2f}" for c in columns)] for loop in loops]
    gains = {}
    for column in columns:
        product = 1.0
        for loop in loops:
            product *= max(middle[loop][column], 1e-3) / max(middle[loop][REFERENCE], 1e-3)
        gains[column] = product ** (1 / len(loops))
    rows.append([f"all, {REFERENCE} = 1", *(f"{gains[c]:.2f}" for c in columns)])
    print(f"ns per frame, medians of {repeat}; levels are of the build with {REFERENCE}")
    print(table(["loop", *columns], rows))
    print("program, kB: " + ", ".join(f"{n} {s / 1000:.0f}" for n, s in sizes.items()))
    rate = 64 * 4 / middle["meters planar 64"][REFERENCE]
    verdict = Verdict(
        "meters at least at half of the rate at which L2 is read",
        f"{rate / limit:.2f} ({rate:.0f} of {limit:.0f} bytes in a nanosecond)",
        rate >= limit / 2,
    )
    results = {"costs": found, "relative": gains, "columns": columns, "bytes": sizes}
    finish(args, facts, results, [verdict])


def _weight(loop: str) -> float:
    """Loops over many channels take longer."""
    return 20.0 if loop in ("engine 64", "meters planar 64") else 1.0


if __name__ == "__main__":
    main()
