# SPDX-License-Identifier: MIT
"""Convolver against SciPy's convolution in double precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy import signal

from support.changes import check_forgets_what_is_not_finite, run_with_changes
from support.nodes import CHUNKINGS, check_chunks, decibels, run
from tenuto import Convolver, FileError, GraphError

RANDOM = np.random.default_rng(11)
NOISE = RANDOM.uniform(-1, 1, (20000, 2)).astype(np.float32)


def response(frames: int, channels: int = 2) -> np.ndarray:
    """Noise that decays by 60 dB, with the energy 1, as a room's."""
    decay = 10 ** (-3 * np.arange(frames) / frames)
    h = RANDOM.standard_normal((frames, channels)) * decay[:, None]
    return (h / np.sqrt((h**2).sum(axis=0))).astype(np.float32)


def convolved(x: np.ndarray, h: np.ndarray) -> np.ndarray:
    h = np.broadcast_to(h, (len(h), x.shape[1])).astype(np.float64)
    return signal.fftconvolve(x.astype(np.float64), h, axes=0)[: len(x)]


# Lengths about the edges of the head (64) and of the stretches: each begins at 1024, 8192 or 65536,
# if the response is so much longer that it is worth it (core/dsp/convolver.cpp).
@pytest.mark.parametrize(
    "frames", [1, 2, 63, 64, 65, 128, 129, 1024, 2047, 2048, 8192, 16384, 100_000]
)
def test_a_convolver_is_a_convolution_within_120_decibels(frames: int) -> None:
    h = response(frames)
    expected = convolved(NOISE, h)
    error = np.abs(run(Convolver(h), NOISE) - expected).max() / np.abs(expected).max()
    assert decibels(error) < -120


@pytest.mark.parametrize("seconds", [3, 10])
def test_a_response_of_several_seconds_is_convolved_to_its_end(seconds: int) -> None:
    h = response(seconds * 48000, 1)
    x = np.zeros((seconds * 48000 + 4000, 1), np.float32)
    x[:9000] = NOISE[:9000, :1]
    expected = convolved(x, h)
    error = np.abs(run(Convolver(h), x) - expected).max() / np.abs(expected).max()
    assert decibels(error) < -120


def test_a_convolver_adds_no_latency() -> None:
    h = response(5000, 1)
    x = np.zeros((6000, 1))
    x[700] = 1
    y = run(Convolver(h), x)
    assert not y[:700].any()
    assert y[700, 0] == pytest.approx(float(h[0, 0]), rel=1e-6)
    assert np.abs(y[700:5700] - h).max() < 1e-6 * np.abs(h).max()
    assert Convolver(h)._instance(48000, 1, 64).core.latency_frames == 0


@pytest.mark.parametrize("frames", [30, 1000, 15000])
def test_it_does_not_matter_how_a_convolver_is_cut_into_blocks(frames: int) -> None:
    h = response(frames)
    check_chunks(lambda: Convolver(h, mix=0.7), NOISE)


def test_it_does_not_matter_how_a_convolver_is_cut_while_it_changes() -> None:
    h = response(2000)

    def once(blocks: list[int]) -> np.ndarray:
        node = Convolver(h, mix=0.3)

        def change() -> None:
            node.mix, node.gain_db = 0.9, -6

        return run_with_changes(node, NOISE, {3000: change}, blocks)

    whole = once([1000])
    assert all(np.array_equal(once(blocks), whole) for blocks in CHUNKINGS.values())


def test_mix_and_gain_are_what_they_say() -> None:
    h = response(500)
    y = run(Convolver(h, gain_db=-6, mix=0.25), NOISE)
    expected = 0.75 * NOISE + 0.25 * 10 ** (-6 / 20) * convolved(NOISE, h)
    assert decibels(np.abs(y - expected).max()) < -120


