# SPDX-License-Identifier: MIT
"""A rendering replaces a file when the new one is complete, and never before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto

SOUND = np.linspace(-0.5, 0.5, 48_000, dtype=np.float32)[:, np.newaxis]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    soundfile.write(str(path), SOUND, 48_000, "FLOAT")
    return path


@pytest.mark.parametrize("how", ["itself", "symbolic link", "hard link"])
def test_a_file_can_be_rendered_onto_itself(source: Path, how: str) -> None:
    target = source.with_name("b.wav") if how != "itself" else source
    if how == "symbolic link":
        target.symlink_to(source)
    elif how == "hard link":
        target.hardlink_to(source)
    take = tenuto.render(source, tenuto.Gain(-6), target, subtype="FLOAT", overwrite=True)
    assert (take.path, take.frames) == (target, 48_000)
    expected = tenuto.render(SOUND, tenuto.Gain(-6), samplerate=48_000)
    assert np.array_equal(soundfile.read(str(target), dtype="float32", always_2d=True)[0], expected)
    assert target.is_symlink() == (how == "symbolic link")
    assert not list(source.parent.glob(".*"))


def test_a_source_that_breaks_off_leaves_what_was_there(source: Path) -> None:
    cut, there = source.with_name("cut.flac"), source.with_name("keep.wav")
    soundfile.write(str(cut), SOUND, 48_000)
    cut.write_bytes(cut.read_bytes()[:-4000])
    there.write_bytes(source.read_bytes())
    ledger = there.with_suffix(".tenuto.json")
    ledger.write_text("{}")
    with pytest.raises(tenuto.FileError, match=r"cut\.flac"):
        tenuto.render(cut, tenuto.Gain(), there, overwrite=True)
    assert there.read_bytes() == source.read_bytes() and ledger.exists()
    assert not list(source.parent.glob(".*"))
    tenuto.render(source, tenuto.Gain(), there, overwrite=True)
    assert not ledger.exists()  # it told of another recording


def test_what_is_no_regular_file_is_not_replaced(source: Path) -> None:
    with pytest.raises(tenuto.FileError, match="no regular file"):
        tenuto.render(source, tenuto.Gain(), "/dev/null", format="WAV", overwrite=True)
    assert not Path("/dev/null").is_file()
