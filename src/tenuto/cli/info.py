# SPDX-License-Identifier: MIT
"""``tenuto info``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import typer

from .._errors import FileError
from .._take import read_ledger
from ._exit_codes import GAPS


def info(
    paths: list[Path] = typer.Argument(help="Sound files."),
    as_json: bool = typer.Option(False, "--json", help="Print a list of objects, for scripts."),
) -> None:
    """Say what a sound file is, and what a recording lost.

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
                f"[bold]{fact['path']}[/]: {fact['format']} {fact['subtype']}, "
                f"{_output.clock(fact['seconds'])}, {fact['frames']} frames, "
                f"{fact['channels']} ch, {fact['samplerate']} Hz"
            )
            if fact["gaps"]:
                rows = read_ledger(fact["path"])
                lost = sum(gap.frames for gap in rows)
                out.print(f"  lost {lost} frames in {len(rows)} gaps:")
                out.print(_output.gap_table(rows, fact["samplerate"]))
    if any(fact["gaps"] for fact in facts):
        raise typer.Exit(GAPS)


def describe(path: Path) -> dict[str, Any]:
    """What libsndfile and the ledger know of a file; raises `FileError`."""
    import soundfile

    if not path.exists():
        raise FileError(f'there is no file "{path}"')
    if path.is_dir():
        raise FileError(f'"{path}" is a folder: give a sound file in it')
    try:
        about = soundfile.info(str(path))
    except (OSError, soundfile.LibsndfileError) as error:
        raise FileError(f'"{path}" cannot be read as sound: {error}') from error
    return {
        "path": str(path),
        "format": about.format,
        "subtype": about.subtype,
        "frames": about.frames,
        "seconds": about.frames / about.samplerate,
        "samplerate": about.samplerate,
        "channels": about.channels,
        "gaps": [dataclasses.asdict(gap) for gap in read_ledger(path)],
    }
