#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the C++ suite under each check of the compilers, and shows that each check still works.

    tools/run_sanitizers.py [asan | tsan | rtsan | effects | all]

``asan``     address, leak and undefined-behaviour sanitizers
``tsan``     thread sanitizer
``rtsan``    realtime sanitizer: stops at a call that may block under a function that must not
``effects``  Clang proves at compile time that nothing marked nonblocking can block

A check that finds nothing may be a check that does not look. So for each there are canaries in
``core/tests/canary/``: programs that must fail, with the sentence that they name in their head.
The exit code is 1 if the suite fails, a canary does not, or a compiler is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CANARIES = ROOT / "core" / "tests" / "canary"
# Folders that must be compiled with the proof switched on.
PROVEN = ("core/rt/", "core/dsp/", "core/simd/")
PROOF = "-Werror=function-effects"
OLDEST_CLANG = 20  # the first with function effects and the realtime sanitizer
SUITE_SECONDS = 900
CANARY_SECONDS = 60


@dataclass(frozen=True)
class Check:
    """One way to look at the code."""

    preset: str
    canary_flags: tuple[str, ...]
    needs_clang: bool
    options: tuple[tuple[str, str], ...] = ()  # environment of what it runs


CHECKS = {
    "asan": Check(
        "asan",
        ("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
        needs_clang=False,
        options=(
            ("ASAN_OPTIONS", "detect_leaks=1:detect_stack_use_after_return=1:strict_init_order=1"),
            ("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1"),
        ),
    ),
    "tsan": Check(
        "tsan",
        ("-fsanitize=thread",),
        needs_clang=False,
        options=(("TSAN_OPTIONS", "halt_on_error=1:second_deadlock_stack=1"),),
    ),
    "rtsan": Check(
        "rtsan",
        ("-fsanitize=realtime",),
        needs_clang=True,
        options=(("RTSAN_OPTIONS", "halt_on_error=true"),),
    ),
    "effects": Check("dev", ("-fsyntax-only", PROOF), needs_clang=True),
}


class CheckFailed(Exception):
    """A check found something, or could not look."""


class CompilerMissing(Exception):
    """No compiler here can make this check."""


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler and what it is."""

    path: str
    is_clang: bool
    version: int


def identify(name: str) -> Compiler | None:
    """Ask the compiler `name` what it is; None if there is no such compiler."""
    path = shutil.which(name)
    if path is None:
        return None
    macros = subprocess.run(
        [path, "-x", "c++", "-dM", "-E", "-"], input="", capture_output=True, text=True
    )
    found = dict(re.findall(r"^#define (__clang_major__|__GNUC__) (\d+)", macros.stdout, re.M))
    clang = found.get("__clang_major__")
    return Compiler(path, clang is not None, int(clang or found.get("__GNUC__", 0)))


def choose(asked: str | None, *, needs_clang: bool) -> Compiler | None:
    """Find the newest fitting Clang, or another compiler if that will do; None if there is none."""
    names = [asked] if asked else [f"clang++-{n}" for n in range(30, OLDEST_CLANG - 1, -1)]
    names += [] if asked else ["clang++", os.environ.get("CXX", ""), "g++", "c++"]
    for compiler in (identify(name) for name in names if name):
        if compiler is None:
            continue
        if compiler.is_clang and compiler.version >= OLDEST_CLANG:
            return compiler
        if not compiler.is_clang and not needs_clang:
            return compiler
    return None


def run(command: list[str], environment: dict[str, str], seconds: int) -> tuple[int, str]:
    """Run a command in the tree; give its exit code and all that it printed."""
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
        )
    except FileNotFoundError:
        raise CheckFailed(f"{command[0]} is not installed: see .ci/packages.txt") from None
    except subprocess.TimeoutExpired as late:
        printed = late.stdout or b""
        text = printed if isinstance(printed, str) else printed.decode(errors="replace")
        return -1, f"{text}\nno end after {seconds} s"
    return done.returncode, done.stdout


def must(what: str, command: list[str], environment: dict[str, str], seconds: int) -> str:
    """Run a command that has to succeed; give what it printed."""
    code, printed = run(command, environment, seconds)
    if code != 0:
        raise CheckFailed(f"{what} failed with exit code {code}: {' '.join(command)}\n{printed}")
    return printed


def environment_for(check: Check) -> dict[str, str]:
    """Give the environment that builds and runs need: this Python's tools, options, names."""
    environment = dict(os.environ)
    # CMake and Ninja may be installed beside this Python only.
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    # Without help a Debian Clang finds no program that turns addresses into names and lines.
    tools = map(shutil.which, ("llvm-symbolizer-22", "llvm-symbolizer", "addr2line"))
    symbolizer = next(filter(None, tools), None)
    for kind in ("ASAN", "TSAN", "RTSAN", "UBSAN"):
        if symbolizer:
            environment.setdefault(f"{kind}_SYMBOLIZER_PATH", symbolizer)
    for name, value in check.options:
        # What the caller set stays, and may overrule ours.
        environment[name] = ":".join(filter(None, [value, os.environ.get(name)]))
    return environment


def without_random_addresses(command: list[str], compiler: Compiler) -> list[str]:
    """Prefix `command` as GCC's thread sanitizer needs it (Clang's does the same by itself)."""
    setarch = shutil.which("setarch")
    return command if compiler.is_clang or setarch is None else [setarch, "-R", *command]


def check_suite(name: str, check: Check, compiler: Compiler, jobs: int) -> str:
    """Build the C++ suite and run it; give its closing line."""
    environment = environment_for(check)
    build = ROOT / "build" / "sanitize" / f"{name}-{Path(compiler.path).name}"
    # A debug build of the effects check is also the suite's only run without a sanitizer under
    # Clang, so its assertions count.
    configure = ["cmake", "--preset", check.preset, "-B", str(build)]
    configure += [f"-DCMAKE_CXX_COMPILER={compiler.path}"]
    must("configuring", configure, environment, 120)
    if name == "effects":
        expect_proof(build)
    must("building", ["cmake", "--build", str(build), "-j", str(jobs)], environment, SUITE_SECONDS)
    command = [str(build / "tenuto_core_tests")]
    if name == "tsan":
        command = without_random_addresses(command, compiler)
    printed = must("the C++ suite", command, environment, SUITE_SECONDS)
    closing = re.findall(r"^\d+ passed, \d+ failed.*$", printed, re.M)
    if not closing or closing[-1].startswith("0 passed"):
        raise CheckFailed(
            f"the C++ suite ran no tests, or did not say how many:\n{printed[-2000:]}"
        )
    return str(closing[-1])


def expect_proof(build: Path) -> None:
    """Raise unless every file that must be proven is compiled with the proof switched on."""
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    proven = 0
    for entry in entries:
        file = Path(entry["file"]).resolve().relative_to(ROOT).as_posix()
        if file.startswith(PROVEN):
            proven += 1
            if PROOF not in entry["command"]:
                raise CheckFailed(f"{file} is compiled without {PROOF}: add it in CMakeLists.txt")
    if proven == 0:
        raise CheckFailed(f"no file of {', '.join(PROVEN)} is compiled: see CMakeLists.txt")


def head(canary: Path, key: str) -> str:
    """Read one ``// key: value`` line from the head of a canary."""
    found = re.search(rf"^// {key}: (.+)$", canary.read_text(encoding="utf-8"), re.M)
    if found is None:
        raise CheckFailed(f'{canary.name} has no line "// {key}: ...": say what it must trip')
    return found[1].strip()


def check_canaries(name: str, check: Check, compiler: Compiler) -> int:
    """Show that every canary of a check fails as it must; give how many there are."""
    environment = environment_for(check)
    canaries = [path for path in sorted(CANARIES.glob("*.cpp")) if head(path, "canary") == name]
    if not canaries:
        raise CheckFailed(f"no canary for {name}: without one nobody knows whether it looks")
    folder = ROOT / "build" / "sanitize" / "canary"
    folder.mkdir(parents=True, exist_ok=True)
    for canary in canaries:
        program = folder / f"{canary.stem}-{Path(compiler.path).name}"
        compile_it = [compiler.path, "-std=c++20", "-g", "-O1", "-pthread", f"-I{ROOT / 'core'}"]
        compile_it += [*check.canary_flags, str(canary)]
        if "-fsyntax-only" in check.canary_flags:
            command = compile_it  # it has to be refused by the compiler
        else:
            building = [*compile_it, "-o", str(program)]
            must(f"building {canary.name}", building, environment, CANARY_SECONDS)
            command = [str(program)]
            if name == "tsan":
                command = without_random_addresses(command, compiler)
        expected = head(canary, "expected")
        code, printed = run(command, environment, CANARY_SECONDS)
        if code == 0:
            raise CheckFailed(f"{canary.name} went through: {name} does not look any more")
        if expected not in printed:
            raise CheckFailed(f'{canary.name} failed, but without "{expected}":\n{printed}')
    return len(canaries)


def run_check(name: str, asked: str | None, jobs: int) -> str:
    """Run one check; give a line that says what was seen."""
    check = CHECKS[name]
    compiler = choose(asked, needs_clang=check.needs_clang)
    if compiler is None:
        raise CompilerMissing(
            f"{name} needs Clang {OLDEST_CLANG} or later"
            + ("" if check.needs_clang else " or GCC")
            + " (Debian: apt-get install clang-22 libclang-rt-22-dev)"
        )
    canaries = check_canaries(name, check, compiler)
    closing = check_suite(name, check, compiler, jobs)
    kind = f"{'Clang' if compiler.is_clang else 'GCC'} {compiler.version}"
    return f"{closing}; canaries that failed as they must: {canaries} ({kind})"


def main() -> int:
    """Run from the command line; give the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("check", nargs="?", default="all", choices=[*CHECKS, "all"])
    parser.add_argument("--compiler", help="take this compiler instead of the newest Clang")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="compilers at a time")
    parser.add_argument(
        "--allow-missing", action="store_true", help="pass a check whose compiler is not there"
    )
    asked = parser.parse_args()
    failures = 0
    for name in CHECKS if asked.check == "all" else [asked.check]:
        began = time.monotonic()
        try:
            result = run_check(name, asked.compiler, asked.jobs)
        except CompilerMissing as missing:
            result = f"{'passed over' if asked.allow_missing else 'FAILED'}: {missing}"
            failures += not asked.allow_missing
        except CheckFailed as failed:
            result = f"FAILED: {failed}"
            failures += 1
        print(f"{name}: {result} [{time.monotonic() - began:.0f} s]", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
