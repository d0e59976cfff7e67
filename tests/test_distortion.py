# SPDX-License-Identifier: MIT
"""Distortion: its curves, what it does not add, and its delay."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

import tenuto
from support.nodes import CHUNKINGS, check_chunks, decibels, run
from tenuto import _core
from tenuto.design import oversampling

RNG = np.random.default_rng(30)
RATE = 48000
CURVES = {
    "tanh": np.tanh,
    "hard": lambda x: np.clip(x, -1, 1),
    "soft": lambda x: np.where(np.abs(x) < 1.5, x - 4 / 27 * x**3, np.sign(x)),
}
SHAPES = sorted(CURVES)


def latency(node: tenuto.Distortion) -> int:
    return node._instance(RATE, 1, 1024).core.latency_frames


def spectrum(y: np.ndarray, frames: int = 1 << 15) -> np.ndarray:
    """Amplitudes of the last `frames` frames: of whole periods, so without a window."""
    return np.abs(np.fft.rfft(y[-frames:].astype(float))) * 2 / frames


def sine(cycles: int, frames: int = 1 << 15) -> np.ndarray:
    """A full-scale sine of `cycles` periods in `frames` frames, for one and a half times that."""
    return np.sin(2 * np.pi * cycles * np.arange(frames * 3 // 2) / frames + 0.3)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [4, 8, 16])
def test_slow_sound_follows_the_curve(shape: str, factor: int) -> None:
    x = np.sin(2 * np.pi * np.arange(24000) * 20 / RATE)
    node = tenuto.Distortion(18, shape=shape, oversampling=factor)
    late = latency(node)
    y = run(node, x)[late:, 0]
    expected = CURVES[shape](10 ** (18 / 20) * x)[: len(y)]
    # A 20 Hz sine of 8 moves by 0.02 a frame: the corner of "hard" is rounded by the filters.
    assert np.abs(y - expected)[4800:].max() < (4e-3 if shape == "hard" else 2e-4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("drive", [12.0, 24.0])
@pytest.mark.parametrize("cycles", [683, 2049, 3413, 6145])  # 1, 3, 5 and 9 kHz
def test_aliases_are_60_db_below_those_without_oversampling(
    shape: str, drive: float, cycles: int
) -> None:
    x = sine(cycles)
    node = tenuto.Distortion(drive, shape=shape, oversampling=8)
    top = round(20000 / RATE * (1 << 15))
    harmonic = np.zeros(top, bool)
    harmonic[::cycles] = True
    plain = spectrum(CURVES[shape](10 ** (drive / 20) * x))[:top]
    ours = spectrum(run(node, x)[:, 0])[:top]
    # Sums of powers. Where there is less than -130 dB to compare, float itself is the limit.
    before = np.sqrt(np.sum(plain[~harmonic] ** 2))
    after = np.sqrt(np.sum(ours[~harmonic] ** 2))
    assert decibels(after / before) < -60 or decibels(after) < -105
    # What belongs there is there: as without aliases, from a curve at 64 times the rate.
    fine = 10 ** (drive / 20) * np.sin(2 * np.pi * cycles * np.arange(1 << 21) / (1 << 21))
    true = np.abs(np.fft.rfft(CURVES[shape](fine))) * 2 / (1 << 21)
    for number in (1, 3, 5):
        if number * cycles < top:
            assert ours[number * cycles] == pytest.approx(true[number * cycles], rel=0.02)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_hardest_drive_is_clean_at_sixteen_times_the_rate(shape: str) -> None:
    x = sine(3413)
    node = tenuto.Distortion(36, shape=shape, oversampling=16)
    top = round(20000 / RATE * (1 << 15))
    harmonic = np.arange(top) % 3413 == 0
    plain = spectrum(CURVES[shape](10 ** (36 / 20) * x))[:top]
    ours = spectrum(run(node, x)[:, 0])[:top]
    powers = [float(np.sum(part[~harmonic] ** 2)) for part in (ours, plain)]
    assert 10 * np.log10(powers[0] / powers[1]) < -60


@pytest.mark.parametrize("factor", [4, 8, 16])
@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_soft_sound_passes_flat_and_whole_frames_late(factor: int, rate: int) -> None:
    x = np.zeros(4096)
    x[100] = 0.001
    node = tenuto.Distortion(0, oversampling=factor)
    late = node._instance(rate, 1, 1024).core.latency_frames
    y = run(node, x, rate)[:, 0] / 0.001
    frequency = np.arange(1, 1844) / 4096  # up to 0.45 of the rate
    response = np.fft.rfft(y.astype(float))[1:1844]
    response *= np.exp(2j * np.pi * frequency * (100 + late))
    # Linear phase: it is real, and 1 within 0.01 dB and what float leaves (1e-4).
    assert np.abs(response - 1).max() < 1.2e-3
    assert np.abs(response.imag).max() < 2e-4


def test_dry_sound_is_as_late_as_the_bent_one() -> None:
    x = RNG.normal(0, 0.2, (3000, 2)).astype(np.float32)
    node = tenuto.Distortion(20, mix=0.0, output_db=-6)
    late = latency(node)
    factor = np.float32(10 ** (-6 / 20))
    assert np.allclose(run(node, x)[late:], factor * x[: len(x) - late], rtol=1e-6, atol=0)
    # Half and half of something that is not bent is the thing itself: nothing cancels. Noise below
    # 0.45 of the rate, soft enough for the curve to be straight within 1e-4.
    smooth = scipy.signal.sosfilt(scipy.signal.butter(12, 0.6, output="sos"), x[:, 0]) * 0.05
    y = run(tenuto.Distortion(0, mix=0.5), smooth)[:, 0]
    assert np.abs(y[late:] - smooth[: len(x) - late]).max() < 1e-3 * np.abs(smooth).max()


@pytest.mark.parametrize("shape", SHAPES)
def test_output_does_not_depend_on_how_sound_is_cut_into_blocks(shape: str) -> None:
    x = RNG.normal(0, 0.5, (3000, 2))
    check_chunks(lambda: tenuto.Distortion(20, shape=shape, mix=0.7), x)


def test_changes_on_their_way_do_not_depend_on_it_either() -> None:
    x = np.ascontiguousarray(RNG.normal(0, 0.5, (3000, 2)).astype(np.float32).T)
    changes = [(200, "shape", "hard"), (350, "shape", "soft"), (400, "drive_db", 3.0)]
    changes += [(1500, "mix", 0.2), (1600, "output_db", -12.0), (3000, "", 0)]

    def steered(blocks: list[int]) -> np.ndarray:
        node = tenuto.Distortion(20)
        instance = node._instance(RATE, 2, 1024)
        out, at = [], 0
        for frame, name, value in changes:
            out.append(
                _core.run_node(instance.core, np.ascontiguousarray(x[:, at:frame]), blocks).T
            )
            at = frame
            if name:
                setattr(node, name, value)
        return np.concatenate(out)

    whole = steered([1000])
    for name, blocks in CHUNKINGS.items():
        assert np.array_equal(steered(blocks), whole), name


def test_a_change_of_shape_leaves_no_step() -> None:
    x = 0.9 * np.sin(2 * np.pi * np.arange(9600) * 100 / RATE)
    node = tenuto.Distortion(12)
    instance = node._instance(RATE, 1, 1024)
    planar = x.astype(np.float32)[None]
    parts = [_core.run_node(instance.core, planar[:, :4000], [480])]
    node.shape = "hard"
    parts.append(_core.run_node(instance.core, planar[:, 4000:], [480]))
    y = np.concatenate(parts, axis=1)[0]
    # The steepest of the curves (5 % for the filters' ringing at its corner), plus the difference
    # of both over 10 ms.
    steepest = 10 ** (12 / 20) * 0.9 * 2 * np.pi * 100 / RATE
    assert np.abs(np.diff(y[500:])).max() < 1.05 * steepest + 0.3 / 480


def test_what_is_not_finite_or_far_too_loud_is_contained() -> None:
    x = 0.1 * np.sin(np.arange(6000) * 0.05)
    bad = x.copy()
    bad[[1000, 1100, 1200]] = np.nan, np.inf, 3e38
    instance = tenuto.Distortion(20, mix=0.5)._instance(RATE, 1, 1024)
    y = _core.run_node(instance.core, bad[None].astype(np.float32), [100])[0]
    clean = run(tenuto.Distortion(20, mix=0.5), x)[:, 0]
    assert instance.core.contained == 2  # not finite; what is loud is bent, not forgotten
    assert np.isfinite(y).all()
    assert np.abs(y[1500:] - clean[1500:]).max() < 1e-6


def test_a_minute_of_silence_leaves_silence() -> None:
    x = np.zeros(8000 * 60)
    x[:400] = RNG.normal(0, 1, 400)
    y = run(tenuto.Distortion(40), x, 8000)
    assert np.all(y[2000:] == 0)


def test_half_band_filters_stop_what_they_say() -> None:
    for passband, attenuation in ((0.22675, 96), (0.1134, 96), (0.1, 60)):
        side = oversampling.halfband(passband, attenuation)
        whole = np.zeros(4 * len(side) - 1)
        whole[0 : 2 * len(side) : 2], whole[2 * len(side) - 1] = side, 1
        whole[2 * len(side) :: 2] = side[::-1]
        w, h = scipy.signal.freqz(whole / 2, worN=8192, fs=1)
        ripple = 10 ** (-attenuation / 20)
        assert np.abs(h[w >= 0.5 - passband]).max() < 1.01 * ripple
        assert np.abs(np.abs(h[w <= passband]) - 1).max() < 1.01 * ripple


def test_last_halving_is_the_inverse_of_a_mean_and_stops() -> None:
    h = oversampling.last_halving(0.0567)
    w, response = scipy.signal.freqz(h, worN=8192, fs=1)
    low = w <= 0.0567
    assert np.abs(np.abs(response[low]) * np.cos(np.pi * w[low]) - 1).max() < 1e-4
    assert decibels(np.abs(response[w >= 0.5 - 0.0567]).max()) < -90


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tenuto.Distortion(50), "drive_db=50: must be between -20 and 48 dB"),
        (lambda: tenuto.Distortion(shape="fuzz"), "shape='fuzz': possible are 'tanh', 'hard'"),
        (lambda: tenuto.Distortion(mix=1.5), "mix=1.5: must be between 0 and 1"),
        (lambda: tenuto.Distortion(oversampling=3), "oversampling=3: must be one of 4, 8, 16"),
        (lambda: oversampling.halfband(0.3, 60), "passband=0.3"),
        (lambda: oversampling.halfband(0.1, 10), "attenuation_db=10"),
        (lambda: oversampling.last_halving(0.5), "passband=0.5"),
        (lambda: oversampling.last_halving(0.1, 7), "size=7"),
    ],
)
def test_parameters_out_of_range_are_refused(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
