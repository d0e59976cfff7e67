# SPDX-License-Identifier: MIT
"""Aligned arrays; samples viewed where they lie on the disk."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto


def test_an_empty_array_begins_on_a_cache_line_whatever_its_size() -> None:
    for frames in (0, 1, 7, 480):
        for channels in (1, 2, 3):
            array = tenuto.empty((frames, channels))
            assert (array.shape, array.dtype) == ((frames, channels), np.float32)
            assert frames == 0 or array.ctypes.data % 64 == 0
            array[:] = 1
    assert tenuto.empty(5, "int16").dtype == np.int16
    with pytest.raises(ValueError, match="0 or more"):
        tenuto.empty((-1, 2))


@pytest.mark.parametrize("format", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize(
    ("subtype", "dtype", "scale"),
    [
        ("PCM_U8", np.uint8, 128),
        ("PCM_16", np.int16, 2**15),
        ("PCM_32", np.int32, 2**31),
        ("FLOAT", np.float32, 1),
        ("DOUBLE", np.float64, 1),
    ],
)
def test_mapped_samples_are_those_that_libsndfile_reads(
    tmp_path: Path, format: str, subtype: str, dtype: type, scale: int
) -> None:
    path = tmp_path / "a.wav"
    sound = np.random.default_rng(1).uniform(-1, 1, (1001, 3))
    soundfile.write(str(path), sound, 44_100, subtype, format=format)
    expected, _ = soundfile.read(str(path), dtype="float64", always_2d=True)
    mapped = tenuto.open_mapped(path)
    assert isinstance(mapped, np.memmap) and mapped.dtype == dtype
    assert mapped.samplerate == 44_100 and not mapped.flags.writeable
    offset = 128.0 if dtype is np.uint8 else 0.0
    assert np.array_equal((mapped.astype(np.float64) - offset) / scale, expected)


def test_24_bits_come_as_three_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(str(path), [[0.5, -0.5]] * 10, 48_000, "PCM_24")
    mapped = tenuto.open_mapped(path)
    assert mapped.shape == (10, 2, 3) and mapped[3].tolist() == [[0, 0, 64], [0, 0, 192]]


def test_a_file_that_is_empty_or_cut_off_gives_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(str(path), np.zeros((0, 2)), 48_000)
    assert tenuto.open_mapped(path).shape == (0, 2)
    soundfile.write(str(path), np.full((100, 2), 0.25), 48_000, "PCM_16")
    path.write_bytes(path.read_bytes()[: 44 + 4 * 10 + 3])
    assert tenuto.open_mapped(path).tolist() == [[8192, 8192]] * 10


def test_what_cannot_be_mapped_is_a_file_error_that_says_why(tmp_path: Path) -> None:
    flac = tmp_path / "a.flac"
    soundfile.write(str(flac), np.zeros((100, 2)), 48_000)
    law = tmp_path / "law.wav"
    soundfile.write(str(law), np.zeros((100, 2)), 48_000, "ULAW")
    for path, why in (
        (flac, "no WAV"),
        (law, "no PCM or float"),
        (tmp_path, "no file"),
        (tmp_path / "nowhere.wav", "there is no file"),
        ("a\0b", "cannot be mapped"),
    ):
        with pytest.raises(tenuto.FileError, match=why):
            tenuto.open_mapped(path)


def test_no_damage_of_a_header_raises_anything_else(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    seed = 77
    rng = random.Random(seed)
    for format in ("WAV", "WAVEX", "RF64"):
        soundfile.write(str(path), np.zeros((50, 2)), 48_000, "PCM_16", format=format)
        whole = path.read_bytes()
        for _ in range(1500):
            damaged = bytearray(whole[: rng.choice((len(whole), rng.randrange(len(whole))))])
            for _ in range(rng.randrange(6)):
                if damaged:
                    damaged[rng.randrange(min(len(damaged), 120))] = rng.choice(
                        (0, 255, rng.randrange(256))
                    )
            path.write_bytes(damaged)
            try:
                mapped = tenuto.open_mapped(path)
                assert mapped.nbytes <= len(damaged)
                mapped.sum()
            except tenuto.FileError:
                pass
