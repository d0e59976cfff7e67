# SPDX-License-Identifier: MIT
"""Deliberate faults in a copy of the core: each is caught by at least two independent checks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.servers import need_program

ROOT = Path(__file__).resolve().parent.parent
CLANG = "clang++-22"


@dataclass(frozen=True)
class Place:
    """Where a fault is put, and the file whose compilation shows it."""

    file: str
    head: str  # in front of this line go includes and globals
    line: str  # in front of this statement goes the fault
    seen_in: str


NODE = Place(
    "dsp/gain.cpp",
    "namespace tenuto::dsp {\n",
    "    for (std::uint32_t c = 0; c < shape().in_channels; ++c)\n",
    "dsp/gain.cpp",
)
RING = Place(
    "shared/ring.h",
    "namespace tenuto::shared {\n",
    "        const std::uint64_t position = staged_position();\n",
    "rt/tape.cpp",
)
SWAP = Place(
    "shared/handoff.h",
    "namespace tenuto::shared {\n",
    "        T* next = offered_.exchange(",
    "rt/engine.cpp",
)
PLACES = {"node": NODE, "ring": RING, "plan swap": SWAP}

# What is put there: an include and a global, and a statement.
ALLOCATES = ("#include <cstdlib>\ninline void* volatile kept_;\n", "kept_ = std::malloc(64);\n")
LOCKS = ("#include <mutex>\ninline std::mutex lock_;\n", "lock_.lock();\nlock_.unlock();\n")
PRINTS = ("#include <cstdio>\n", 'std::printf("block %d\\n", 1);\n')


class Copy:
    """A copy of the core with one change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "core", folder / "core")
        shutil.copytree(ROOT / "tools", folder / "tools")

    def model_files(self) -> list[Path]:
        """The sources of the search."""
        return sorted((self.folder / "core" / "tests" / "model").glob("*.cpp"))

    def replace(self, file: str, before: str, after: str) -> None:
        path = self.folder / "core" / file
        text = path.read_text()
        assert text.count(before) == 1, f"{file} has {text.count(before)} times {before!r}"
        path.write_text(text.replace(before, after))

    def break_at(self, place: Place, fault: tuple[str, str]) -> None:
        head, statement = fault
        self.replace(place.file, place.head, head + place.head)
        self.replace(place.file, place.line, statement + place.line)

    def run(self, command: list[str], seconds: int = 120) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"TSAN_OPTIONS": "halt_on_error=1"}
        return subprocess.run(
            command,
            cwd=self.folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            env=environment,
        )

    def build_and_run(self, compiler: str, name: str, *flags: str, times: int = 1) -> str | None:
        program = f"./{name}"
        files = ["core/tests/faults/driver.cpp", "core/tests/guard.cpp", "core/dsp/gain.cpp"]
        files += ["core/platform/memory_posix.cpp"]
        command = [compiler, "-std=c++20", "-O1", "-g", "-pthread", "-Icore", *flags, *files]
        built = self.run([*command, "-o", program])
        assert built.returncode == 0, built.stderr
        for _ in range(times):
            done = self.run([program])
            if done.returncode != 0:
                return done.stdout + done.stderr
        return None


# -- the checks: what was said when something is wrong, None when nothing is -------------------


def effects(copy: Copy, place: Place) -> str | None:
    """The compiler's proof."""
    command = [need_program(CLANG, "clang-22"), "-std=c++20", "-fsyntax-only", "-Icore"]
    done = copy.run([*command, "-Werror=function-effects", f"core/{place.seen_in}"])
    assert done.returncode == 0 or "function-effects" in done.stderr, done.stderr
    return done.stderr if done.returncode != 0 else None


def layers(copy: Copy, place: Place) -> str | None:
    """The house rules; other tools are not in the copy, so only this file's findings count."""
    done = copy.run([sys.executable, "tools/check_layers.py", "."])
    mine = [line for line in done.stdout.splitlines() if line.startswith(f"core/{place.file}")]
    return "\n".join(mine) or None


def guard(copy: Copy, place: Place) -> str | None:
    """The suite's own guard, with GCC."""
    return copy.build_and_run(
        "g++", "guarded", "-DTENUTO_GUARD=1", "core/tests/linux/interpose.cpp"
    )


