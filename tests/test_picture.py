# SPDX-License-Identifier: MIT
"""The picture of a recording: what it is drawn from is right, and what must be seen is seen."""

from __future__ import annotations

import importlib.util
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from matplotlib.image import imread
from numpy.typing import NDArray

from tenuto import FileError, TenutoError
from tenuto._overview import CLIP_LEVEL, COLUMNS, FLOOR_DB, MOST_TRANSFORMS, Overview
from tenuto._picture import LEFT, RIGHT, draw, draw_file
from tenuto._picture_panels import Timing

ROOT = Path(__file__).resolve().parent.parent
PIECE = ROOT / "src" / "tenuto" / "data" / "tenuto-demo.flac"
RED = np.array([0xD1, 0x24, 0x2F]) / 255
FIRST, LAST = 1600 * LEFT, 1600 * RIGHT  # pixels between which time runs


def overview_of(audio: NDArray[np.floating], samplerate: int, block: int = 0) -> Overview:
    """The overview of `audio`, fed `block` frames at a time (0: all at once)."""
    overview = Overview(len(audio), audio.shape[1], samplerate)
    for start in range(0, len(audio), block or max(1, len(audio))):
        overview.feed(audio[start : start + (block or len(audio))])
    overview.finish()
    return overview


def sine(frequency: float, samplerate: int, seconds: float, amplitude: float = 1.0):
    """One channel, shape (frames, 1)."""
    time = np.arange(round(seconds * samplerate)) / samplerate
    return amplitude * np.sin(2 * np.pi * frequency * time)[:, None]


def noise(frames: int, channels: int, seed: int) -> NDArray[np.float32]:
    """White noise in ±0.5."""
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (frames, channels)).astype(np.float32)


def pixels(path: Path) -> NDArray[np.float64]:
    """Red, green, blue of a PNG, 0 to 1, shape (height, width, 3)."""
    return np.asarray(imread(path))[:, :, :3].astype(np.float64)


