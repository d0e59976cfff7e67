# SPDX-License-Identifier: MIT
"""``tenuto demo``."""

from __future__ import annotations

import dataclasses
import importlib.resources
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .._busy import BusyPython
from .._checks import number
from .._engine import Engine
from .._errors import FileError
from .._nodes.base import Node
from .._nodes.dynamics import Limiter
from .._nodes.equalizer import Band, Equalizer
from .._nodes.meter import Meter
from .._nodes.recorder import FileRecorder
from .._offline import render
from .._sndfile import name_of
from .._take import Take
from ._exit_codes import DIFFERENT, GAPS

if TYPE_CHECKING:
    from rich.console import Console

    from .._stats import Stats

_BLOCKSIZE = 128
_REFRESH_SECONDS = 0.1


def demo(
    input: Path | None = typer.Option(None, "--input", "-i", help="Your own sound file instead of the piece."),
    seconds: float | None = typer.Option(None, "--seconds", "-s", help="Only so much of it."),
    out: Path = typer.Option(Path("tenuto-demo"), "--out", "-o", help="Folder for the recording and the picture."),
    as_json: bool = typer.Option(False, "--json", help="Print the facts as JSON at the end, nothing else."),
) -> None:  # fmt: skip
    """Play a piece of music through an equalizer and a limiter, and record what comes out.

    It happens in real time while Python is kept busy, and needs no hardware: the piece comes in
    through the virtual device, 128 frames at a time, and a native disk thread writes the result.
    Meanwhile two Python threads compute and a third holds the GIL for 200 ms at a time. Then the
    recording is compared with the same chain rendered offline, and a picture is drawn. Exit code 5
    when the recording has gaps, 1 when it is not what rendering gives.

    Example: tenuto demo --seconds 5
    """
    from . import _output

    console = _output.console(quiet=as_json)
    if seconds is not None:
        number("--seconds", seconds, 0.01, 1e7, "s")
    if input is not None and not input.is_file():
        raise FileError(f'there is no file "{input}"')
    with importlib.resources.as_file(_piece()) as shipped:
        source = input or shipped
        channels, samplerate, length = _about(source)
        wanted = min(seconds or length, length)
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f'cannot make the folder "{out}": {error.strerror}') from error
        console.print(
            f"Playing {wanted:.1f} s of [bold]{_output.plain(source.name)}[/] through equalizer and limiter on the "
            f"virtual device ({channels} ch, {samplerate} Hz, {_BLOCKSIZE} frames a block)."
        )
        engine = Engine(
            f"virtual:{source}", samplerate=samplerate, blocksize=_BLOCKSIZE, channels=(channels, 0)
        )
        recorder = FileRecorder(out / "demo.wav", overwrite=True, seconds=wanted)
        meter = Meter()
        engine.connect(engine.input, *_chain(samplerate), meter, recorder)
        take = _record(engine, recorder, meter, console)
        same = _tell(engine, recorder, take, source, console)
    stats, scheduling = engine.stats(), engine.scheduling
    picture = _draw(stats, take, out / "demo.png", source.name, console)
    if as_json:
        facts = {
            "input": source.name,
            "path": str(take.path),
            "picture": str(picture) if picture is not None else None,
            "frames": take.frames,
            "seconds": take.seconds,
            "samplerate": take.samplerate,
            "channels": take.channels,
            "gaps": [dataclasses.asdict(gap) for gap in take.gaps],
            "matches_offline": same,
            "stats": dataclasses.asdict(stats),
            "scheduling": dataclasses.asdict(scheduling) if scheduling is not None else None,
        }
        _output.print_json(facts)
    if take.gaps:
        raise typer.Exit(GAPS)
    if not same:
        raise typer.Exit(DIFFERENT)


def _piece() -> importlib.resources.abc.Traversable:
    return importlib.resources.files("tenuto") / "data" / "tenuto-demo.flac"


def _about(path: Path) -> tuple[int, int, float]:
    from .info import describe

    facts = describe(path)
    if facts["frames"] == 0:
        raise FileError(f'"{path}" holds no sound')
    return facts["channels"], facts["samplerate"], facts["seconds"]


def _chain(samplerate: int) -> list[Node]:
    """A bright, present sound; never above -1 dBFS between the samples either."""
    bands = [
        Band(response, frequency, gain)
        for response, frequency, gain in (
            ("low_shelf", 120, 3),
            ("peaking", 400, -2),
            ("peaking", 2500, 2),
            ("high_shelf", 8000, 3),
        )
        if frequency < samplerate / 2
    ]
    return [Equalizer(bands), Limiter(ceiling_db=-1)]


def _record(engine: Engine, recorder: FileRecorder, meter: Meter, console: Console) -> Take:
    from rich.live import Live

    from . import _output

    busy = BusyPython()
    with engine, busy:
        if console.is_terminal and not console.quiet:
            with Live(console=console, auto_refresh=False, transient=True) as live:
                while not recorder.is_over:
                    live.update(_output.meters_view(meter.levels), refresh=True)
                    time.sleep(_REFRESH_SECONDS)
        while not recorder.is_over:
            time.sleep(_REFRESH_SECONDS)
        take = recorder.stop()
    console.print(
        f"Meanwhile Python was kept busy: 2 threads spinning, {busy.holds} C calls held the GIL, "
        f"the longest for {_output.microseconds(busy.longest_hold)}."
    )
    return take


def _tell(
    engine: Engine, recorder: FileRecorder, take: Take, source: Path, console: Console
) -> bool:
    """Whether it is what rendering gives, told with all the rest."""
    import numpy as np
    import soundfile

    from . import _output

    played, rate = soundfile.read(
        name_of(source), dtype="float32", always_2d=True, frames=take.frames
    )
    # Live, the sound comes out later by the limiter's look-ahead; rendering takes that off.
    late = engine.latency_to(recorder)
    rendered = render(played, _chain(rate), samplerate=rate)[: take.frames - late]
    same = bool(
        np.array_equal(np.round(take.to_numpy()[late:] * 2**23), np.round(rendered * 2**23))
    )
    console.print(
        f"Captured {take.frames} frames in {_output.plain(take.path)}: "
        + (
            "[green]bit for bit what offline rendering gives[/]"
            if same
            else "[red]not the same as offline[/]"
        )
        + (f", [red]{len(take.gaps)} gaps[/]" if take.gaps else ", [green]no gaps[/].")
    )
    stats = engine.stats()
    for line in _output.timing_lines(stats, take.samplerate, _BLOCKSIZE):
        console.print("  " + line)
    scheduling = engine.scheduling
    if scheduling is not None:
        console.print(
            f"  on a thread at {scheduling.policy} {scheduling.priority} ({scheduling.via})"
        )
    return same


def _draw(stats: Stats, take: Take, path: Path, name: str, console: Console) -> Path | None:
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        console.print(
            'No picture: it needs matplotlib. Install it with: pip install "tenuto[plot]"'
        )
        return None
    from .._picture import draw

    edges = sorted(stats.histogram)
    draw(
        path,
        take.to_numpy(),
        take.samplerate,
        title=f"{name}, through equalizer and limiter while Python was busy",
        gaps=[(gap.frame, gap.frames) for gap in take.gaps],
        timing={
            "deadline_us": _BLOCKSIZE / take.samplerate * 1e6,
            "edges_us": [edge * 1e6 for edge in edges],
            "counts": [stats.histogram[edge] for edge in edges],
            "p99_us": stats.jitter.p99 * 1e6,
            "max_us": stats.jitter.max * 1e6,
            "title": "How late callbacks began",
        },
    )
    console.print(f"Picture: {path}", markup=False)
    return path
