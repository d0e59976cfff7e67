# SPDX-License-Identifier: MIT
"""The panels of a recording's picture, each drawn on axes that `_picture` has placed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import numpy as np

from tenuto._overview import CLIP_LEVEL, FLOOR_DB, Overview

MOST_GAP_LABELS = 12
RANGE_DB = 90.0  # what the spectrogram's colours span, down from the loudest

INK, FAINT, PAPER = "#1c2733", "#66737f", "#ffffff"
_MINUS = "\N{MINUS SIGN}"
PEAK, LOUD, RED, AMBER, GREEN = "#8fb8de", "#1f5d99", "#d1242f", "#e08a00", "#2e8b57"


class Timing(TypedDict):
    """How long something took, callback by callback, against what it might take.

    `edges_us` are the edges of the histogram's bins in microseconds, rising, one more than there
    are `counts`; or only where each bin begins, and empty bins may then be left out: a bin ends
    where the next begins, or a sixteenth higher than it begins, whichever comes first.
    """

    deadline_us: float
    edges_us: Sequence[float]
    counts: Sequence[int]
    p99_us: float
    max_us: float
    title: NotRequired[str]


def print_text(place: Any, x: float, y: float, text: str, **style: Any) -> None:
    """Print text as it is: a file's name may hold a dollar sign, which would start a formula."""
    style = {"color": INK, "ha": "left", "va": "center", **style}
    place.text(x, y, text, parse_math=False, **style)


def length_text(seconds: float) -> str:
    """A length of time, to three digits or to the second."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    return f"{_clock(seconds)} {'min' if seconds < 3599.5 else 'h'}"


def _clock(seconds: float) -> str:
    """A time of a minute or more as min:s or h:min:s."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02}"
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _db(value: float) -> str:
    """An amplitude in dBFS."""
    if value <= 0:
        return "none"
    return f"{20 * math.log10(value):z.1f} dBFS".replace("-", _MINUS)


def _many(count: int) -> str:
    """A number that fits beside a lane."""
    return f"{count:,}" if count < 1_000_000 else f"{count / 1e6:.1f} M"


def lane_limit(peak: float) -> float:
    """Half the height of a waveform's lane: full scale, unless all of it is far from there."""
    if peak > 1:
        return float(peak) * 1.06
    steps = [step for step in (0.001, 0.01, 0.1, 0.25, 0.5) if peak <= step]
    return steps[0] * 1.06 if peak > 0 and steps else 1.06


def _plain(axes: Any) -> None:
    """The look that all panels share."""
    axes.set_facecolor("#f7f9fb")
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
    axes.tick_params(color=FAINT, labelcolor=INK, labelsize=9.5)
    axes.grid(True, color="#dbe2e8", linewidth=0.7)
    axes.set_axisbelow(True)


