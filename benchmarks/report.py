# SPDX-License-Identifier: MIT
"""Turn the benchmarks' JSON into docs/performance.md.

Usage: python benchmarks/report.py DIRECTORY
(DIRECTORY holds gil.json, eq.json and so on; a part whose JSON is missing stays as the page has it.
The page and its pictures are made anew; `limits` below is where prose belongs.)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import _charts
import play
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


def costs(results: dict[str, Any]) -> list[str]:
    """Nanoseconds per stereo frame; of `eq` and `chain`."""
    away = results.get("away_db", {})
    ours = median(results["costs"]["tenuto.render"])
    body = [
        [who, f"{median(found):.2f}", f"{median(found) / ours:.2f}"]
        + ([f"{away[who]:.0f}" if who in away else ""] if away else [])
        for who, found in results["costs"].items()
        if "nothing" not in who
    ]
    if "floor" in results:
        floor = results["floor"]
        body.append(["floor of the arithmetic", f"{floor:.2f}", f"{floor / ours:.2f}", ""])
    head = ["ns per stereo frame", "median", "x tenuto.render"]
    return rows([*head, "dB away from float64"] if away else head, body)


def engine(results: dict[str, Any]) -> list[str]:
    body = []
    for blocksize, found in results["blocks"].items():
        for who, runs in found.items():
            figures = (median([run[key] for run in runs]) for key in ("p50", "p99", "max"))
            body.append([blocksize, who, *(f"{figure:.1f}" for figure in figures)])
    lines = rows(["frames", "one block, µs", "p50", "p99", "max"], body)
    share = {key: median([g[key] for g in results["graph"]]) for key in ("p50", "p99", "max")}
    text = ", ".join(f"{key} {100 * value:.1f} %" for key, value in share.items())
    nodes = results["graph"][0]["nodes"]
    return [*lines, f"{nodes} nodes of 64 channels at 128 frames: load {text}.", ""]


def ring(results: dict[str, Any]) -> list[str]:
    sizes = list(next(iter(results["pair"].values())))
    body = []
    for title, key, digits in (("pair, ns", "pair", 1), ("through, Mframes/s", "through", 0)):
        for who, found in results[key].items():
            line = [f"{median(found[size]):.{digits}f}" for size in sizes]
            body.append([f"{who}: {title}", *line])
    return rows(["frames a block", *sizes], body)


def record(results: dict[str, Any]) -> list[str]:
    body = []
    for channels in results["runs"]["tenuto"]:
        for who, found in results["runs"].items():
            good = [run for run in found[channels] if "ended" not in run]
            cpu = median([run["cpu"] for run in good])
            whole = sum(not run["lost"] for run in good)
            body.append(
                [
                    channels,
                    who,
                    f"{whole} of {len(found[channels])}",
                    str(len(found[channels]) - len(good)),
                    f"{100 * cpu:.2f}",
                    f"{1e6 * cpu / int(channels):.0f}",
                ]
            )
    head = ["channels", "program", "runs that lost nothing", "ended early", "CPU %"]
    return rows([*head, "µs per channel and second"], body)


def offline(results: dict[str, Any]) -> list[str]:
    body = []
    for suffix, found in results["runs"].items():
        for who, runs in found.items():
            seconds, cpu, peak = (
                median([run[key] for run in runs]) for key in ("seconds", "cpu", "peak")
            )
            rate = 60 * results["minutes"] / seconds
            body.append([suffix, who, f"{rate:.0f}", f"{cpu:.2f}", f"{peak:.0f}"])
    return rows(["file", "program", "x real time", "CPU s", "peak MiB"], body)


def played(results: dict[str, Any]) -> list[str]:
    return rows(*play.tabulated(results))


def kernels(results: dict[str, Any]) -> list[str]:
    body = [
        [name, f"{one['kernel_ns']:.2f}", f"{one['peer_ns']:.2f}", one["peer"]]
        for name, one in results["cost"].items()
    ]
    lines = rows(["ns per frame, 2 channels", "kernel", "peer", "which"], body)
    body = [
        [
            {"kernel": "kernel", "callback": "Python callback in sounddevice"}[row["role"]],
            {"hold": "GIL held 0.2 s at a time"}.get(row["load"], str(row["load"])),
            str(row["callbacks"]),
            str(row["late"]),
            f"{100 * row['late'] / row['callbacks']:.2f}",
        ]
        for row in results.get("live", [])
    ]
    head = ["64 frames on JACK", "busy Python threads", "callbacks", "late", "late %"]
    return [*lines, *rows(head, body)] if body else lines


def build(results: dict[str, Any]) -> list[str]:
    columns = results["columns"]
    body = [
        [loop, *(f"{median(found[column]):.2f}" for column in columns)]
        for loop, found in results["costs"].items()
    ]
    body.append(["all, -O3 = 1", *(f"{results['relative'][c]:.2f}" for c in columns)])
    return rows(["ns per frame", *columns], body)


PARTS = {
    "gil": ("A busy interpreter", gil),
    "jitter": ("The virtual clock", jitter),
    "engine": ("One callback", engine),
    "eq": ("An equalizer", costs),
    "chain": ("A channel strip", costs),
    "ring": ("Between two threads", ring),
    "kernels": ("A kernel in Python", kernels),
    "record": ("Many channels", record),
    "resources": ("Processor and memory", resources),
    "offline": ("From file to file", offline),
    "play": ("Playing a file", played),
    "start": ("Start", start),
    "build": ("What the compiler and dispatch bring", build),
}

# What limits each, as far as it was measured; what was not is said to be so.
LIMITS = {
    "engine": """A processor that may sleep between two blocks wakes up slow: without the request
