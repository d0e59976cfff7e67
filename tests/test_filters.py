# SPDX-License-Identifier: MIT
"""Filters: what the core makes of a design, and what happens while knobs turn."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

import tenuto
from support.filters import RATES, RESPONSES, analogue
from support.nodes import CHUNKINGS, MAX_BLOCK, check_chunks, decibels, run
from tenuto import Band, Biquad, DesignError, Equalizer, _core


def noise(frames: int, channels: int = 2, seed: int = 5) -> NDArray[np.float32]:
    x = np.random.default_rng(seed).uniform(-0.5, 0.5, (frames, channels))
    return x.astype(np.float32)


def many_bands(count: int, rate: float = 48000) -> list[Band]:
    """Bands of all kinds that differ from each other."""
    frequencies = np.geomspace(40, 0.4 * rate, count)
    return [
        Band(RESPONSES[i % 3], float(f), gain_db=6 - i % 12, q=0.5 + i % 4)
        for i, f in enumerate(frequencies)
    ]


# --- the core ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", RATES)
def test_the_core_has_the_designed_response_within_a_hundredth_of_a_decibel(rate: int) -> None:
    # Measured, not computed: the spectrum of its impulse response, low narrow bands included. The
    # slowest pole fades with Q A / (pi f) = 0.6 s.
    shapes = [("peaking", 25, 12.0, 20.0), ("low_shelf", 60, -9.0, 2.0), ("high_pass", 22, 0, 3.0)]
    frames = 2 ** math.ceil(math.log2(8 * rate))
    impulse = np.zeros((frames, 1), np.float32)
    impulse[0] = 1
    bands = [Band(kind, f, gain_db, q) for kind, f, gain_db, q in shapes]
    spectrum = np.fft.rfft(run(Equalizer(bands), impulse, rate)[:, 0].astype(float))
    f = np.fft.rfftfreq(frames, 1 / rate)
    wanted = np.flatnonzero((f >= 20) & (f <= 0.45 * rate))[:: max(1, frames // 2**17)]
    expected = np.ones(len(wanted))
    for kind, frequency, gain_db, q in shapes:
        expected *= np.abs(analogue(kind, frequency, gain_db, q, f[wanted], rate))
    off = 20 * np.log10(np.abs(spectrum[wanted]) / expected)
    assert np.max(np.abs(off)) < 0.01


@pytest.mark.parametrize("rate", RATES)
def test_the_output_is_that_of_scipy_in_float64_below_minus_110_decibels(rate: int) -> None:
    eq = Equalizer(
        [
            Band("peaking", 20, 12, 30),
            Band("high_pass", 30, q=5),
            Band("low_shelf", 100, 9, 1),
            Band("notch", 0.2 * rate, q=3),
            Band("high_shelf", 0.4 * rate, -12),
        ]
    )
    x = noise(rate)
    expected = signal.sosfilt(eq.sos(rate), x.astype(float), axis=0)
    error = run(eq, x, rate) - expected
    # Rounding to float32 alone gives about -150 dB of the loudest sample.
    assert decibels(float(np.max(np.abs(error)) / np.max(np.abs(expected)))) < -110


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 9, 16, 17, 64])
def test_any_number_of_bands_and_channels_is_filtered(count: int, channels: int) -> None:
    eq = Equalizer(many_bands(count))
    x = noise(700, channels)
    expected = signal.sosfilt(eq.sos(48000), x.astype(float), axis=0)
    y = run(eq, x, blocks=[64, 1, 300])
    assert np.max(np.abs(y - expected)) < 1e-6 * np.max(np.abs(expected))


def test_each_channel_comes_out_as_it_would_alone() -> None:
    x = noise(2000, 7)
    together = run(Equalizer(many_bands(8)), x)
    for c in range(7):
        alone = run(Equalizer(many_bands(8)), x[:, c])
        # The same operations on the same numbers, whatever lies beside them in a vector.
        assert np.array_equal(together[:, c], alone[:, 0])


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_blocks_of_any_size_give_the_same(channels: int) -> None:
    check_chunks(lambda: Equalizer(many_bands(8)), noise(3000, channels))
    check_chunks(lambda: Equalizer(many_bands(19)), noise(1500, channels))
    check_chunks(lambda: Biquad("low_pass", 500), noise(3000, channels))


def test_a_flat_equalizer_changes_nothing_that_a_float_can_hold() -> None:
    x = noise(5000)
    assert np.array_equal(run(Equalizer(), x), x)
    # Bells at 0 dB have poles and zeros at the same place: float64 rounding is all that is left.
    assert np.max(np.abs(run(Equalizer.eight_band(), x) - x)) < 1e-7
    off = Equalizer([Band("low_pass", 100, enabled=False), Band("notch", 1000, enabled=False)])
    assert np.max(np.abs(run(off, x) - x)) < 1e-7


# --- while knobs turn ---------------------------------------------------------------------------


def moved(
    eq: Equalizer, x: NDArray[Any], at: int, change: Any, rate: float = 48000, blocks: Any = None
) -> NDArray[np.float32]:
    """Run over `x`; at frame `at` call `change`, 100 frames later what that returned."""
    instance = eq._instance(rate, x.shape[1], MAX_BLOCK)
    sizes = list(blocks or [MAX_BLOCK])
    parts, begin = [], 0
    while change is not None:
        parts.append(_core.run_node(instance.core, x[begin:at].T.copy(), sizes).T)
        begin, at, change = at, at + 100, change(eq)
    parts.append(_core.run_node(instance.core, x[begin:].T.copy(), sizes).T)
    return np.concatenate(parts)


def turn_up(eq: Equalizer) -> None:
    eq.bands[0].gain_db = 12


def turn_all(eq: Equalizer) -> Any:
    for band in eq.bands[:5]:
        band.gain_db, band.frequency = 9, band.frequency * 1.3
    return turn_back


def turn_back(eq: Equalizer) -> None:
    eq.bands[1].gain_db, eq.bands[6].enabled = -3, False


def test_a_change_takes_a_straight_line_of_ten_milliseconds() -> None:
    eq = Equalizer([Band("peaking", 2000, 0, 1)])
    before = eq.sos(48000)[0]
    x = noise(2000, 1)
    y = moved(eq, x, 500, turn_up)
    after = eq.sos(48000)[0]
    # By definition, sample by sample: y = b0 x + b1 x' + b2 x'' - a1 y' - a2 y''.
    expected = np.zeros(2002)
    padded = np.concatenate([[0, 0], x[:, 0].astype(float)])
    for n in range(2000):
        part = min(1, max(0, (n - 499) / 480))
        b0, b1, b2, _, a1, a2 = before + part * (after - before)
        i = n + 2
        expected[i] = b0 * padded[i] + b1 * padded[i - 1] + b2 * padded[i - 2]
        expected[i] -= a1 * expected[i - 1] + a2 * expected[i - 2]
    assert np.max(np.abs(y[:, 0] - expected[2:])) < 1e-6


def test_blocks_of_any_size_give_the_same_while_coefficients_move() -> None:
    x = noise(2500, 3)
    whole = moved(Equalizer(many_bands(8)), x, 700, turn_all)
    assert np.max(np.abs(whole[1000:] - run(Equalizer(many_bands(8)), x)[1000:])) > 0.01
    for name, sizes in CHUNKINGS.items():
        cut = moved(Equalizer(many_bands(8)), x, 700, turn_all, blocks=sizes)
        assert np.array_equal(cut, whole), f"blocks of {name}"


@pytest.mark.parametrize("rate", [48000, 192000])
def test_turning_a_low_band_does_not_thump(rate: int) -> None:
    # A constant: a bell's gain is 1 at 0 Hz before, after, and all the way.
    eq = Equalizer([Band("peaking", 60, 0, 1.4)])
    y = moved(eq, np.ones((rate // 4, 1), np.float32), rate // 8, turn_up, rate)
    assert np.max(np.abs(y[rate // 16 :] - 1)) < 1e-6


@pytest.mark.parametrize("frequency", [60, 1000, 7680])
def test_a_live_change_of_gain_makes_no_step(frequency: float) -> None:
    t = np.arange(48000) / 48000
    x = (0.25 * np.sin(2 * np.pi * frequency * t)).astype(np.float32)[:, None]
    eq = Equalizer([Band("peaking", frequency, 0, 1.4)])
    y = moved(eq, x, 20_000, turn_up)[:, 0].astype(float)
    # From frame to frame a sine of its largest amplitude, 1.0 (0.25 and 12 dB), moves by less
    # than this; a step would add to it.
    steepest = 2 * np.sin(np.pi * frequency / 48000) * 0.25 * 10 ** (12 / 20)
    assert np.max(np.abs(np.diff(y))) < 1.02 * steepest
    # Off its own frequency the sine has next to nothing: no click.
    around = y[20_000 - 2400 : 20_000 + 4800] * np.hanning(7200)
    still = y[-7200:] * np.hanning(7200)
    far = np.abs(np.fft.rfftfreq(7200, 1 / 48000) - frequency) > 2000
    clicks = [np.max(np.abs(np.fft.rfft(part)[far])) for part in (around, still)]
    assert decibels(clicks[0] / np.max(np.abs(np.fft.rfft(still)))) < -60
    assert y[-4800:].max() == pytest.approx(0.25 * 10 ** (12 / 20), rel=0.01)


@pytest.mark.parametrize("kind", RESPONSES)
def test_switching_a_band_on_and_off_makes_no_step(kind: str) -> None:
    t = np.arange(24000) / 48000
    x = (0.5 * np.sin(2 * np.pi * 200 * t)).astype(np.float32)[:, None]
    eq = Equalizer([Band(kind, 300, 6, 1.4, enabled=False)])

    def switch(eq: Equalizer) -> None:
        eq.bands[0].enabled = True

    y = moved(eq, x, 8000, switch)[:, 0].astype(float)
    # Neither of the two sines it goes between is steeper from frame to frame.
    loudest = max(1.0, 10 ** (float(eq.response_db(200, 48000)) / 20))
    steepest = 2 * np.sin(np.pi * 200 / 48000) * 0.5 * loudest
    assert np.max(np.abs(np.diff(y))) < 1.2 * steepest
    assert np.max(np.abs(y[7000:8000] - x[7000:8000, 0])) < 1e-7


def test_what_cannot_be_designed_is_refused_and_leaves_what_was() -> None:
    eq = Equalizer([Band("peaking", 1000, 6), Band("peaking", 7000, 3)], name="tone")
    instance = eq._instance(16000, 1, MAX_BLOCK)
    with pytest.raises(DesignError, match=r"'tone', bands\[1\].*9000 Hz.*16000 Hz.*below 8000 Hz"):
        eq.bands[1].frequency = 9000
    assert eq.bands[1].frequency == 7000
    expected = signal.sosfilt(eq.sos(16000), noise(900, 1).astype(float), axis=0)
    y = _core.run_node(instance.core, noise(900, 1).T.copy(), [MAX_BLOCK]).T
    assert np.max(np.abs(y - expected)) < 1e-6

    low = Biquad("low_pass", 1000)
    kept = low._instance(8000, 1, MAX_BLOCK)
    with pytest.raises(DesignError, match=r"Biquad 'biquad': low_pass.*below 4000 Hz"):
        low.frequency = 5000
    assert (low.frequency, kept.samplerate) == (1000, 8000)


# --- trouble ------------------------------------------------------------------------------------


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("bands", [8, 0])
def test_what_is_not_finite_is_forgotten_within_its_block(poison: float, bands: int) -> None:
    eq = Equalizer(many_bands(bands) if bands else [])
    instance = eq._instance(48000, 2, MAX_BLOCK)
    x = noise(3000)
    x[100, 1] = poison
    y = _core.run_node(instance.core, x.T.copy(), [128]).T
    assert np.isfinite(y).all()
    assert instance.core.contained == 1
    expected = signal.sosfilt(eq.sos(48000), x[128:].astype(float), axis=0)
    assert np.max(np.abs(y[128:] - expected)) < 1e-5


def test_what_is_too_loud_for_a_float_is_the_loudest_float() -> None:
    x = np.full((2000, 1), 1e38, np.float32)
    y = run(Equalizer([Band("low_shelf", 1000, 40)]), x)
    assert np.isfinite(y).all()
    assert y[-1, 0] == np.finfo(np.float32).max


def test_silence_becomes_silence() -> None:
    rate = 8000
    x = np.zeros((60 * rate, 2), np.float32)
    x[: rate // 10] = noise(rate // 10)
    y = run(Equalizer([Band("peaking", 20, 12, 10), *many_bands(7, rate)]), x, rate)
    assert not y[-rate:].any()
    tiny = np.finfo(np.float32).tiny
    assert not ((y != 0) & (np.abs(y) < tiny)).any()


# --- levels ---------------------------------------------------------------------------------------

LEVELS = _core.simd_levels()
CHILD = """
import sys, numpy as np
sys.path[:0] = {path!r}
import test_filters as t
from tenuto import _core
assert _core.simd_level() == {level!r}
y = [t.moved(t.Equalizer(t.many_bands(n)), t.noise(2000, c), 700, t.turn_all)
     for n, c in ((8, 1), (8, 2), (19, 5))]
