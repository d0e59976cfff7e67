# SPDX-License-Identifier: MIT
"""The project's chores, each one command: ``nox -s lint``, ``nox -s tests`` ... CI runs the same.

The sessions use the environment that nox itself is in (``pip install '.[dev]'``), so that what
is checked is what was installed, and a session starts at once. Arguments after ``--`` are passed
on: ``nox -s tests -- -k ledger``, ``nox -s sanitize -- tsan``.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox
import nox.command

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "tests", "core"]

ROOT = Path(__file__).resolve().parent
# Tools may be installed beside this Python only.
TOOLS = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


def run(session: nox.Session, *command: str | Path) -> None:
    """Run one command with this environment's tools."""
    session.run(*map(str, command), env=TOOLS, external=True)


def clang_tool(session: nox.Session, name: str, package: str) -> str | None:
    """Find one of Clang's tools, in the one version that CI has: another lays out differently."""
    found = shutil.which(f"{name}-22", path=TOOLS["PATH"])
    if found is None:
        remedy = f"{name}-22 is not installed (Debian: apt-get install {package})"
        # In CI a check that is not made is a failure.
        if os.environ.get("TENUTO_CI_STRICT") == "1":
            session.error(remedy)
        session.warn(remedy)
    return found


def cpp_files() -> list[Path]:
    """Give the C++ files of the core, seen from the root of the tree (where sessions run)."""
    found = (path for end in ("*.h", "*.cpp") for path in (ROOT / "core").rglob(end))
    return sorted(path.relative_to(ROOT) for path in found)


@nox.session
def lint(session: nox.Session) -> None:
    """Formatting, lint, types and the house rules: all of them, whichever fails first."""
    commands: list[list[str | Path]] = [
        [sys.executable, "-m", "ruff", "check", "."],
        [sys.executable, "-m", "ruff", "format", "--check", "."],
        [sys.executable, "-m", "mypy"],
        [sys.executable, "tools/check_layers.py"],
    ]
    formatter = clang_tool(session, "clang-format", "clang-format-22")
    if formatter:
        commands.append([formatter, "--dry-run", "--Werror", *cpp_files()])
    failed = 0
    for command in commands:
        try:
            run(session, *command)
        except nox.command.CommandFailed:
            failed += 1
    if failed:
        session.error(f"{failed} of {len(commands)} checks failed")


@nox.session(name="format")
def format_(session: nox.Session) -> None:
    """Put every file into the form that lint asks for."""
    run(session, sys.executable, "-m", "ruff", "check", "--fix", ".")
    run(session, sys.executable, "-m", "ruff", "format", ".")
    formatter = clang_tool(session, "clang-format", "clang-format-22")
    if formatter:
        run(session, formatter, "-i", *cpp_files())


@nox.session
def tests(session: nox.Session) -> None:
    """The Python suite, against the installed package."""
    run(session, sys.executable, "-m", "pytest", *session.posargs)


@nox.session
def core(session: nox.Session) -> None:
    """The C++ suite with the default compiler."""
    run(session, "cmake", "--preset", "dev")
    run(session, "cmake", "--build", "--preset", "dev")
    run(session, ROOT / "build" / "dev" / "tenuto_core_tests", *session.posargs)


@nox.session
def model(session: nox.Session) -> None:
    """The structures that threads share, in every way that the memory model allows."""
    run(session, "cmake", "--preset", "dev")
    run(session, "cmake", "--build", "--preset", "dev", "--target", "tenuto_model")
    run(session, ROOT / "build" / "dev" / "tenuto_model", *session.posargs)


