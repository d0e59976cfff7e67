# SPDX-License-Identifier: MIT
"""``tenuto render``."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from .._chain import Chain
from .._nodes.base import Node
from .._offline import render as render_offline
from .._take import Take


def render(
    source: Path = typer.Argument(help="The sound file that goes in.", metavar="IN"),
    output: Path = typer.Argument(help="The file to write; its suffix chooses the format.", metavar="OUT"),
    chain: Path | None = typer.Option(None, "--chain", help="A chain of nodes, from a TOML file."),
    eq: str | None = typer.Option(None, "--eq", help="Preset of the equalizer, for instance: vocal"),
    gain: float | None = typer.Option(None, "--gain", help="Louder by so many dB."),
    limit: float | None = typer.Option(None, "--limit", help="True-peak ceiling in dBFS, for instance: -1"),
    tail: float = typer.Option(0.0, "--tail", help="So many seconds more, for echoes and reverb."),
    format: str | None = typer.Option(None, "--format", help="WAV, FLAC, RF64 …; default: from the suffix."),
    subtype: str | None = typer.Option(None, "--subtype", help="PCM_16, PCM_24, FLOAT …"),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace an existing file."),
    as_json: bool = typer.Option(False, "--json", help="Print the facts as JSON, nothing else."),
) -> None:  # fmt: skip
    """Run a sound file through nodes into another file, as fast as the machine can.

    The nodes of --chain come first, then --eq, --gain and --limit. The same code runs live.

    Example: tenuto render talk.wav talk.flac --eq vocal --gain 3 --limit -1
    """
    nodes = chain_of(chain, eq, gain, limit)
    if not nodes:
        raise typer.BadParameter("nothing to do: give --chain, --eq, --gain or --limit")
    began = time.monotonic()

    def run(progress: Callable[[int, int], None] | None) -> Take:
        taken = render_offline(
            source,
            nodes,
            output,
            tail_seconds=tail,
            format=format,
            subtype=subtype,
            overwrite=overwrite,
            progress=progress,
        )
        assert isinstance(taken, Take)
        return taken

    take = run(None) if as_json else _with_progress(run, source)
    _report(take, nodes, time.monotonic() - began, as_json=as_json)


def chain_of(
    chain: Path | None, eq: str | None, gain: float | None, limit: float | None
) -> list[Node]:
    """The nodes that the options of `render` and `play` ask for, in order."""
    from .. import Equalizer, Gain, Limiter

    nodes: list[Node] = list(Chain.load(chain)) if chain is not None else []
    if eq is not None:
        nodes.append(Equalizer.preset(eq))
    if gain is not None:
        nodes.append(Gain(gain))
    if limit is not None:
        nodes.append(Limiter(ceiling_db=limit))
    return nodes


def _with_progress(run: Callable[[Callable[[int, int], None] | None], Take], source: Path) -> Take:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from . import _output

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_output.console(), transient=True) as progress:
        task = progress.add_task(_output.plain(source.name), total=None)
        return run(lambda done, total: progress.update(task, completed=done, total=total))


def _report(take: Take, nodes: list[Node], seconds: float, *, as_json: bool) -> None:
    from . import _output

    speed = take.seconds / seconds if seconds > 0 else 0.0
    if as_json:
        facts: dict[str, Any] = {
            "path": str(take.path),
            "frames": take.frames,
            "seconds": take.seconds,
            "samplerate": take.samplerate,
            "channels": take.channels,
            "nodes": [type(node).__name__ for node in nodes],
            "times_real_time": speed,
            "gaps": [dataclasses.asdict(gap) for gap in take.gaps],
        }
        _output.print_json(facts)
        return
    _output.console().print(
        f"{take.path}: {_output.clock(take.seconds)}, {take.channels} ch, {take.samplerate} Hz, "
        f"through {', '.join(type(node).__name__ for node in nodes)}; "
        f"{speed:.0f} times as fast as real time",
        markup=False,
    )
