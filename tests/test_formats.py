# SPDX-License-Identifier: MIT
"""Every format that can be named records and reads back, header updates and all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto
from tenuto._sndfile import _DEFAULT_SUBTYPES, _INTEGER_BITS, _MAJORS, _SUFFIXES

RATE = 48_000
T = np.arange(2 * RATE) / RATE
TONE = 0.5 * np.sin(2 * np.pi * 440 * T).astype(np.float32)
LOSSLESS = sorted(
    {(suffix, "PCM_24") for suffix, name in _SUFFIXES.items() if name not in _DEFAULT_SUBTYPES}
    | {(".wav", "PCM_16"), (".wav", "PCM_32"), (".wav", "PCM_U8"), (".aiff", "PCM_S8")}
    | {(".flac", "PCM_16"), (".flac", "PCM_S8"), (".caf", "ALAC_24"), (".caf", "ALAC_16")}
)


def record_all(folder: Path, kinds: list[tuple[str, str | None]]) -> list[tenuto.Take]:
    """Record the tone to all of these at once, for long enough to meet several header updates."""
    recorders = [
        tenuto.Recorder(
            folder / f"{number}{suffix}",
            tenuto.testing.VirtualDevice(TONE),
            channels=1,
            subtype=subtype,
            seconds=1.5,
        )
        for number, (suffix, subtype) in enumerate(kinds)
    ]
    for recorder in recorders:
        recorder.start()
    for recorder in recorders:
        assert recorder.wait(20)
    return [recorder.stop() for recorder in recorders]


@pytest.mark.realtime
def test_lossless_formats_read_back_to_the_last_bit(tmp_path: Path) -> None:
    for (suffix, subtype), take in zip(LOSSLESS, record_all(tmp_path, list(LOSSLESS)), strict=True):
        scale = 2.0 ** (_INTEGER_BITS[subtype] - 1)
        expected = np.round(TONE[: take.frames].astype(np.float64) * scale) / scale
        assert take.gaps == (), (suffix, subtype)
        sound = take.to_numpy()[:, 0]
        assert sound.shape == (72_000,), (suffix, subtype)
        assert np.array_equal(sound, expected.astype(np.float32)), (suffix, subtype)
        assert soundfile.info(str(take.path)).subtype == subtype


@pytest.mark.realtime
def test_lossy_formats_read_back_as_the_same_tone(tmp_path: Path) -> None:
    kinds: list[tuple[str, str | None]] = [(".ogg", None), (".opus", None), (".mp3", None)]
    kinds += [(".wav", "FLOAT"), (".wav", "ULAW"), (".au", "ALAW")]
    for (suffix, _), take in zip(kinds, record_all(tmp_path, kinds), strict=True):
        assert take.gaps == (), suffix
        sound = take.to_numpy()[:, 0]
        # An encoder may add what fills its last block.
        assert 72_000 <= len(sound) <= 72_000 + 1_152, suffix
        level = np.sqrt(2 * np.mean(sound[24_000:48_000].astype(np.float64) ** 2))
        assert level == pytest.approx(0.5, rel=0.05), suffix
        error = sound[24_000:48_000] - TONE[24_000:48_000]
        assert np.sqrt(np.mean(error**2)) < 0.02, suffix


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "PCM_16"])
def test_what_is_above_full_scale_is_clipped(tmp_path: Path, subtype: str) -> None:
    ramp = np.linspace(-3, 3, 4_801, dtype=np.float32)
    device = tenuto.testing.VirtualDevice(ramp, clocked=False)
    with tenuto.Recorder(tmp_path / "a.wav", device, channels=1, subtype=subtype) as recorder:
        recorder.start()
        device.step(len(ramp))
        sound = recorder.stop().to_numpy()[:, 0]
    # The coarsest steps of the tables are 1/32 wide.
    assert np.abs(sound - np.clip(ramp, -1, 1)).max() < 1 / 31


@pytest.mark.parametrize("name", sorted(_MAJORS))
def test_an_empty_recording_is_a_readable_file_in_every_format(tmp_path: Path, name: str) -> None:
    device = tenuto.testing.VirtualDevice(clocked=False)
    with tenuto.Recorder(tmp_path / "a", device, channels=2, format=name) as recorder:
        recorder.start()
        take = recorder.stop()
    assert take.frames == 0
    assert take.to_numpy().shape == (0, 2)
    # In FLAC's header a length of 0 says "unknown".
    assert name == "FLAC" or soundfile.info(str(take.path)).frames == 0
