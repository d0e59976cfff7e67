# SPDX-License-Identifier: MIT
"""``tenuto plot``."""

from __future__ import annotations

from pathlib import Path

import typer

from .._errors import FileError
from .._take import read_ledger


def plot(
    path: Path = typer.Argument(help="A sound file."),
    out: Path | None = typer.Option(None, "--out", "-o", help="The picture; default: beside it, .png."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace an existing picture."),
) -> None:  # fmt: skip
    """Draw a sound file: waveform, spectrogram, and the gaps of a recording.

    Example: tenuto plot take.wav --out take.png
    """
    from .._picture import draw_file
    from .info import describe

    describe(path)
    target = out or path.with_suffix(".png")
    if target.exists() and not overwrite:
        raise FileError(f'"{target}" exists already: choose another --out, or pass --overwrite')
    gaps = [(gap.frame, gap.frames) for gap in read_ledger(path)]
    draw_file(target, path, gaps=gaps, title=path.name)
    print(target)
