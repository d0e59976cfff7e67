# SPDX-License-Identifier: MIT
"""``tenuto demo``."""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .._busy import BusyPython
from .._errors import FileError
from .._recorder import Recorder
from .._take import Take
from ._exit_codes import GAPS

if TYPE_CHECKING:
    from rich.console import Console

_BLOCKSIZE = 128


def demo(
    input: Path | None = typer.Option(None, "--input", "-i", help="Your own sound file instead of the piece."),
    seconds: float | None = typer.Option(None, "--seconds", "-s", help="Only so much of it."),
    out: Path = typer.Option(Path("tenuto-demo"), "--out", "-o", help="Folder for the recording and the picture."),
) -> None:  # fmt: skip
    """Record a piece of music in real time while Python is kept busy; no hardware needed.

    The piece comes in through the virtual device, 128 frames at a time, and a native disk thread
    writes it. Meanwhile two Python threads compute and a third holds the GIL for 200 ms at a time.
    Then the recording is compared with what was played, and a picture is drawn.

    Example: tenuto demo --seconds 5
    """
    from . import _output

    console = _output.console()
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
            f"Recording {wanted:.1f} s of [bold]{source.name}[/] from the virtual device "
            f"({channels} ch, {samplerate} Hz, {_BLOCKSIZE} frames a block)."
        )
        recorder = Recorder(
            out / "demo.wav",
            f"virtual:{source}",
            samplerate=samplerate,
            channels=channels,
            blocksize=_BLOCKSIZE,
            seconds=wanted,
            overwrite=True,
        )
        take = _record(recorder, console)
        _tell(recorder, take, source, console)
    _draw(recorder, take, out / "demo.png", source.name, console)
    if take.gaps:
        raise typer.Exit(GAPS)


def _piece() -> importlib.resources.abc.Traversable:
    return importlib.resources.files("tenuto") / "data" / "tenuto-demo.flac"


def _about(path: Path) -> tuple[int, int, float]:
    from .info import describe

    facts = describe(path)
    if facts["frames"] == 0:
        raise FileError(f'"{path}" holds no sound')
    return facts["channels"], facts["samplerate"], facts["seconds"]


def _record(recorder: Recorder, console: Console) -> Take:
    from rich.live import Live

    from . import _output

    busy = BusyPython()
    with recorder, busy:
        recorder.start()
        if console.is_terminal:
            with Live(console=console, auto_refresh=False, transient=True) as live:
                while not recorder.wait(0.1):
                    live.update(_output.recording_view(recorder), refresh=True)
        recorder.wait()
        take = recorder.stop()
    console.print(
        f"Meanwhile Python was kept busy: 2 threads spinning, {busy.holds} C calls held the GIL, "
        f"the longest for {_output.microseconds(busy.longest_hold)}."
    )
    return take


def _tell(recorder: Recorder, take: Take, source: Path, console: Console) -> None:
    import numpy as np
    import soundfile

    from . import _output

    played, _ = soundfile.read(str(source), dtype="float32", always_2d=True, frames=take.frames)
    same = np.array_equal(np.round(take.to_numpy() * 2**23), np.round(played * 2**23))
    console.print(
        f"Captured {take.frames} frames in {take.path}: "
        + ("[green]bit for bit what was played[/]" if same else "[red]not what was played[/]")
        + (f", [red]{len(take.gaps)} gaps[/]" if take.gaps else ", [green]no gaps[/].")
    )
    for line in _output.timing_lines(recorder.stats(), take.samplerate, _BLOCKSIZE):
        console.print("  " + line)
    scheduling = recorder.scheduling
    if scheduling is not None:
        console.print(
            f"  on a thread at {scheduling.policy} {scheduling.priority} ({scheduling.via})"
        )


def _draw(recorder: Recorder, take: Take, path: Path, name: str, console: Console) -> None:
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        console.print(
            'No picture: it needs matplotlib. Install it with: pip install "tenuto[plot]"'
        )
        return
    from .._picture import draw

    stats = recorder.stats()
    edges = sorted(stats.histogram)
    draw(
        path,
        take.to_numpy(),
        take.samplerate,
        title=f"{name}, recorded by tenuto while Python was busy",
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
    console.print(f"Picture: {path}")