def draw_lane(
    figure: Any, axes: Any, overview: Overview, lane: int, lanes: int, limit: float
) -> None:
    """One channel: what it reaches in each column, how loud it is, where it clips."""
    _plain(axes)
    columns = len(overview.lowest)
    starts = -(-np.arange(columns + 1) * overview.frames // max(columns, 1))
    time = (starts[:-1] + starts[1:]) / 2 / overview.samplerate
    low, high = overview.lowest[:, lane], overview.highest[:, lane]
    if columns == overview.frames:  # every sample has a column of its own: a line, not an area
        dots = "o" if columns <= 100 else ""
        axes.plot(time, high, color=LOUD, linewidth=1, marker=dots, markersize=4)
    else:
        # Where a column spans less than a period the area is thin: the edge keeps it visible.
        axes.fill_between(time, low, high, color=PEAK, linewidth=0.8)
        rms = overview.rms[:, lane]
        axes.fill_between(
            time, np.maximum(-rms, low), np.minimum(rms, high), color=LOUD, linewidth=0
        )
    for edge, clips in ((high, high >= CLIP_LEVEL), (low, low <= -CLIP_LEVEL)):
        axes.plot(time[clips], edge[clips], linestyle="", marker="s", markersize=3, color=RED)
    axes.axhline(0, color=FAINT, linewidth=0.6)
    for scale in (-1, 1):
        if limit > 1:
            axes.axhline(scale, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    tick = min(1.0, limit / 1.06)
    axes.set_ylim(-limit, limit)
    ticks = [-tick, -tick / 2, 0, tick / 2, tick]
    axes.set_yticks(ticks if lanes <= 2 else ticks[::2] if lanes <= 4 else [0, tick])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.4g}".replace("-", _MINUS))
    if lane == (lanes - 1) // 2:
        axes.set_ylabel("amplitude (full scale = 1)", color=INK, size=10, y=0.5 if lanes % 2 else 0)

    name = {(2, 0): "left", (2, 1): "right", (1, 0): "mono"}.get(
        (overview.channels, lane), f"channel {lane + 1}"
    )
    peak, rms_all = overview.peak()[lane], overview.mean_rms()[lane]
    facts = [(name, INK, "bold")]
    if peak > 0:
        facts += [(f"peak {_db(peak)}", INK, "normal"), (f"RMS {_db(rms_all)}", INK, "normal")]
    else:
        facts.append(("silent" if overview.frames else "empty", INK, "normal"))
    if clipped := int(overview.clipped[:, lane].sum()):
        facts.append((f"{_many(clipped)} clipped", RED, "bold"))
    if strange := int(overview.not_finite[:, lane].sum()):
        facts.append((f"{_many(strange)} NaN or ∞", RED, "bold"))
    place = axes.get_position()
    line = min(0.021, place.height / 3.2)
    size = 10.5 if lanes <= 4 else 8
    for index, (text, color, weight) in enumerate(facts):
        y = place.y1 - 0.008 - index * line
        print_text(figure, place.x1 + 0.008, y, text, size=size, color=color, weight=weight)


def draw_spectrogram(axes: Any, overview: Overview, end: float) -> Any:
    """Time across, frequency up (logarithmic), level as colour; the loudest channel shows."""
    _plain(axes)
    axes.grid(False)
    low, high = overview.frequencies[0], overview.frequencies[-1]
    axes.set_ylabel("frequency (Hz)", color=INK, size=10)
    ticks = [m * 10.0**d for d in range(-3, 7) for m in (1, 2, 5) if low <= m * 10.0**d <= high]
    axes.set_yticks(np.log10(ticks))
    axes.set_yticklabels([f"{t / 1000:g}k" if t >= 1000 else f"{t:g}" for t in ticks])
    axes.set_ylim(np.log10(low), np.log10(high))
    if not len(overview.spectrum_db):
        print_text(axes, 0.5, 0.5, "nothing was recorded: 0 frames", transform=axes.transAxes,
              ha="center", size=14, color=FAINT)  # fmt: skip
        return None
    loudest = overview.spectrum_db.max()
    top = 10.0 * math.ceil(loudest / 10) if loudest > FLOOR_DB else 0.0
    return axes.imshow(
        overview.spectrum_db.T, origin="lower", aspect="auto", cmap="magma",
        extent=(0, end, np.log10(low), np.log10(high)), vmin=top - RANGE_DB, vmax=top,
        interpolation="bilinear",
    )  # fmt: skip


def label_time(panels: list[Any], end: float) -> None:
    """Seconds below the lowest panel: plain, or min:s, or h:min:s when it is long."""
    steps = [m * 10.0**d for d in range(-7, 2) for m in (1, 2, 5)]
    steps = [s for s in steps if s < 30] + [15, 30, 60, 120, 300, 600, 900, 1800]
    steps += [3600 * h for h in (1, 2, 3, 6, 12, 24, 168, 1000)]
    step = next((s for s in steps if end / s <= 20), end / 10)
    panels[-1].set_xticks(np.arange(0, end * (1 + 1e-9), step))
    if end < 120:
        digits = max(0, -math.floor(math.log10(step)))
        unit = "s"
        panels[-1].xaxis.set_major_formatter(lambda t, _: f"{t:.{digits}f}")
    else:
        unit = "min:s" if end < 3600 else "h:min:s"
        panels[-1].xaxis.set_major_formatter(lambda t, _: _clock(t))
    panels[-1].set_xlabel(f"time ({unit})", color=INK, size=10)
    for axes in panels[:-1]:
        axes.tick_params(labelbottom=False)


def mark_gaps(
    panels: list[Any], gaps: Sequence[tuple[int, int]], samplerate: int, seconds: float
) -> None:
    """Shade what is missing, in every panel; say how long, above the first, where there is room."""
    if not gaps:
        return
    spans = sorted((frame / samplerate, frames / samplerate) for frame, frames in gaps)
    wide = seconds or 1.0
    few = len(spans) <= MOST_GAP_LABELS
    for axes in panels:
        low, high = axes.get_ylim()
        axes.broken_barh(spans, (low, high - low), facecolor=AMBER, alpha=0.4, zorder=3,
                         # A gap far narrower than a pixel still gets a line, unless many such
                         # lines would make it look as if everything were missing.
                         edgecolor=AMBER, linewidth=1 if few else 0, snap=few)  # fmt: skip
        axes.set_ylim(low, high)
    panels[0].plot(
        [start + length / 2 for start, length in spans], [1.0] * len(spans), "v", color=AMBER,
        markersize=6, clip_on=False, transform=panels[0].get_xaxis_transform(), zorder=4,
    )  # fmt: skip
    labelled = spans if few else [max(spans, key=lambda span: span[1])]
    last = -math.inf
    for start, length in labelled:
        middle = start + length / 2
        if middle - last < 0.075 * wide:
            continue
        at_side = "left" if middle < 0.04 * wide else "right" if middle > 0.96 * wide else "center"
        panels[0].annotate(
            f"{'gap' if few else 'longest gap'} {length_text(length)}", (middle, 1), (0, 6),
            xycoords=("data", "axes fraction"), textcoords="offset points", ha=at_side,
            va="bottom", size=9.5, color=RED, weight="bold", annotation_clip=True,
        )  # fmt: skip
        last = middle


def draw_timing(axes: Any, timing: Timing) -> None:
    """How many callbacks took how long (both logarithmic: the rare late one must show)."""
    _plain(axes)
    counts = np.asarray(timing["counts"], np.float64)
    edges = np.asarray(timing["edges_us"], np.float64)
    deadline, p99, worst = timing["deadline_us"], timing["p99_us"], timing["max_us"]
    left = edges[: len(counts)]
    right = edges[1 : len(counts) + 1]
    if len(right) < len(left):
        step = np.where(left > 0, left * 17 / 16, math.inf)
        right = np.minimum(np.append(right, math.inf), step)
    used = np.flatnonzero(counts)
    positive = [v for v in (deadline, p99, worst, *left[used], *right[used]) if 0 < v < math.inf]
    low, high = min(positive, default=1.0) / 1.6, max(positive, default=1000.0) * 1.6
    left, right = np.clip(left, low, high), np.clip(right, low, high)
    late = left >= deadline
    for chosen, color in ((~late, LOUD), (late, RED)):
        chosen = chosen & (counts > 0)
        axes.bar(left[chosen], counts[chosen], (right - left)[chosen], align="edge", color=color)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(0.7, max(10.0, counts.max(initial=1.0) * 3))
    marks = ((deadline, "deadline", RED, "-"), (p99, "99 % within", GREEN, "--"),
             (worst, "longest", INK, ":"))  # fmt: skip
    for value, name, color, style in marks:
        if not 0 < value < math.inf:
            continue
        axes.axvline(value, color=color, linewidth=1.6, linestyle=style,
                     label=f"{name} {value:,.4g} µs")  # fmt: skip
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.1,
                frameon=False, fontsize=10)  # fmt: skip
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.set_xlabel("time (µs)", color=INK, size=10)
    axes.set_ylabel("callbacks", color=INK, size=10)
    title = timing.get("title", "How long the callbacks took")
    print_text(axes, 0, 1.06, f"{title} · {int(counts.sum()):,} callbacks", va="bottom",
          transform=axes.transAxes, size=11, weight="bold")  # fmt: skip