def rtsan(copy: Copy, place: Place) -> str | None:
    """RealtimeSanitizer."""
    said = copy.build_and_run(need_program(CLANG, "clang-22"), "rtsan", "-fsanitize=realtime")
    assert said is None or "RealtimeSanitizer" in said, said
    return said


def tsan(copy: Copy, place: Place) -> str | None:
    """ThreadSanitizer."""
    clang = need_program(CLANG, "clang-22")
    # It sees what happens: on a busy machine threads may miss each other once.
    said = copy.build_and_run(clang, "tsan", "-fsanitize=thread", times=3)
    assert said is None or "data race" in said, said
    return said


def model(copy: Copy, place: Place) -> str | None:
    """The search through all that the memory model allows."""
    files = [f"core/tests/model/{path.name}" for path in copy.model_files()]
    command = ["g++", "-std=c++20", "-O1", "-Icore/tests/model/replaced", "-Icore"]
    command += ['-DTENUTO_CORE_FOLDER="core"', *files, "core/platform/memory_posix.cpp"]
    built = copy.run([*command, "-o", "model"])
    assert built.returncode == 0, built.stderr
    done = copy.run(["./model", "ring" if place is RING else "handoff"])
    assert done.returncode == 0 or "data race" in done.stdout, done.stdout
    return done.stdout if done.returncode != 0 else None


Check = Callable[[Copy, Place], str | None]
BLOCKING: dict[str, tuple[tuple[str, str], dict[str, tuple[Check, ...]]]] = {
    "malloc": (ALLOCATES, dict.fromkeys(PLACES, (effects, guard))),
    "lock": (LOCKS, dict.fromkeys(PLACES, (effects, guard))),
    "printf": (PRINTS, dict.fromkeys(PLACES, (effects, rtsan))),
}


def findings(copy: Copy, place: Place, checks: tuple[Check, ...]) -> dict[str, str | None]:
    """What each check says, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda check: check(copy, place), checks))
    return {check.__name__: text for check, text in zip(checks, said, strict=True)}


def expect_all(said: dict[str, str | None]) -> None:
    """At least two, and each of those that were asked."""
    assert len(said) >= 2
    for name, text in said.items():
        assert text, f"{name} did not notice"


def test_nothing_is_found_where_nothing_is_broken(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy")
    for place in PLACES.values():
        assert effects(copy, place) is None
    assert layers(copy, NODE) is None
    said = findings(copy, NODE, (guard, rtsan, tsan))
    assert said == dict.fromkeys(said), said


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("what", BLOCKING)
def test_what_can_wait_is_caught_twice(tmp_path: Path, what: str, where: str) -> None:
    fault, checks = BLOCKING[what]
    copy = Copy(tmp_path / "copy")
    copy.break_at(PLACES[where], fault)
    said = findings(copy, PLACES[where], checks[where])
    if where == "node":  # in the other two the header may be there
        said["layers"] = layers(copy, NODE)
    expect_all(said)


def test_a_data_race_in_a_node_is_caught_twice(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy")
    copy.replace(NODE.file, "Gain::Gain(", "float loudest = 0;\n\nGain::Gain(")
    copy.replace(NODE.file, "setup.channels}) {}", "setup.channels}) { loudest = 0; }")
    copy.replace(NODE.file, NODE.line, "loudest = io.in[0][0];\n" + NODE.line)
    expect_all(findings(copy, NODE, (layers, tsan)))


def test_a_data_race_in_the_ring_is_caught_twice(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy")
    store = "        write_count_.store(position, std::memory_order_release);"
    # It stands in `commit_to` and in `write`.
    for before in (
        "staged_ -= static_cast<std::size_t>(position - committed);\n",
        "staged_ = 0;\n",
    ):
        copy.replace(RING.file, before + store, before + store.replace("release", "relaxed"))
    expect_all(findings(copy, RING, (model, tsan)))


def test_a_data_race_in_the_plan_swap_is_caught_twice(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy")
    right = "retired_.store(current_, std::memory_order_release);"
    copy.replace(SWAP.file, right, right.replace("release", "relaxed"))
    expect_all(findings(copy, SWAP, (model, tsan)))
