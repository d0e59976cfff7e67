# SPDX-License-Identifier: MIT
"""A picture of a recording: waveform, spectrogram, gaps, and how punctual the callbacks were.

`draw` takes an array, `draw_file` streams a file of any length; both gather the same `Overview`
and draw it the same way: 1600 by 1000 pixels, in the format that the file's suffix names (or 16 by
10 inches, where the format has no pixels). Matplotlib is loaded only when something is drawn, and
without pyplot: a program's own figures are left alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from tenuto._errors import FileError, TenutoError
from tenuto._overview import CHUNK_SAMPLES, Overview
from tenuto._picture_panels import (
    FAINT,
    INK,
    PAPER,
    RED,
    Timing,
    draw_lane,
    draw_spectrogram,
    draw_timing,
    label_time,
    lane_limit,
    length_text,
    mark_gaps,
    print_text,
)
from tenuto._sndfile import name_of

SIZE_INCHES, DPI = (16.0, 10.0), 100
LEFT, RIGHT = 0.062, 0.892  # of the panels, as shares of the width
MOST_LANES = 8
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".pdf", ".svg")


def draw(
    path_out: Path,
    audio: NDArray[np.floating],
    samplerate: int,
    *,
    title: str,
    gaps: Sequence[tuple[int, int]] = (),
    subtitle: str | None = None,
    timing: Timing | None = None,
) -> None:
    """Draw a recording that is in memory.

    Parameters
    ----------
    path_out : Path
        The picture to write, one of `SUFFIXES`; an existing one is replaced.
    audio : ndarray, floating, shape (frames, channels) or (frames,)
        Full scale ±1. No frames, silence and samples that are no numbers are drawn as what they
        are.
    samplerate : int
        In hertz, above 0.
    title, subtitle : str
        Printed above the picture as they are.
    gaps : sequence of (frame, frames)
        Where something is missing, as in the ledger.
    timing : Timing, optional
        Adds a panel with the callbacks' histogram.

    Raises
    ------
    TenutoError
        matplotlib is not installed.
    FileError
        The picture cannot be written.
    """
    check_suffix(path_out)
    figure = _figure()
    audio = audio[:, None] if audio.ndim == 1 else audio
    overview = Overview(len(audio), audio.shape[1], samplerate)
    overview.feed(audio)
    overview.finish()
    _render(figure, overview, title, subtitle, gaps, timing)
    _save(figure, path_out)


def draw_file(
    path_out: Path,
    audio_path: Path,
    *,
    title: str | None = None,
    gaps: Sequence[tuple[int, int]] = (),
    subtitle: str | None = None,
    timing: Timing | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Draw a recording from its file, block by block: memory does not grow with its length.

    Parameters
    ----------
    path_out : Path
        The picture to write, one of `SUFFIXES`; an existing one is replaced.
    audio_path : Path
        Any file that libsndfile reads.
    title : str, optional
        The file's name if it is not given.
    gaps, subtitle, timing
        As in `draw`.
    progress : callable, optional
        Called after each block with the frames read and the frames there are.

    Raises
    ------
    TenutoError
        matplotlib is not installed.
    FileError
        The recording cannot be read, or the picture cannot be written.
    """
    check_suffix(path_out)
    figure = _figure()
    try:
        with soundfile.SoundFile(name_of(audio_path)) as file:
            overview = Overview(file.frames, file.channels, file.samplerate)
            block = max(1, CHUNK_SAMPLES // file.channels)
            while len(part := file.read(block, dtype="float32", always_2d=True)):
                overview.feed(part)
                if progress is not None:
                    progress(overview.frames, file.frames)
    except (OSError, soundfile.SoundFileError) as error:
        raise FileError(
            f'The recording "{audio_path}" cannot be drawn: it cannot be read as audio. '
            f"Check that it exists and is complete. [{error}]"
        ) from error
    overview.finish()
    _render(figure, overview, title or Path(audio_path).name, subtitle, gaps, timing)
    _save(figure, path_out)


def check_suffix(path: Path) -> None:
    """Raise `FileError` when `path` does not end as a picture does."""
    if path.suffix.lower() not in SUFFIXES:
        raise FileError(
            f'"{path}" cannot be a picture: the suffix "{path.suffix}" names no format for one; '
            f"possible are {' '.join(SUFFIXES)}"
        )


def _figure() -> Any:
    """An empty page, or a sentence that says what to install."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise TenutoError(
            "Drawing a picture needs matplotlib, which is not installed. "
            f'Install it with: pip install "tenuto[plot]" [{error}]'
        ) from error
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)  # the canvas holds on to the figure, and the figure to it
    return figure


def _save(figure: Any, path: Path) -> None:
    """Write the picture; a letter that the font lacks is a box in the picture, not a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        try:
            figure.savefig(path, format=path.suffix[1:].lower(), dpi=DPI)
        except OSError as error:
            raise FileError(
                f'The picture "{path}" cannot be written. Check that the folder exists, is '
                f"writable and has room. [{error}]"
            ) from error


def _render(
    figure: Any,
    overview: Overview,
    title: str,
    subtitle: str | None,
    gaps: Sequence[tuple[int, int]],
    timing: Timing | None,
) -> None:
    """Place the panels on the page and draw each."""
    lanes = min(overview.channels, MOST_LANES)
    seconds = overview.frames / overview.samplerate
    height = {1: 2.2, 2: 3.2}.get(lanes, 3.8)
    rows = [height / lanes] * lanes + [4.2] + ([0.62, 1.5] if timing else [])
    grid = figure.add_gridspec(
        len(rows), 1, height_ratios=rows,
        left=LEFT, right=RIGHT, top=0.885, bottom=0.06, hspace=0.12,
    )  # fmt: skip
    print_text(figure, LEFT, 0.972, title, size=19, weight="bold")
    below = subtitle or _facts(overview)
    if overview.channels > lanes:
        below += f" · channels {lanes + 1} to {overview.channels} only in the spectrogram"
    print_text(figure, LEFT, 0.936, below, size=11.5, color=FAINT)
    if gaps:
        missing = sum(frames for _, frames in gaps) / overview.samplerate
        many = f"{len(gaps):,} gaps" if len(gaps) > 1 else "1 gap"
        text = f"{many}, {length_text(missing)} of silence in place"
        print_text(figure, 0.985, 0.972, text, size=12, weight="bold", color=RED, ha="right")

    end = seconds or 1.0
    panels: list[Any] = []
    limit = lane_limit(overview.peak()[:lanes].max())
    for lane in range(lanes):
        axes = figure.add_subplot(grid[lane], sharex=panels[0] if panels else None)
        draw_lane(figure, axes, overview, lane, lanes, limit)
        panels.append(axes)
    axes = figure.add_subplot(grid[lanes], sharex=panels[0])
    image = draw_spectrogram(axes, overview, end)
    panels.append(axes)
    if image is not None:
        place = axes.get_position()
        beside = figure.add_axes((RIGHT + 0.008, place.y0, 0.01, place.height))
        bar = figure.colorbar(image, cax=beside)
        bar.set_label("level (a full-scale sine: 0 dBFS)", color=INK, size=10)
        bar.outline.set_edgecolor(FAINT)
        bar.ax.tick_params(labelsize=9, color=FAINT, labelcolor=INK)
    panels[0].set_xlim(0, end)
    label_time(panels, end)
    mark_gaps(panels, gaps, overview.samplerate, seconds)
    if timing:
        draw_timing(figure.add_subplot(grid[lanes + 2]), timing)


def _facts(overview: Overview) -> str:
    """The line below the title, if the caller has none."""
    count = overview.channels
    channels = {1: "mono", 2: "stereo"}.get(count, f"{count} channels")
    length = length_text(overview.frames / overview.samplerate)
    return f"{length} · {channels} · {overview.samplerate:,} Hz · {overview.frames:,} frames"
