# SPDX-License-Identifier: MIT
"""Pictures of the benchmarks' figures, for docs/performance.md; drawn by report.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from _common import median

matplotlib.use("Agg")
from matplotlib import pyplot as plt

OWN, OTHER, LIMIT = "#c2410c", "#94a3b8", "#334155"
Chart = Callable[[Any, dict[str, Any]], None]


def colour(who: str) -> str:
    """Ours stands out, and so does what nobody can beat."""
    if who.startswith("tenuto"):
        return OWN
    return LIMIT if who.startswith(("floor", "memcpy", "cyclictest")) else OTHER


def bars(axes: Any, figures: dict[str, float], unit: str, digits: int = 1) -> None:
    """One bar each, the first on top."""
    names = list(figures)[::-1]
    drawn = axes.barh(names, [figures[n] for n in names], color=[colour(n) for n in names])
    axes.bar_label(drawn, fmt=f"%.{digits}f", padding=3, fontsize=8)
    axes.set_xlabel(unit)
    axes.margins(x=0.15)


def groups(
    axes: Any, labels: Sequence[str], figures: dict[str, list[float]], unit: str, digits: int
) -> None:
    """For each label as many bars as there are figures."""
    height, shades = 0.8 / len(figures), (OTHER, LIMIT, "#cbd5e1", "#64748b")
    for k, (who, values) in enumerate(figures.items()):
        at = [-n - k * height for n in range(len(labels))]
        shade = colour(who) if who.startswith("tenuto") else shades[k % len(shades)]
        drawn = axes.barh(at, values, height * 0.95, label=who, color=shade)
        axes.bar_label(drawn, fmt=f"%.{digits}f", padding=3, fontsize=7)
    axes.set_yticks([-n - 0.4 + height / 2 for n in range(len(labels))], labels)
    axes.set_xlabel(unit)
    axes.margins(x=0.12)
    axes.legend(fontsize=8)


def lines(axes: Any, x: Sequence[float], figures: dict[str, list[float]], words: Any) -> None:
    """A line for each program over `x`."""
    for who, values in figures.items():
        axes.plot(x, values, "o-", label=who, color=None if colour(who) == OTHER else colour(who))
    axes.set_xlabel(words[0])
    axes.set_ylabel(words[1])
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=8)


def gil(axes: Any, results: dict[str, Any]) -> None:
    cells: dict[str, list[dict[str, Any]]] = {}
    for cell in results["cells"]:
        load = {"hold": "GIL held", "0": "idle"}.get(str(cell["load"]), f"{cell['load']} busy")
        cells.setdefault(f"{cell['blocksize']} frames, {load}", []).append(cell)
    figures = {
        name: [100 * median([cell[key]["lost_share"] for cell in some]) for some in cells.values()]
        for name, key in (("tenuto", "tenuto"), ("C client", "c"), ("sounddevice", "sounddevice"))
    }
    groups(axes, list(cells), figures, "frames lost, %", 1)


def costs(axes: Any, results: dict[str, Any]) -> None:
    found = {
        who: median(times)
        for who, times in results["costs"].items()
        if not any(word in who for word in ("nothing", "alone", "third", "node", "without"))
    }
    if "floor" in results:
        found["floor of the arithmetic"] = results["floor"]
    bars(axes, found, "ns per stereo frame")


def engine(axes: Any, results: dict[str, Any]) -> None:
    sizes = list(results["blocks"])
    figures = {
        who: [median([run["p99"] for run in results["blocks"][size][who]]) for size in sizes]
        for who in results["blocks"][sizes[0]]
    }
    groups(axes, [f"{size} frames" for size in sizes], figures, "one block, p99, µs", 0)


def ring(axes: Any, results: dict[str, Any]) -> None:
    sizes = [int(size) for size in next(iter(results["pair"].values()))]
    figures = {
        who: [median(times) for times in found.values()] for who, found in results["pair"].items()
    }
    lines(axes, sizes, figures, ("stereo frames a block", "write and read, ns"))
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")


def record(axes: Any, results: dict[str, Any]) -> None:
    figures = {
        who: [
            1e6 * median([run["cpu"] for run in runs if "ended" not in run]) / int(channels)
            for channels, runs in found.items()
        ]
        for who, found in results["runs"].items()
    }
    channels = [int(c) for c in results["runs"]["tenuto"]]
    lines(axes, channels, figures, ("channels", "µs of CPU per channel and second"))
    axes.set_ylim(bottom=0)


def offline(axes: Any, results: dict[str, Any]) -> None:
    kinds = list(results["runs"])
    figures = {
        who: [
            60 * results["minutes"] / median([run["seconds"] for run in results["runs"][k][who]])
            for k in kinds
        ]
        for who in results["runs"][kinds[0]]
    }
    groups(axes, kinds, figures, "x real time", 0)


def kernels(axes: Any, results: dict[str, Any]) -> None:
    names = list(results["cost"])
    figures = {
        "tenuto, kernel": [results["cost"][name]["kernel_ns"] for name in names],
        "built in, or C": [results["cost"][name]["peer_ns"] for name in names],
    }
    groups(axes, names, figures, "ns per frame, 2 channels", 1)


def play(axes: Any, results: dict[str, Any]) -> None:
    figures = {
        who: 1e3 * median([run["first"] for run in rates[next(iter(rates))][0]])
        for who, rates in results["runs"].items()
    }
    bars(axes, figures, "first frame, ms after the start of the process", 0)


def start(axes: Any, results: dict[str, Any]) -> None:
    figures = {f"{who}, first frame": median(t) for who, t in results["first_frame_ms"].items()}
    bars(axes, figures, "ms since the process began", 0)


CHARTS: dict[str, Chart] = {
    "gil": gil,
    "engine": engine,
    "eq": costs,
    "chain": costs,
    "ring": ring,
    "kernels": kernels,
    "record": record,
    "offline": offline,
    "play": play,
    "start": start,
}


def draw(name: str, title: str, results: dict[str, Any], folder: Path) -> Path | None:
    """The picture of one part; None when it has none."""
    if name not in CHARTS:
        return None
    figure, axes = plt.subplots(figsize=(7.5, 3.4), layout="constrained")
    CHARTS[name](axes, results)
    axes.set_title(title, loc="left", fontsize=10)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    figure.savefig(path, dpi=90)
    plt.close(figure)
    return path