np.save(sys.stdout.buffer, np.concatenate([part.ravel() for part in y]))
"""


def with_level(level: str, code: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "TENUTO_SIMD": level}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)


def test_all_levels_of_this_processor_agree() -> None:
    import io

    results = {}
    for level in LEVELS:
        done = with_level(level, CHILD.format(level=level, path=sys.path))
        assert done.returncode == 0, done.stderr.decode()
        results[level] = np.load(io.BytesIO(done.stdout))
    scalar = results["scalar"]
    for level, result in results.items():
        # Fused multiply-add rounds once instead of twice, in float64: 1e-16 at each of some dozen
        # operations, times the gain of the poles (here below 1e4). That can turn the last bit of
        # a float32, 6e-8 of the sample.
        bound = 0.0 if level == "sse" else 1.2e-7 * np.max(np.abs(scalar))
        assert np.max(np.abs(result - scalar)) <= bound, level
    if {"avx2", "avx512"} <= results.keys():
        assert np.array_equal(results["avx2"], results["avx512"])


def test_a_level_that_cannot_be_had_is_an_error_as_soon_as_the_core_is_loaded() -> None:
    done = with_level("mmx", "import tenuto; tenuto.Recorder")
    assert done.returncode != 0
    last = done.stderr.decode().strip().splitlines()[-1]
    assert last.startswith("ImportError: TENUTO_SIMD=mmx cannot be had")
    assert all(level in last for level in LEVELS)


# --- Python's side --------------------------------------------------------------------------------


def test_eight_bands_stand_at_their_frequencies_with_their_gains() -> None:
    gains = [3, 0, -6, 0, 2, 0, 0, 5]
    eq = Equalizer.eight_band(gains)
    assert [b.frequency for b in eq.bands] == [60, 120, 240, 480, 960, 1920, 3840, 7680]
    assert [b.gain_db for b in eq.bands] == gains
    eq.bands[3].gain_db = -6
    alone = Equalizer.eight_band([0, 0, 0, -6, 0, 0, 0, 0])
    assert alone.response_db(480, 48000) == pytest.approx(-6)


def test_eight_bands_run_at_8_khz_while_the_last_one_is_flat() -> None:
    eq = Equalizer.eight_band([0, 0, 0, 3, 0, 0, 0, 0])
    assert np.isfinite(run(eq, noise(500), 8000)).all()
    eq.bands[7].gain_db = 3
    with pytest.raises(DesignError, match=r"bands\[7\].*7680 Hz.*8000 Hz"):
        run(eq, noise(500), 8000)
    eq.bands[7].enabled = False
    assert np.isfinite(run(eq, noise(500), 8000)).all()


def test_every_preset_can_be_made_and_only_flat_is_flat() -> None:
    f = np.geomspace(20, 20000, 50)
    for name in Equalizer.presets():
        eq = Equalizer.preset(name.replace(" ", "_").upper())
        assert (np.max(np.abs(eq.response_db(f, 48000))) < 1e-9) == (name == "flat")
    with pytest.raises(ValueError, match="'bass boost'"):
        Equalizer.preset("louder")


def test_an_equalizer_survives_its_table() -> None:
    eq = Equalizer([Band("low_shelf", 80, 3.5, 0.9), Band("notch", 50, q=30, enabled=False)])
    chain = tenuto.Chain([eq, Biquad("high_pass", 70, q=0.8)])
    again, low_cut = tenuto.Chain.from_toml(chain.to_toml())
    assert isinstance(again, Equalizer)
    assert isinstance(low_cut, Biquad)
    assert list(map(repr, again.bands)) == list(map(repr, eq.bands))
    assert (low_cut.response, low_cut.frequency, low_cut.q) == ("high_pass", 70, 0.8)
    for table, words in [
        ({"bands": [{"q": 0}]}, r"bands\[0\].*Band.q=0"),
        ({"bands": [{"gain": 3}]}, r"bands\[0\]: .*\"gain\".*possible: response"),
        ({"bands": 3}, "bands=3"),
        ({"band": []}, '"band" is not known'),
        ({"bands": [3]}, r"bands\[0\]=3"),
    ]:
        with pytest.raises(ValueError, match=words):
            Equalizer._from_table(table)


def test_wrong_bands_are_refused() -> None:
    band = Band()
    keeper = Equalizer([band])
    for bands, words in [
        ([band], "belongs to an equalizer"),
        ([Band()] * 2, "belongs to an equalizer"),
        ([Band() for _ in range(65)], "at most 64"),
        (["peaking"], "must be a tenuto.Band"),
    ]:
        with pytest.raises(ValueError, match=words):
            Equalizer(bands)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="8 numbers"):
        Equalizer.eight_band([1, 2])
    with pytest.raises(ValueError, match=r"Band.gain_db=61.*-60 and 60 dB"):
        keeper.bands[0].gain_db = 61
    with pytest.raises(ValueError, match="possible are 'peaking'"):
        Biquad("bell")


def test_the_coefficients_of_a_band_change_together() -> None:
    # From a low-pass to a high-pass at the same place: only b0, b1, b2 differ, yet the audio
    # thread must never see half of a filter.
    node = Biquad("low_pass", 1000)
    instance = node._instance(48000, 1, MAX_BLOCK)
    calls: list[tuple[int, int]] = []

    class Spy:
        def set(self, first: int, values: list[float]) -> None:
            calls.append((first, len(values)))

    instance.core = Spy()
    node.response = "band_pass"
    assert calls == [(0, 5)]


def test_tenuto_offers_the_filters() -> None:
    assert {"Band", "Biquad", "Equalizer", "design"} <= set(tenuto.__all__)