above, blocks on the clock took 41 µs in the median and 55 to 74 at p99 (512 frames), 5 to 7
and 12 to 20 (64 frames) on the same idle machine. In the large graph a node takes longer than
by itself on warm data (gain 2.5 against 0.5 µs, biquad 9.2 against 7.6 µs): a block of 64
channels is 32 KiB, as much as the first-level cache holds. Its p99 is that of the machine,
which is shared.""",
    "kernels": """Late callbacks are the machine's: their share without load is the largest. The
tanh is the C library's in both.""",
    "play": """Of the time to the first frame most is the start of Python and of the packages of
the command line (Typer brings pydantic: 0.08 s); where the rate is converted NumPy is loaded on
top. "Beyond" is the null sink: it plays out what it has rendered ahead.""",
    "eq": """The same code over sound that stays in the cache takes 4.1 ns, over 10 s of sound
5.0, over 30 s 5.2; the rest is what one call of `render` costs (about 0.2 ms) and memory for
the result. Sixteen times SciPy would be 1.3 ns, below the floor of the arithmetic: `sosfilt`
takes 21 ns here where 175 were measured when the aim was set (on another machine; which part
its version has was not looked into). Tried without gain: a check of the output in several
chains; blocks of 2048 frames bring 0.2 ns.""",
    "chain": """A profile of the limiter at work: 41 % interpolating between samples, 29 %
smoothing the gain, where each frame waits for the one before it, 12 % holding peaks. Of the
compressor, 59 % was smoothing and powers before its curve became a kernel. While nothing
comes near its ceiling the limiter does neither; so the two cases differ, and only the case at
rest meets what is asked for.""",
    "ring": """Rates between threads differ more from run to run than from ring to ring: at 512
frames by a factor of four, with what else the machine did. At one frame ours took 5.7 to 7.2 ns
from run to run, boost's 6.0 to 6.3. Before this, divisions took 12 of 20 ns.""",
    "record": """A profile at 254 channels, shares of all samples: miniaudio, which
interleaves, 24 %; libjack 24 %; the kernel 21 %; our module 17 %; the C library, mostly
copying, 12 %. PortAudio, which is used beyond 254 channels, was not profiled.""",
    "offline": """Reading, computing and encoding run in three threads. The wall clock depends
on what else the machine did; processor time does not much. The memory does not grow with the
length.""",
    "build": """-O3 is what CMake's Release takes; optimisation across files brings nothing
measurable, so wheels are built without it. Meters: by counting, the loop has about 36 vector
operations for 128 bytes; by profile, 80 % of the time is in that loop and the rest is
bookkeeping of blocks.""",
}

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
HEAD = """# Performance

Made by `benchmarks/report.py` from the JSON of the benchmarks; each says in its first lines what it
measures. Compare within a table, not across tables: the machine is virtual, shared with others, and
was rarely quiet. Where it says CPU or ns per frame, processor time was counted, which others do not
disturb much; percentiles on a clock and rates between threads they do. All are medians.
`tenuto bench` measures your machine."""


def kept(page: str) -> dict[str, str]:
    """The parts that the page has, by title."""
    parts = page.split("\n## ")[1:]
    return {part.partition("\n")[0]: "## " + part.strip() for part in parts}


def part(name: str, title: str, lines: Any, data: dict[str, Any]) -> str:
    out = [f"## {title}", ""]
    out += [f"`python benchmarks/{name}.py`: {machine_line(data['machine'])}"]
    out.append("")
    if drawn := _charts.draw(name, title, data["results"], PAGE.parent / "img" / "performance"):
        out += [f"![{title}: the figures of the table]({drawn.relative_to(PAGE.parent)})", ""]
    out += lines(data["results"])
    for verdict in data["verdicts"]:
        met = "met" if verdict["is_met"] else "**not met**"
        out.append(f"- {met}: {verdict['requirement']}: {verdict['measured']}")
    if name in LIMITS:
        out += ["", "What limits it: " + LIMITS[name]]
    return "\n".join(out).strip().replace("\n\n\n", "\n\n")


def main() -> None:
    folder = Path(sys.argv[1])
    before = kept(PAGE.read_text()) if PAGE.exists() else {}
    out = [HEAD]
    for name, (title, lines) in PARTS.items():
        path = folder / f"{name}.json"
        if path.exists():
            out.append(part(name, title, lines, json.loads(path.read_text())))
        elif title in before:
            out.append(before[title])
    PAGE.write_text("\n\n".join(out) + "\n")


if __name__ == "__main__":
    main()
