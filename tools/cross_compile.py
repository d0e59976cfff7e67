# SPDX-License-Identifier: MIT
"""Compile the core and its tests for systems that are not here, and run them where an emulator can.

    python tools/cross_compile.py                 all targets
    python tools/cross_compile.py x86_64-windows-gnu

Needs the `ziglang` package (a C++ compiler for every target). Windows and macOS are compiled and
linked only; aarch64 Linux also runs the suite under `qemu-aarch64` when that is installed.
Exit code 1 when a target does not compile or its suite fails.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "cross"
# Target -> the endings of the platform files that belong to it.
TARGETS = {
    "x86_64-windows-gnu": ("windows",),
    "aarch64-macos": ("posix", "macos"),
    "aarch64-linux-gnu": ("posix", "linux"),
}
EMULATORS = {"aarch64-linux-gnu": "qemu-aarch64"}
LIBRARIES = {"x86_64-windows-gnu": ["-lavrt"]}


def sources(target: str) -> list[Path]:
    """All of the core but the bindings."""
    folders = ("rt", "disk", "control", "tests")
    plain = [path for folder in folders for path in sorted((ROOT / "core" / folder).glob("*.cpp"))]
    platform = [
        path
        for kind in TARGETS[target]
        for path in sorted((ROOT / "core" / "platform").glob(f"*_{kind}.cpp"))
    ]
    return plain + platform


def compile_one(target: str, source: Path) -> tuple[Path, str]:
    """Compile one file; returns the object and what the compiler said (empty: nothing)."""
    made = BUILD / target / source.relative_to(ROOT).with_suffix(".o")
    made.parent.mkdir(parents=True, exist_ok=True)
    options = ["-std=c++20", "-O2", "-Wall", "-Wextra", "-Werror", "-DTENUTO_REALTIME=1", "-Icore"]
    command = [sys.executable, "-m", "ziglang", "c++", "-target", target, *options]
    done = subprocess.run(
        [*command, "-c", str(source), "-o", str(made)], cwd=ROOT, capture_output=True, text=True
    )
    return made, "" if done.returncode == 0 else done.stderr


def build(target: str, jobs: int) -> str:
    """Compile, link, and run if possible; returns what came of it, beginning with ok or FAILED."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda source: compile_one(target, source), sources(target)))
    errors = [text for _, text in results if text]
    if errors:
        return "FAILED to compile\n" + errors[0]
    program = BUILD / target / "tenuto_core_tests"
    command = [sys.executable, "-m", "ziglang", "c++", "-target", target, "-o", str(program)]
    objects = [str(made) for made, _ in results]
    linked = subprocess.run(
        [*command, *objects, *LIBRARIES.get(target, [])], cwd=ROOT, capture_output=True, text=True
    )
    if linked.returncode != 0:
        return "FAILED to link\n" + linked.stderr
    emulator = EMULATORS.get(target)
    if emulator is None or shutil.which(emulator) is None:
        return "ok: compiled and linked, not run"
    root = ["-L", "/usr/aarch64-linux-gnu"]
    suite = subprocess.run(
        [emulator, *root, str(program)],
        cwd=program.parent,
        capture_output=True,
        text=True,
        timeout=600,
    )
    last = (suite.stdout.strip().splitlines() or [suite.stderr])[-1]
    if suite.returncode != 0:
        return f"FAILED under {emulator}\n{suite.stdout[-3000:]}{suite.stderr[-1000:]}"
    return f"ok: {last} under {emulator}"


def main() -> int:
    """Build every target that was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], help=", ".join(TARGETS))
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    if importlib.util.find_spec("ziglang") is None:
        print("this needs the ziglang package: pip install ziglang", file=sys.stderr)
        return 1
    failed = False
    for target in arguments.targets or TARGETS:
        outcome = build(target, arguments.jobs)
        failed |= outcome.startswith("FAILED")
        print(f"{target}: {outcome}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