def test_one_channel_of_a_response_is_for_all_and_several_are_for_as_many() -> None:
    mono = response(300, 1)
    error = run(Convolver(mono), NOISE) - convolved(NOISE, mono)
    assert decibels(np.abs(error).max()) < -120
    assert Convolver(mono[:, 0])._widths(7) == (7, 7)
    with pytest.raises(GraphError, match="gets 3 channels, but its impulse response has 2"):
        Convolver(response(10))._widths(3)


def test_a_normalised_response_passes_noise_at_its_level() -> None:
    h = 17 * response(4000, 1)
    y = run(Convolver(h, normalise=True), NOISE)
    # Over 16 000 frames a random level is known to about 0.1 dB.
    assert decibels(float(y[4000:].std() / NOISE.std())) == pytest.approx(0, abs=0.3)


def test_a_response_of_another_samplerate_keeps_its_frequency_response(tmp_path: Path) -> None:
    h = signal.firwin(801, 5000, fs=96000)
    soundfile.write(tmp_path / "low.wav", h, 96000, subtype="DOUBLE")
    x = np.zeros(4800)
    x[0] = 1
    at = np.array([100, 1000, 3000, 4900, 5000, 5100])
    _, expected = signal.freqz(h, worN=at, fs=96000)
    for node in (Convolver(tmp_path / "low.wav"), Convolver(h, impulse_samplerate=96000)):
        _, found = signal.freqz(run(node, x)[:, 0], worN=at, fs=48000)
        # soxr's pass band is flat within 0.001 dB.
        assert 20 * np.log10(np.abs(found / expected)) == pytest.approx(0, abs=0.01)


def test_silence_comes_out_as_silence_after_the_response_is_over() -> None:
    h = response(3000)
    x = np.zeros((60 * 48000, 2), np.float32)
    x[:1000] = NOISE[:1000]
    y = run(Convolver(h), x)
    # The last partition with sound in it begins at most a block and a partition later.
    assert not y[1000 + 3000 + 2 * 512 :].any()


@pytest.mark.parametrize("frames", [40, 3000])
def test_a_convolver_forgets_what_is_not_finite(frames: int) -> None:
    h = response(frames)
    check_forgets_what_is_not_finite(lambda: Convolver(h, mix=0.5), NOISE)


def test_numbers_too_large_for_a_transform_are_forgotten_again() -> None:
    x = NOISE.copy()
    x[200:300] = 3e38
    h = response(3000)
    node = Convolver(h)
    y = run(node, x)
    assert np.isfinite(y).all()
    expected = convolved(np.where(np.arange(len(x))[:, None] < 4096, 0, NOISE), h)
    assert decibels(np.abs(y - expected)[8000:].max()) < -110


def test_a_convolver_says_what_is_wrong_with_its_response(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"shape \(0, 1\)"):
        Convolver([])
    with pytest.raises(ValueError, match="not finite"):
        Convolver([1.0, np.nan])
    with pytest.raises(ValueError, match="array of numbers"):
        Convolver(["a"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match=r"61\.0 seconds long"):
        run(Convolver(np.zeros(61 * 8000)), NOISE, samplerate=8000)
    with pytest.raises(FileError, match=r"missing\.wav"):
        Convolver(tmp_path / "missing.wav")
    (tmp_path / "text.wav").write_text("this is no sound")
    with pytest.raises(FileError, match=r"text\.wav"):
        Convolver(tmp_path / "text.wav")


def test_a_convolver_of_a_file_comes_back_from_its_table(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "room.wav", response(100), 48000, subtype="FLOAT")
    node = Convolver(tmp_path / "room.wav", normalise=True, gain_db=-3, mix=0.5)
    again = Convolver._from_table(node._to_table())
    assert again._to_table() == node._to_table()
    assert np.array_equal(again.impulse, node.impulse)
    with pytest.raises(ValueError, match="write it to a sound file"):
        Convolver([1.0])._to_table()
    with pytest.raises(TypeError, match='"impulse" must be there'):
        Convolver._from_table({"mix": 1.0})
