# SPDX-License-Identifier: MIT
"""``tenuto info``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import typer

from .._sndfile import name_of
from .._take import read_ledger
from ._exit_codes import GAPS


def info(
    paths: list[Path] = typer.Argument(help="Sound files."),
    as_json: bool = typer.Option(False, "--json", help="Print a list of objects, for scripts."),
) -> None:
    """Say what a sound file is, what music it holds, and what a recording lost.

    Tags and pictures need the extra `formats`, as AAC, M4A and the like do.

    Exit code 5 when a file has a ledger with gaps.

    Example: tenuto info take.wav --json
    """
    from . import _output

    facts = [describe(path) for path in paths]
    if as_json:
        _output.print_json(facts)
    else:
        out = _output.console()
        for fact in facts:
            out.print(
                f"[bold]{_output.plain(fact['path'])}[/]: {fact['format']} {fact['subtype']}, "
                f"{_length(fact)}, {fact['channels']} ch, {fact['samplerate']} Hz"
            )
            for name, text in fact["tags"].items():
                out.print(f"  {name}: {text}", markup=False)
            for picture in fact["pictures"]:
                out.print(f"  picture: {picture['mime']}, {picture['bytes']} bytes", markup=False)
            if fact["gaps"]:
                rows = read_ledger(fact["path"])
                lost = sum(gap.frames for gap in rows)
                out.print(f"  lost {lost} frames in {len(rows)} gaps:")
                out.print(_output.gap_table(rows, fact["samplerate"]))
    if any(fact["gaps"] for fact in facts):
        raise typer.Exit(GAPS)


def _length(fact: dict[str, Any]) -> str:
    from . import _output

    if fact["frames"] is None:
        return "of unknown length"
    return f"{_output.clock(fact['seconds'])}, {fact['frames']} frames"


def describe(path: Path) -> dict[str, Any]:
    """What its header, its tags and the ledger tell of a file; raises `FileError`."""
    import soundfile

    from .._playback import pyav, tags
    from .._playback.media import look_at

    media = look_at(path)
    if media.reader == "sndfile":
        about = soundfile.info(name_of(path))
        kind, subtype = about.format, about.subtype
    else:
        kind, subtype = pyav.kind_of(path)
    return {
        "path": str(path),
        "format": kind,
        "subtype": subtype,
        "frames": media.frames,
        "seconds": media.seconds,
        "samplerate": media.samplerate,
        "channels": media.channels,
        "tags": tags.read_tags(path),
        "pictures": [
            {"mime": picture.mime, "bytes": len(picture.data)}
            for picture in tags.read_pictures(path)
        ],
        "gaps": [dataclasses.asdict(gap) for gap in read_ledger(path)],
    }
