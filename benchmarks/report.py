# SPDX-License-Identifier: MIT
"""Turn the benchmarks' JSON into docs/performance.md.

Usage: python benchmarks/report.py DIRECTORY > docs/performance.md
(DIRECTORY holds gil.json, jitter.json, resources.json and start.json; what is missing is left out.)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from _common import machine_line, median


def rows(head: list[str], body: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return [*lines, *("| " + " | ".join(line) + " |" for line in body), ""]


def gil(results: dict[str, Any]) -> list[str]:
    body = []
    groups: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for cell in results["cells"]:
        groups.setdefault((cell["blocksize"], str(cell["load"])), []).append(cell)
    for (blocksize, load), cells in groups.items():
        line = [str(blocksize), {"hold": "GIL held 0.2 s at a time"}.get(load, load)]
        for figure in ("lost_share", "late_share"):
            for who in ("tenuto", "c", "sounddevice"):
                line.append(f"{100 * median([c[who][figure] for c in cells]):.2f}")
        body.append(line)
    head = ["frames", "busy Python threads", "lost %: tenuto", "C client", "sounddevice"]
    return rows([*head, "late %: tenuto", "C client", "sounddevice"], body)


def jitter(results: dict[str, Any]) -> list[str]:
    body = []
    for how, title in (("turns", "by turns"), ("at_once", "at the same time")):
        for who, runs in results[how].items():
            figures = [median([run[k] for run in runs]) for k in ("p50", "p90", "p99", "max")]
            body.append([f"{who}, {title}", *(f"{figure:.0f}" for figure in figures)])
    return rows(["wake-up lateness, µs", "p50", "p90", "p99", "max"], body)


def resources(results: dict[str, Any]) -> list[str]:
    body = []
    for channels, found in results.items():
        for who, m in found["medians"].items():
            body.append(
                [channels, who, f"{100 * m['cpu']:.2f}", f"{m['cpu_all']:.2f}"]
                + [f"{m[key]:.1f}" for key in ("peak", "anon", "pss")]
            )
    head = ["channels", "program", "CPU %", "CPU s, whole process", "peak MiB", "anonymous MiB"]
    return rows([*head, "PSS MiB"], body)


def start(results: dict[str, Any]) -> list[str]:
    body = [
        [f"import {module}" if module else "Python alone", f"{median(times):.0f}"]
        for module, times in results["imports_ms"].items()
    ]
    body += [
        [f"first frame, {who}", f"{median(times):.0f}"]
        for who, times in results["first_frame_ms"].items()
    ]
    return rows(["since the process began", "ms"], body)


PARTS = {
    "gil": ("A busy interpreter", gil),
    "jitter": ("The virtual clock", jitter),
    "resources": ("Processor and memory", resources),
    "start": ("Start", start),
}


def main() -> None:
    folder = Path(sys.argv[1])
    out = [
        "# Performance",
        "",
        "Made by `benchmarks/report.py` from one run of each benchmark; each ",
    ]
    out[-1] += (
        "says in its first lines what it measures. Compare within a table, not across machines."
    )
    for name, (title, lines) in PARTS.items():
        path = folder / f"{name}.json"
        if not path.exists():
            continue
        data = json.loads(path.read_text())
        out += [
            "",
            f"## {title}",
            "",
            f"`python benchmarks/{name}.py`: {machine_line(data['machine'])}",
        ]
        out += ["", *lines(data["results"])]
        for verdict in data["verdicts"]:
            met = "met" if verdict["is_met"] else "**not met**"
            out.append(f"- {met}: {verdict['requirement']}: {verdict['measured']}")
    print("\n".join(out))


if __name__ == "__main__":
    main()
