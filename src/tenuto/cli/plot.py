# SPDX-License-Identifier: MIT
"""``tenuto plot``."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from .._errors import FileError
from .._take import read_ledger


def plot(
    path: Path = typer.Argument(help="A sound file."),
    out: Path | None = typer.Option(None, "--out", "-o", help="The picture; its suffix chooses the format (.png .jpg .webp .tif .pdf .svg); default: beside it, .png."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace an existing picture."),
) -> None:  # fmt: skip
    """Draw a sound file: waveform, spectrogram, and the gaps of a recording.

    Example: tenuto plot take.wav --out take.png
    """
    from .._picture import check_suffix, draw_file
    from .info import describe

    describe(path)
    target = out or path.with_suffix(".png")
    check_suffix(target)
    if target.exists() and os.path.samefile(target, path):
        raise FileError(f'"{target}" is the sound itself: choose another --out')
    if target.exists() and not overwrite:
        raise FileError(f'"{target}" exists already: choose another --out, or pass --overwrite')
    gaps = [(gap.frame, gap.frames) for gap in read_ledger(path)]
    draw_file(target, path, gaps=gaps, title=path.name)
    print(target)