@pytest.mark.parametrize(
    ("frequency", "samplerate"), [(1000, 48_000), (1000, 44_100), (1000, 96_000), (997.3, 8_000)]
)
def test_full_scale_sine_reads_0_dbfs_in_the_row_of_its_frequency(
    frequency: float, samplerate: int
) -> None:
    overview = overview_of(sine(frequency, samplerate, 2), samplerate)
    column = overview.spectrum_db[len(overview.spectrum_db) // 2]
    strongest = int(column.argmax())
    low, high = overview.frequencies[strongest], overview.frequencies[strongest + 1]
    window = 1 << round(np.log2(samplerate * 0.085))
    bin_width = samplerate / (2 * window)
    assert low - bin_width <= frequency <= high + bin_width
    assert column[strongest] == pytest.approx(0, abs=0.5)


def test_sine_between_two_bins_still_reads_within_half_a_decibel() -> None:
    readings = []
    for k in range(16):  # over more than a bin, which is 5.9 Hz wide
        spectrum = overview_of(sine(1000 + 0.4 * k, 48_000, 0.5, 0.1), 48_000).spectrum_db
        readings.append(spectrum[len(spectrum) // 2].max())
    assert max(readings) == pytest.approx(-20, abs=0.05)
    assert min(readings) > -20.5


def test_spectrogram_shows_a_tone_when_it_sounds_and_not_elsewhere() -> None:
    audio = sine(2000, 48_000, 4)
    audio[:96_000] = 0
    overview = overview_of(audio, 48_000)
    row = int(np.searchsorted(overview.frequencies, 2000)) - 1
    level = overview.spectrum_db[:, row - 1 : row + 2].max(axis=1)
    half = len(level) // 2
    edge = round(0.05 * half / 2)  # the window reaches 43 ms to either side
    assert level[: half - edge].max() == FLOOR_DB
    assert level[half + edge : -edge].min() > -1


def test_tone_in_one_of_many_channels_is_not_thinned_out() -> None:
    audio = np.zeros((24_000, 16))
    audio[:, 11:12] = sine(1000, 48_000, 0.5)
    assert overview_of(audio, 48_000).spectrum_db.max() == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("frames", [1, 7, 1599, 1600, 1601, 3200, 12_345])
def test_envelope_equals_a_search_through_each_column(frames: int) -> None:
    audio = noise(frames, 2, seed=frames)
    overview = overview_of(audio, 8_000)
    columns = min(frames, COLUMNS)
    column_of = np.arange(frames) * columns // frames
    assert overview.lowest.shape == (columns, 2)
    for column in range(columns):
        part = audio[column_of == column].astype(np.float64)
        assert overview.lowest[column].tolist() == part.min(0).tolist()
        assert overview.highest[column].tolist() == part.max(0).tolist()
        assert overview.rms[column] == pytest.approx(np.sqrt((part**2).mean(0)), abs=1e-12)


@pytest.mark.parametrize("block", [1, 7, 64, 1000, 100_000])
def test_any_block_size_gives_the_one_shot_result(block: int) -> None:
    frames = 3_000 if block == 1 else 300_000
    audio = noise(frames, 2, seed=block)
    whole, cut = overview_of(audio, 8_000), overview_of(audio, 8_000, block)
    for name in ("lowest", "highest", "rms", "clipped", "spectrum_db"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name)), name


def test_clipped_and_non_finite_samples_are_counted_and_kept_out_of_the_levels() -> None:
    audio = np.array([0.5, CLIP_LEVEL, -1.0, 0.9999, np.nan, np.inf, -np.inf, -0.5])[:, None]
    overview = overview_of(audio, 4)
    assert int(overview.clipped.sum()) == 2
    assert int(overview.not_finite.sum()) == 3
    assert overview.peak().tolist() == [1.0]
    squares = 0.25 + CLIP_LEVEL**2 + 1 + 0.9999**2 + 0.25
    assert overview.mean_rms()[0] == pytest.approx(np.sqrt(squares / 5))
    assert np.isfinite(overview.spectrum_db).all()


def test_file_shorter_than_announced_is_cut_where_it_ends() -> None:
    audio = noise(40_000, 1, seed=1)
    overview = Overview(160_000, 1, 8_000)
    overview.feed(audio)
    overview.finish()
    assert overview.frames == 40_000
    assert len(overview.lowest) == COLUMNS // 4
    assert np.isfinite(overview.lowest).all()
    assert overview.spectrum_db.max(axis=1).min() > -80  # no column stayed empty


def test_overview_of_a_wrong_shape_says_which_shape_it_takes() -> None:
    with pytest.raises(ValueError, match=r"2 channels got a block of shape \(5, 3\)"):
        Overview(10, 2, 48_000).feed(np.zeros((5, 3)))
    with pytest.raises(ValueError, match="channels=0; the least is 1"):
        Overview(10, 0, 48_000)


def test_memory_and_work_do_not_grow_with_the_length() -> None:
    block = noise(80_000, 1, seed=2)
    peaks = []
    for blocks in (12, 240):  # two minutes, and forty
        tracemalloc.start()
        overview = Overview(blocks * len(block), 1, 8_000)
        for _ in range(blocks):
            overview.feed(block)
        overview.finish()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert int(overview._averaged.sum()) <= MOST_TRANSFORMS
        assert overview.spectrum_db.shape[0] == COLUMNS
    assert max(peaks) < 50e6
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize("channels", [1, 2, 3, 8, 64])
def test_picture_is_a_png_of_1600_by_1000_for_any_number_of_channels(
    channels: int, tmp_path: Path
) -> None:
    draw(tmp_path / "out.png", noise(4_000, channels, seed=3), 48_000, title="noise")
    assert pixels(tmp_path / "out.png").shape == (1000, 1600, 3)


@pytest.mark.parametrize(
    "audio",
    [
        np.zeros((0, 2), np.float32),
        np.zeros((5_000, 2), np.float32),
        np.full((5_000, 1), np.nan, np.float32),
        np.full((1, 1), 0.5, np.float32),
        np.full(300, 7.5, np.float32),  # 1-D, and far above full scale
    ],
    ids=["empty", "silent", "NaN", "one frame", "above full scale"],
)
def test_unusual_audio_is_drawn_without_a_warning(
    audio: NDArray[np.float32], tmp_path: Path
) -> None:
    title = "50 $ of _it_ \N{CJK UNIFIED IDEOGRAPH-65E5}"  # no formula; a letter the font lacks
    draw(tmp_path / "out.png", audio, 48_000, title=title, gaps=[(0, 5), (100_000, 1)])
    assert pixels(tmp_path / "out.png").shape == (1000, 1600, 3)


def test_gap_is_shaded_where_it_lies_in_every_panel(tmp_path: Path) -> None:
    audio = noise(10_000, 2, seed=4)
    draw(tmp_path / "none.png", audio, 10_000, title="t")
    draw(tmp_path / "gap.png", audio, 10_000, title="t", gaps=[(5_000, 1_000)])
    changed = (pixels(tmp_path / "none.png") != pixels(tmp_path / "gap.png")).any(axis=2)
    for rows in (slice(130, 260), slice(330, 460), slice(520, 900)):  # left, right, spectrogram
        columns = np.flatnonzero(changed[rows].mean(axis=0) > 0.5)
        assert columns.min() == pytest.approx(FIRST + 0.5 * (LAST - FIRST), abs=3)
        assert columns.max() == pytest.approx(FIRST + 0.6 * (LAST - FIRST), abs=3)
    assert changed[80:112, 750:950].any()  # its label
    assert changed[15:45, 1200:].any()  # and how many there are, in the corner


def test_gap_of_one_frame_can_be_seen(tmp_path: Path) -> None:
    audio = noise(100_000, 1, seed=5)
    draw(tmp_path / "none.png", audio, 10_000, title="t")
    draw(tmp_path / "gap.png", audio, 10_000, title="t", gaps=[(50_000, 1)])
    changed = (pixels(tmp_path / "none.png") != pixels(tmp_path / "gap.png")).any(axis=2)
    columns = np.flatnonzero(changed[600:900].mean(axis=0) > 0.5)
    assert 1 <= len(columns) <= 4
    assert columns.mean() == pytest.approx((FIRST + LAST) / 2, abs=2)


def test_clipped_samples_are_marked_in_red(tmp_path: Path) -> None:
    audio = sine(100, 8_000, 2, 0.9)
    draw(tmp_path / "clean.png", audio, 8_000, title="t")
    audio[8_000] = 1.0
    draw(tmp_path / "clipped.png", audio, 8_000, title="t")
    clean, clipped = (
        (np.abs(pixels(tmp_path / name) - RED).max(axis=2) < 0.02)[100:500, : int(LAST)]
        for name in ("clean.png", "clipped.png")
    )
    assert not clean.any()
    assert np.flatnonzero(clipped.any(axis=0)).mean() == pytest.approx((FIRST + LAST) / 2, abs=3)


def test_late_callbacks_stand_in_red_behind_the_deadline(tmp_path: Path) -> None:
    timing = Timing(
        deadline_us=1000, edges_us=[10, 20, 2000], counts=[500, 80, 3], p99_us=20, max_us=2050
    )
    draw(tmp_path / "late.png", noise(4_000, 1, seed=6), 8_000, title="t", timing=timing)
    timing["counts"] = [500, 80, 0]
    draw(tmp_path / "in_time.png", noise(4_000, 1, seed=6), 8_000, title="t", timing=timing)
    late, in_time = (
        int((np.abs(pixels(tmp_path / name) - RED).max(axis=2) < 0.02)[830:].sum())
        for name in ("late.png", "in_time.png")
    )
    assert late > in_time + 50  # both have the deadline's line


def test_no_callbacks_at_all_are_drawn_too(tmp_path: Path) -> None:
    timing = Timing(deadline_us=1000, edges_us=[], counts=[], p99_us=0, max_us=0)
    draw(tmp_path / "out.png", noise(4_000, 1, seed=7), 8_000, title="t", timing=timing)
    assert pixels(tmp_path / "out.png").shape == (1000, 1600, 3)


def test_file_and_array_give_the_same_picture(tmp_path: Path) -> None:
    audio = noise(300_000, 2, seed=8)
    soundfile.write(tmp_path / "take.wav", audio, 48_000, "FLOAT")
    seen: list[tuple[int, int]] = []
    draw_file(tmp_path / "a.png", tmp_path / "take.wav", progress=lambda *now: seen.append(now))
    draw(tmp_path / "b.png", audio, 48_000, title="take.wav")
    assert np.array_equal(pixels(tmp_path / "a.png"), pixels(tmp_path / "b.png"))
    assert seen[-1] == (300_000, 300_000)


def test_missing_matplotlib_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(TenutoError, match=r'needs matplotlib.*pip install "tenuto\[plot\]"'):
        draw(tmp_path / "out.png", np.zeros((10, 1), np.float32), 48_000, title="t")
    assert not (tmp_path / "out.png").exists()


def test_unreadable_recording_and_unwritable_picture_are_named(tmp_path: Path) -> None:
    (tmp_path / "note.wav").write_text("no audio in here")
    for name in ("note.wav", "absent.wav"):
        with pytest.raises(FileError, match=f"{name}.*cannot be read as audio"):
            draw_file(tmp_path / "out.png", tmp_path / name)
    with pytest.raises(FileError, match="folder exists"):
        draw(tmp_path / "absent" / "out.png", np.zeros((9, 1), np.float32), 8_000, title="t")


def test_shipped_piece_is_what_its_script_says() -> None:
    audio, samplerate = soundfile.read(PIECE)
    info = soundfile.info(PIECE)
    assert (samplerate, info.frames, info.channels) == (48_000, 960_000, 2)
    assert (info.format, info.subtype) == ("FLAC", "PCM_24")
    assert PIECE.stat().st_size < 2_500_000
    assert 20 * np.log10(np.abs(audio).max()) == pytest.approx(-1.5, abs=0.05)
    assert np.abs(audio.mean(axis=0)).max() < 1e-4  # no DC
    assert np.abs(audio[[0, -1]]).max() < 1e-4  # no click at either end
    loudness = 20 * np.log10(np.sqrt((audio.reshape(20, -1) ** 2).mean(axis=1)))
    assert loudness.max() - loudness[:19].min() > 15  # quiet at first, full at the end


@pytest.mark.slow
def test_script_makes_the_shipped_piece_again() -> None:
    spec = importlib.util.spec_from_file_location("make_music", ROOT / "tools" / "make_music.py")
    assert spec is not None and spec.loader is not None
    make_music = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_music)
    made = make_music.master(make_music.perform())
    shipped, _ = soundfile.read(PIECE)
    # Dither and rounding are one and a half steps; another machine's sine adds next to nothing.
    assert np.abs(made - shipped).max() < 2 * 2.0 ** (1 - make_music.SIGNIFICANT_BITS)
