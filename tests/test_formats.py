# SPDX-License-Identifier: MIT
"""Every format that can be named records and reads back, header updates and all."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto
from support.faults import MountDisk
from tenuto._sndfile import (
    _DEFAULT_SUBTYPES,
    _INTEGER_BITS,
    _LEFT_OUT,
    _MAJORS,
    _SUBTYPES,
    _SUFFIXES,
)

RATE = 48_000
T = np.arange(2 * RATE) / RATE
TONE = 0.5 * np.sin(2 * np.pi * 440 * T).astype(np.float32)
RARE = ("AVR", "HTK", "IRCAM", "MAT4", "MAT5", "MPC2K", "NIST", "PAF", "PVF", "SVX", "VOC", "WVE")
RATES = {"WVE": 8_000, "HTK": 16_000}  # where 48 kHz cannot be
MONO = ("HTK", "SVX", "WVE")
LOSSLESS = sorted(
    {
        (suffix, "PCM_24")
        for suffix, name in _SUFFIXES.items()
        if name not in (*_DEFAULT_SUBTYPES, *RARE)
    }
    | {(".wav", "PCM_16"), (".wav", "PCM_32"), (".wav", "PCM_U8"), (".aiff", "PCM_S8")}
    | {(".flac", "PCM_16"), (".flac", "PCM_S8"), (".caf", "ALAC_24"), (".caf", "ALAC_16")}
)


def recorded(recorders: list[tenuto.Recorder], frames: int) -> Iterator[tenuto.Take]:
    """Record; beside each file lies, as ``.killed``, what a kill behind `frames` had left of it."""
    for recorder in recorders:
        recorder.start()
    while min(recorder.written_frames for recorder in recorders) < frames:
        time.sleep(0.01)
    for recorder in recorders:
        assert recorder.path is not None
        shutil.copy(recorder.path, recorder.path.with_suffix(".killed"))
    for recorder in recorders:
        assert recorder.wait(20)
        yield recorder.stop()


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


@pytest.mark.realtime
@pytest.mark.parametrize("name", RARE)
def test_rare_formats_read_back_while_they_are_recorded_and_afterwards(
    tmp_path: Path, name: str
) -> None:
    rate, channels = RATES.get(name, 48_000), 1 if name in MONO else 2
    tone = np.stack([TONE, -TONE][:channels], axis=1)
    recorders = [
        tenuto.Recorder(
            tmp_path / subtype,
            tenuto.testing.VirtualDevice(tone),
            samplerate=rate,
            channels=channels,
            format=name,
            subtype=subtype,
            seconds=1,
        )
        for subtype in _SUBTYPES
        if subtype in soundfile.available_subtypes(name) and (name, subtype) not in _LEFT_OUT
    ]
    for take in recorded(recorders, rate // 2):
        step = 1 / 31 if "LAW" in take.path.name else 2.0**-7 if "8" in take.path.name else 2.0**-15
        sound, read_rate = soundfile.read(take.path, dtype="float32", always_2d=True)
        assert (len(sound), read_rate) == (take.frames, rate) == (rate, rate)
        assert np.abs(sound - tone[:rate]).max() < step
        early, _ = soundfile.read(take.path.with_suffix(".killed"), dtype="float32", always_2d=True)
        assert len(early) > rate // 4
        assert np.abs(early - tone[: len(early)]).max() < step


@pytest.mark.parametrize("name", RARE)
def test_a_full_disk_ends_a_rare_format_with_what_fits(mount_disk: MountDisk, name: str) -> None:
    path = mount_disk("100k") / "a"
    device = tenuto.testing.VirtualDevice(np.tile(TONE, 2), clocked=False)
    recorder = tenuto.Recorder(
        path, device, samplerate=RATES.get(name, 48_000), channels=1, format=name
    )
    recorder.start()
    for _ in range(50):
        device.step(4_800)
    with pytest.raises(tenuto.FileError, match="No space left"):
        recorder.stop()
    sound, _ = soundfile.read(path, dtype="float32")
    assert len(sound) == recorder.frames > 20_000
    assert np.abs(sound - np.tile(TONE, 2)[: len(sound)]).max() < 1 / 31


PACKED = [
    (name, subtype)
    for name in ("WAV", "AIFF", "W64")
    for subtype in soundfile.available_subtypes(name)
    if subtype in _SUBTYPES and (name, subtype) not in _LEFT_OUT
    if subtype.startswith(("IMA", "MS", "GSM", "NMS"))
]


def is_the_tone(sound: np.ndarray) -> bool:
    """Nearly; telephone codecs hiss."""
    tone = np.tile(TONE, 5)[: len(sound)]
    return float(np.sqrt(np.mean((sound - tone) ** 2))) < 0.03


@pytest.mark.realtime
def test_telephone_codecs_read_back_while_they_are_recorded_and_afterwards(tmp_path: Path) -> None:
    recorders = [
        tenuto.Recorder(
            tmp_path / f"{name}-{subtype}",
            tenuto.testing.VirtualDevice(TONE),
            channels=1,
            format=name,
            subtype=subtype,
            seconds=1,
        )
        for name, subtype in PACKED
    ]
    for take in recorded(recorders, RATE // 2):
        sound, rate = soundfile.read(take.path, dtype="float32")
        # The last block is filled up.
        assert rate == RATE and RATE <= len(sound) < RATE + 2_200, take.path
        assert is_the_tone(sound[:RATE]), take.path
        early, _ = soundfile.read(take.path.with_suffix(".killed"), dtype="float32")
        assert len(early) > RATE // 4 and is_the_tone(early), take.path


@pytest.mark.parametrize(("name", "subtype"), PACKED)
def test_a_full_disk_ends_a_telephone_codec_with_what_fits(
    mount_disk: MountDisk, name: str, subtype: str
) -> None:
    path = mount_disk("50k") / "a"
    device = tenuto.testing.VirtualDevice(np.tile(TONE, 5), clocked=False)
    recorder = tenuto.Recorder(path, device, channels=1, format=name, subtype=subtype)
    recorder.start()
    device.step(9 * RATE)
    with pytest.raises(tenuto.FileError, match="No space left"):
        recorder.stop()
    sound, _ = soundfile.read(path, dtype="float32")
    assert len(sound) > 60_000 and is_the_tone(sound)


@pytest.mark.parametrize(
    ("name", "rate", "subtype"),
    [("WVE", 48_000, "ALAW"), ("HTK", 48_000, "PCM_16"), ("SVX", 96_000, "PCM_16")],
)
def test_a_rate_that_a_format_would_round_is_refused(
    tmp_path: Path, name: str, rate: int, subtype: str
) -> None:
    with pytest.raises(tenuto.FileError, match=f"cannot hold {rate} Hz"):
        tenuto.Recorder(
            tmp_path / "a", "virtual", samplerate=rate, channels=1, format=name, subtype=subtype
        )


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        ("W64", "IMA_ADPCM"),
        ("PAF", "PCM_24"),
        ("AIFF", "DWVW_16"),
        ("AU", "G721_32"),
        ("SDS", None),
        ("RAW", "PCM_16"),
    ],
)
def test_what_cannot_be_recorded_safely_is_refused(
    tmp_path: Path, name: str, subtype: str | None
) -> None:
    with pytest.raises(tenuto.FileError, match="possible are"):
        tenuto.Recorder(tmp_path / "a", "virtual", channels=1, format=name, subtype=subtype)


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "PCM_16", "IMA_ADPCM", "MS_ADPCM"])
def test_what_is_above_full_scale_is_clipped(tmp_path: Path, subtype: str) -> None:
    ramp = np.linspace(-3, 3, 4_801, dtype=np.float32)
    device = tenuto.testing.VirtualDevice(ramp, clocked=False)
    with tenuto.Recorder(tmp_path / "a.wav", device, channels=1, subtype=subtype) as recorder:
        recorder.start()
        device.step(len(ramp))
        sound = recorder.stop().to_numpy()[:, 0]
    # The coarsest steps of the tables are 1/32 wide; ADPCM takes a moment to follow a step.
    error = np.abs(sound[: len(ramp)] - np.clip(ramp, -1, 1))
    assert error[200 if "ADPCM" in subtype else 0 :].max() < 1 / 31


@pytest.mark.parametrize("name", sorted(_MAJORS))
def test_an_empty_recording_is_a_readable_file_in_every_format(tmp_path: Path, name: str) -> None:
    device = tenuto.testing.VirtualDevice(clocked=False)
    rate, channels = RATES.get(name, 48_000), 1 if name in MONO else 2
    with tenuto.Recorder(
        tmp_path / "a", device, samplerate=rate, channels=channels, format=name
    ) as recorder:
        recorder.start()
        take = recorder.stop()
    assert take.frames == 0
    assert take.to_numpy().shape == (0, channels)
    # In FLAC's header a length of 0 says "unknown".
    assert name == "FLAC" or soundfile.info(str(take.path)).frames == 0