@nox.session
def valgrind(session: nox.Session) -> None:
    """The C++ suite under valgrind: memory that is used wrongly, or lost."""
    build = ROOT / "build" / "valgrind"
    # The suite's own guard would stand between valgrind and the allocations.
    options = ["-DTENUTO_GUARD=OFF", "-DCMAKE_CXX_FLAGS=-O1 -g"]
    run(session, "cmake", "--preset", "dev", "-B", build, *options)
    run(session, "cmake", "--build", build, "--target", "tenuto_core_tests")
    # Shows that it looks: a canary of the address sanitizer reads behind the end of a block.
    canary = build / "canary"
    source = ROOT / "core" / "tests" / "canary" / "asan_heap_overflow.cpp"
    run(session, "c++", "-std=c++20", "-O1", "-g", source, "-o", canary)
    tool = ["valgrind", "-q", "--error-exitcode=9", "--leak-check=full"]
    tool += ["--show-leak-kinds=definite"]
    session.run(*tool, str(canary), env=TOOLS, external=True, success_codes=[9])
    # (valgrind's processor cannot flush denormals)
    suite: list[str | Path] = [
        build / "tenuto_core_tests",
        *(session.posargs or ["", "denormals are flushed"]),
    ]
    run(session, *tool, "--errors-for-leak-kinds=definite", *suite)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Ten minutes for each reader of what tenuto did not write, or for those that are named."""
    run(session, sys.executable, "-m", "pip", "install", "-q", "atheris")
    names = session.posargs or ["chain", "ledger", "device", "channels", "sound", "mapped"]
    for name in names:
        run(session, sys.executable, "tests/fuzz/run.py", name)


@nox.session
def counts(session: nox.Session) -> None:
    """Instructions of the hot loops, against benchmarks/counts.json."""
    build = ROOT / "build" / "counts"
    options = ("-DCMAKE_BUILD_TYPE=Release", "-DTENUTO_BUILD_EXTENSION=OFF")
    run(session, "cmake", "-S", ROOT, "-B", build, "-DTENUTO_BUILD_TESTS=ON", *options)
    run(session, "cmake", "--build", build, "--target", "tenuto_counts", "--parallel", "2")
    script = ROOT / "tools" / "count_instructions.py"
    run(session, sys.executable, script, build / "tenuto_counts", *session.posargs)


@nox.session
def cross(session: nox.Session) -> None:
    """The core for Windows and macOS (compiled) and aarch64 (its suite, under an emulator)."""
    run(session, sys.executable, "tools/cross_compile.py", *session.posargs)


@nox.session
def sanitize(session: nox.Session) -> None:
    """The C++ suite under each check of the compilers, and the canaries."""
    run(session, sys.executable, "tools/run_sanitizers.py", *(session.posargs or ["all"]))


@nox.session
def tidy(session: nox.Session) -> None:
    """Let clang-tidy look for bugs in the core."""
    tidier = clang_tool(session, "clang-tidy", "clang-tidy-22")
    driver = clang_tool(session, "run-clang-tidy", "clang-tidy-22")
    compiler = clang_tool(session, "clang++", "clang-22")
    if not tidier or not driver or not compiler:
        session.skip("clang-tidy cannot look without them")
    build = ROOT / "build" / "tidy"
    run(session, "cmake", "--preset", "dev", "-B", build, f"-DCMAKE_CXX_COMPILER={compiler}")
    # With no pattern: every file that the build compiles.
    run(session, driver, "-quiet", "-clang-tidy-binary", tidier, "-p", build, *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Every benchmark, or those that are named; each prints its machine and writes JSON."""
    scripts = sorted(
        path for path in (ROOT / "benchmarks").glob("*.py") if not path.name.startswith("_")
    )
    named = [path for path in scripts if path.stem in session.posargs]
    options = [word for word in session.posargs if word not in {path.stem for path in scripts}]
    for script in named or scripts:
        run(session, sys.executable, script, *options)


@nox.session
def docs(session: nox.Session) -> None:
    """The examples in docstrings, the example programs, the links between pages."""
    run(session, sys.executable, "-m", "pytest", "--doctest-modules", "--pyargs", "tenuto")
    for example in sorted((ROOT / "examples").glob("*.py")):
        run(session, sys.executable, example)
    run(session, sys.executable, "tools/check_layers.py")
