# SPDX-License-Identifier: MIT
"""How things look in a terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from .._levels import Level
from .._take import Gap

if TYPE_CHECKING:
    from .._recorder import Recorder
    from .._stats import Stats

_FLOOR_DB = -60.0
_BAR = 40
_METERS_SHOWN = 16


def console(*, quiet: bool = False) -> Console:
    """Where a person reads: standard output. Names go there through `plain`."""
    return Console(highlight=False, soft_wrap=True, emoji=False, quiet=quiet)


def plain(value: object) -> str:
    """A name as it is: what looks like markup in it is a part of the name.

    >>> plain("take [live].wav")
    'take \\\\[live].wav'
    """
    return escape(str(value))


def print_json(value: Any) -> None:
    """Facts for scripts; a level of silence, minus infinity, becomes null."""
    print(json.dumps(_plain(value), indent=2))


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def clock(seconds: float) -> str:
    """Time as a recordist reads it.

    >>> clock(3725.5)
    '1:02:05.5'
    >>> clock(9.04)
    '0:09.0'
    """
    tenths = int(seconds * 10 + 0.5)
    hours, rest = divmod(tenths, 36000)
    minutes, rest = divmod(rest, 600)
    tail = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def decibel(value: float) -> str:
    """A level, with a width that does not jump.

    >>> decibel(-3.0103), decibel(float("-inf"))
    ('  -3.0', '  -inf')
    """
    return f"{value:6.1f}" if math.isfinite(value) else "  -inf"


def duration(seconds: float) -> str:
    """How long something lasts, roughly.

    >>> duration(7260)
    '2 h 1 min'
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"


def microseconds(seconds: float) -> str:
    """A short time.

    >>> microseconds(0.0000571), microseconds(0.0123)
    ('57 µs', '12.3 ms')
    """
    return f"{seconds * 1e6:.0f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


def meter(level: Level) -> Text:
    """One channel: RMS as a bar, the held peak as a mark, red when it has clipped."""

    def place(db: float) -> int:
        share = (max(db, _FLOOR_DB) - _FLOOR_DB) / -_FLOOR_DB if math.isfinite(db) else 0.0
        return min(_BAR, round(share * _BAR))

    filled, peak = place(level.rms_db), place(level.held_db)
    text = Text()
    for i in range(_BAR):
        colour = "green" if i < _BAR * 0.7 else "yellow" if i < _BAR * 0.9 else "red"
        mark = "▌" if i + 1 == peak else "█" if i < filled else "·"
        text.append(mark, style=colour if mark != "·" else "dim")
    text.append(f" {decibel(level.held_db)} peak {decibel(level.rms_db)} RMS dBFS")
    if level.clipped:
        text.append(f"  clipped {level.clipped}", style="bold red")
    return text


def meters_view(levels: Sequence[Level]) -> RenderableType:
    """A bar for each channel; many channels are told in short."""
    lines: list[RenderableType] = []
    for index, level in enumerate(levels[:_METERS_SHOWN], 1):
        line = Text(f"{index:3d} ")
        lines.append(line.append_text(meter(level)))
    if len(levels) > _METERS_SHOWN:
        loudest = max(level.held_db for level in levels[_METERS_SHOWN:])
        rest = f"    … {len(levels) - _METERS_SHOWN} more channels, loudest peak {decibel(loudest)}"
        lines.append(Text(rest, style="dim"))
    return Group(*lines)


def recording_view(recorder: Recorder) -> RenderableType:
    """What `tenuto record` shows while it runs."""
    lines: list[RenderableType] = [meters_view(recorder.levels)]
    space = recorder.space_seconds
    status = Text(f"    {recorder.state:9s} {clock(recorder.seconds)}", style="bold")
    status.append(f"   room {duration(space) if space is not None else '–'}", style="not bold")
    gaps = len(recorder.gaps)
    status.append(f"   gaps {gaps}", style="bold red" if gaps else "not bold green")
    lines.append(status)
    if recorder.warning:
        lines.append(Text("    " + recorder.warning, style="bold yellow"))
    return Group(*lines)


def gap_table(gaps: Sequence[Gap], samplerate: int, most: int = 20) -> Table:
    """The ledger."""
    table = Table(box=None, pad_edge=False)
    for heading in ("at", "length", "frames", "cause", "UTC"):
        table.add_column(heading, justify="right" if heading == "frames" else "left")
    for gap in gaps[:most]:
        table.add_row(
            clock(gap.frame / samplerate),
            f"{gap.frames / samplerate * 1000:.1f} ms",
            str(gap.frames),
            gap.cause,
            gap.utc,
        )
    if len(gaps) > most:
        table.add_row(f"… and {len(gaps) - most} more")
    return table


def timing_lines(stats: Stats, samplerate: int, blocksize: int) -> list[str]:
    """The audio thread against its deadline, in words."""
    deadline = blocksize / samplerate
    return [
        f"{stats.callbacks} callbacks of {blocksize} frames; each has {microseconds(deadline)}",
        f"they began late by {microseconds(stats.jitter.median)} (median), "
        f"{microseconds(stats.jitter.p99)} (p99), {microseconds(stats.jitter.max)} (worst)",
        f"and took {stats.load.median * 100:.2g} % (median), {stats.load.p99 * 100:.2g} % (p99) "
        "of their time",
    ]
