# SPDX-License-Identifier: MIT
"""Compile the core for systems that are not here, and run its suite where an emulator can.

    python tools/cross_compile.py [windows] [macos] [aarch64] [x86-64] [--jobs 2]

windows and macos are compiled with the package `ziglang`, a C++ compiler with the headers of both.
macos is not linked: that needs Apple's libraries. The suite for windows runs under Wine, if that is
installed (Debian: wine64); the first link takes minutes, as zig builds its libraries then. aarch64
is built with `aarch64-linux-gnu-g++`, and the suite runs under `qemu-aarch64`; x86-64 runs under
`qemu-x86_64` as old and new processors.
Exit code 1 when something does not compile or a test fails.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "cross"
# System -> the compiler, and the endings of the platform files that belong to it.
ZIG = [sys.executable, "-m", "ziglang", "c++", "-target"]
SYSTEMS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "windows": ([*ZIG, "x86_64-windows-gnu"], ("windows",)),
    "macos": ([*ZIG, "aarch64-macos"], ("posix", "macos")),
    "aarch64": (["aarch64-linux-gnu-g++"], ("posix", "linux")),
    "x86-64": (["x86_64-linux-gnu-g++"], ("posix", "linux")),
}
# Where the suite is run: the emulated processors. Nehalem has no AVX, no FMA; qemu64 has no SSE4
# either; the last one is everything that the emulator knows (AVX2 and FMA, no AVX-512).
WINE = shutil.which("wine64") or "/usr/lib/wine/wine64"  # where Debian has it
EMULATED: dict[str, tuple[list[str], ...]] = {
    "windows": ([WINE],),
    "aarch64": (["qemu-aarch64"],),
    "x86-64": tuple(["qemu-x86_64", "-cpu", name] for name in ("qemu64", "Nehalem", "max")),
}
# As in CMakeLists.txt: what is compiled for a newer x86-64 (elsewhere these files are empty).
LEVELS = {
    "_sse.cpp": ["-msse4.2"],
    "_avx2.cpp": ["-mavx2", "-mfma"],
    "_avx512.cpp": ["-mavx2", "-mfma", *(f"-mavx512{part}" for part in ("f", "vl", "bw", "dq"))],
}
OPTIONS = ["-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror", "-Icore"]
OPTIONS += ["-DTENUTO_REALTIME=1", "-DTENUTO_GUARD=1"]


def sources(system: str) -> list[Path]:
    """All of the core but the bindings."""
    patterns = [f"{folder}/*.cpp" for folder in ("rt", "dsp", "simd", "disk", "control", "tests")]
    patterns += [f"platform/*_{kind}.cpp" for kind in SYSTEMS[system][1]]
    return [path for pattern in patterns for path in sorted((ROOT / "core").glob(pattern))]


def compile_one(system: str, source: Path) -> tuple[Path, str]:
    """Compile one file; returns the object and what the compiler said (empty: nothing)."""
    made = BUILD / system / source.relative_to(ROOT).with_suffix(".o")
    made.parent.mkdir(parents=True, exist_ok=True)
    level = ["-ffp-contract=off"] if source.parent.name == "simd" else []
    for ending, flags in LEVELS.items():
        if system in ("windows", "x86-64") and source.name.endswith(ending):
            level += flags
    command = [*SYSTEMS[system][0], *OPTIONS, *level, "-c", str(source), "-o", str(made)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return made, "" if done.returncode == 0 else done.stderr or "it failed without a word"


def run_suite(system: str, objects: list[Path], jobs: int) -> str:
    """Link a suite and run it on each processor; returns what came of it."""
    compiler, program = SYSTEMS[system][0], BUILD / system / "tenuto_core_tests.exe"
    link = [*compiler, "-static", "-pthread", "-o", str(program), *map(str, objects)]
    link += ["-lavrt"] if system == "windows" else []
    # Of its own, so that nobody's Windows programs are touched; quiet about what it lacks.
    environment = os.environ | {"WINEPREFIX": str(BUILD / "wine"), "WINEDEBUG": "-all"}
    environment.pop("TENUTO_SIMD", None)  # the emulated processors have levels of their own
    linked = subprocess.run(link, capture_output=True, text=True)
    if linked.returncode != 0:
        return "FAILED to link\n" + linked.stderr
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        outcomes = list(
            pool.map(lambda emulator: run_on(emulator, program, environment), EMULATED[system])
        )
    failed = [outcome for outcome in outcomes if outcome.startswith("FAILED")]
    return failed[0] if failed else "ok: " + "; ".join(outcomes)


def run_on(emulator: list[str], program: Path, environment: dict[str, str]) -> str:
    """Run a suite in a folder of its own; returns what came of it."""
    name = " ".join([Path(emulator[0]).name, *emulator[1:]])
    folder = program.parent / name.replace(" ", "-")
    folder.mkdir(exist_ok=True)
    suite = subprocess.run(
        [*emulator, str(program)],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        timeout=600,
    )
    if suite.returncode != 0:
        return f"FAILED under {name}\n{suite.stdout[-3000:]}{suite.stderr[-1000:]}"
    return f"{suite.stdout.strip().splitlines()[-1]} under {name}"


def missing(system: str) -> str:
    """What has to be installed first; empty when all is there."""
    if system in ("aarch64", "x86-64"):
        programs = (SYSTEMS[system][0][0], EMULATED[system][0][0])
        return " and ".join(name for name in programs if shutil.which(name) is None)
    return "" if importlib.util.find_spec("ziglang") else "the Python package ziglang"


def build(system: str, jobs: int) -> str:
    """Compile (and run) for one system; returns what came of it, beginning with ok or FAILED."""
    if missing(system):
        return f"FAILED: this needs {missing(system)}"
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda source: compile_one(system, source), sources(system)))
    errors = [text for _, text in results if text]
    if errors:
        return "FAILED to compile\n" + errors[0]
    if all(shutil.which(emulator[0]) for emulator in EMULATED.get(system, ([""],))):
        return run_suite(system, [made for made, _ in results], jobs)
    return f"ok: {len(results)} files compiled, not run"


def main() -> int:
    """Build every system that was asked for, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("systems", nargs="*", metavar="SYSTEM", help=", ".join(SYSTEMS))
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    unknown = set(arguments.systems) - set(SYSTEMS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; possible are {', '.join(SYSTEMS)}")
    failed = False
    for system in arguments.systems or SYSTEMS:
        outcome = build(system, arguments.jobs)
        failed |= outcome.startswith("FAILED")
        print(f"{system}: {outcome}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
