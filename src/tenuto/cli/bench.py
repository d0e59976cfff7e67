# SPDX-License-Identifier: MIT
"""``tenuto bench``: what this machine can do, in under two minutes."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable
from dataclasses import asdict
from enum import StrEnum
from typing import Any, TypeVar

import typer
from rich.table import Table

from .. import __version__, _bench, _core
from ._output import console, microseconds, print_json


class Part(StrEnum):
    """What to measure."""

    all = "all"
    engine = "engine"
    jitter = "jitter"
    gil = "gil"


_SECONDS = {"engine": 5.0, "jitter": 8.0, "gil": 8.0}
_QUICK_SECONDS = {"engine": 0.5, "jitter": 0.5, "gil": 1.0}

T = TypeVar("T")


def bench(
    part: Part = typer.Argument(Part.all, help="engine: callbacks against deadlines; jitter: wake-ups; gil: a busy Python."),
    quick: bool = typer.Option(False, "--quick", help="A few seconds: a first impression."),
    json_: bool = typer.Option(False, "--json", help="Print the figures as JSON, nothing else."),
) -> None:  # fmt: skip
    """Measure this machine: for which block sizes is it fit, and what does a busy Python cost?

    Everything runs on a clock of its own and needs no sound hardware; so it says what processor and
    kernel can do, and not what a sound card's driver adds. Takes about a minute. The exit code is 0
    whatever is found.

    Example: tenuto bench --quick
    """
    seconds = _QUICK_SECONDS if quick else _SECONDS
    facts: dict[str, Any] = {"machine": _machine(), "quick": quick}
    if not json_:
        console().print(" · ".join(str(value) for value in facts["machine"].values()), markup=False)
    for name, measure, show in _PARTS:
        if part not in (Part.all, name):
            continue
        found = _watched(measure(seconds[name]), name, quiet=json_)
        facts[name] = [_as_facts(one) for one in found]
        if not json_:
            show(found)
        if name == "engine":
            facts["verdict"] = _bench.verdict(found)
            fit = _bench.smallest_fit(found)
            facts["fit_blocksize"] = fit.blocksize if fit is not None else None
    if json_:
        print_json(facts)
    elif "verdict" in facts:
        console().print(f"\n[bold]{facts['verdict']}[/]")
        if quick:
            console().print("(A quick run: rare hiccups need a longer one to be seen.)")


def _machine() -> dict[str, Any]:
    return {
        "processor": f"{_processor()}, SIMD {_core.simd_level()}",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"Python {platform.python_version()}",
        "tenuto": f"tenuto {__version__}",
    }


def _processor() -> str:
    from pathlib import Path

    from .._machine import read_text

    for line in read_text(Path("/proc/cpuinfo")).splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _watched(found: Iterable[T], name: str, *, quiet: bool) -> list[T]:
    """All of them; a person sees that something goes on."""
    if quiet or not console().is_terminal:
        return list(found)
    with console().status(f"measuring: {name} …"):
        return list(found)


def _as_facts(one: _bench.Run | _bench.Busy) -> dict[str, Any]:
    facts = asdict(one)
    if isinstance(one, _bench.Run):
        return {**facts, "deadline": one.deadline, "used": one.used, "is_fit": one.is_fit}
    return {**facts, "lost_share": one.lost_share, "late_share": one.late_share}


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="left" if index == 0 else "right")
    return table


def _show_engine(runs: list[_bench.Run]) -> None:
    table = _table(
        f"\nCallbacks: stereo, {_bench.CHAIN}",
        *("frames", "has", "takes", "p99", "wakes late", "worst", "late", "worst uses", ""),
    )
    for run in runs:
        table.add_row(
            str(run.blocksize),
            microseconds(run.deadline),
            microseconds(run.work.median),
            microseconds(run.work.p99),
            microseconds(run.wake.median),
            microseconds(run.wake.max),
            f"{run.late} of {run.callbacks}",
            f"{100 * run.used:.0f} %",
            "[green]fit[/]" if run.is_fit else "[red]not fit[/]",
        )
    console().print(table)


def _show_jitter(runs: list[_bench.Run]) -> None:
    table = _table(
        f"\nWake-up lateness, blocks of {_bench.JITTER_BLOCKSIZE} frames",
        *("real-time priority", "scheduled as", "median", "p99", "worst", "late"),
    )
    for run in runs:
        table.add_row(
            run.what,
            run.policy,
            microseconds(run.wake.median),
            microseconds(run.wake.p99),
            microseconds(run.wake.max),
            f"{run.late} of {run.callbacks}",
        )
    console().print(table)


def _show_gil(runs: list[_bench.Busy]) -> None:
    table = _table(
        f"\nWhile Python is busy, blocks of {_bench.GIL_BLOCKSIZE} frames",
        *("who records", "on", "callbacks late", "sound lost"),
    )
    for run in runs:
        table.add_row(
            run.who,
            run.where,
            f"{100 * run.late_share:.2f} %",
            f"{100 * run.lost_share:.2f} %",
        )
    console().print(table)
    for run in runs:
        if run.wrong_samples is not None:
            exact = "every one is right" if run.wrong_samples == 0 else "[red]not all are right[/]"
            console().print(
                f"{run.who} recorded {run.frames} frames, each telling its own place: {exact}"
            )


_PARTS: tuple[tuple[str, Callable[[float], Iterable[Any]], Callable[[list[Any]], None]], ...] = (
    ("engine", _bench.blocks, _show_engine),
    ("jitter", _bench.jitter, _show_jitter),
    ("gil", _bench.busy_python, _show_gil),
)
