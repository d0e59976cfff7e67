# SPDX-License-Identifier: MIT
"""Sweeps and many tones against closed forms in float64, and the inverse of a sweep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from support.nodes import check_chunks, run
from tenuto import DesignError, MultiTone, Sweep, _core
from tenuto.design.sweep import inverse, sweep
from tenuto.design.tones import schroeder_phases

RATE = 48000
ROUNDING = 1e-7  # of float32, at full scale, and a little


def play(node: Any, frames: int) -> NDArray[np.float64]:
    return run(node, np.zeros((frames, 0)), RATE)[:, 0].astype(np.float64)


# -- sweeps -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "stop"), [(20, 20_000), (20_000, 20), (997, 1003), (440, 440)])
@pytest.mark.parametrize("curve", ["linear", "exponential"])
def test_sweep_is_the_closed_form(curve: Any, start: float, stop: float) -> None:
    node = Sweep(start, stop, 5.0, curve=curve, level_db=0, fade_in=0.1, fade_out=0.2)
    found = play(node, RATE * 5 + 1000)
    t = np.arange(RATE * 5) / RATE
    if curve == "linear" or start == stop:
        cycles = start * t + (stop - start) * t**2 / 10
    else:
        long = 5 / np.log(stop / start)
        cycles = start * long * (np.exp(t / long) - 1)
    fade = np.minimum(np.minimum(t / 0.1, 1), (5 - t) / 0.2)
    expected = np.sin(2 * np.pi * cycles) * np.sin(np.pi / 2 * fade) ** 2
    # float64 knows 50,000 cycles within 1e-11.
    assert np.abs(found[: len(t)] - expected).max() < ROUNDING
    assert not found[len(t) :].any()
    made = sweep(
        start, stop, 5, samplerate=RATE, curve=curve, fade_in=0.1, fade_out=0.2, level_db=-6
    )
    assert np.abs(made - expected * 10 ** (-6 / 20)).max() < 1e-9


def test_phase_is_within_a_millionth_of_a_cycle_at_the_end_of_a_long_sweep() -> None:
    node = Sweep(10, 20_000, 600, level_db=0, fade_in=0, fade_out=0)
    found = play(node, RATE * 600)[-4800:]
    n = np.arange(RATE * 600 - 4800, RATE * 600, dtype=np.longdouble)
    rate = np.log(np.longdouble(2000)) / (RATE * 600)
    cycles = np.longdouble(10) / RATE / rate * np.expm1(rate * n)
    expected = np.sin(2 * np.pi * (cycles % 1).astype(np.float64))
    assert np.abs(found - expected).max() < 2 * np.pi * 1e-6


@pytest.mark.parametrize(("start", "stop"), [(50, 20_000), (20_000, 50)])
@pytest.mark.parametrize("curve", ["linear", "exponential"])
def test_sweep_and_its_inverse_give_an_impulse_with_the_expected_peak(
    curve: Any, start: float, stop: float
) -> None:
    arguments: dict[str, Any] = {"samplerate": RATE, "curve": curve, "level_db": -20}
    node = Sweep(start, stop, 4, curve=curve, level_db=-20, fade_in=0.02, fade_out=0.02)
    whole = signal.fftconvolve(play(node, RATE * 4), inverse(start, stop, 4, **arguments))
    assert np.argmax(np.abs(whole)) == RATE * 4 - 1
    # A band of that width, with a magnitude of 1 (the fades take about 1 % of it).
    assert whole.max() == pytest.approx(2 * 19_950 / RATE, rel=0.02)
    away = np.delete(whole, np.s_[RATE * 4 - 240 : RATE * 4 + 240])
    assert np.abs(away).max() < 0.01 * whole.max()
    magnitude = np.abs(np.fft.rfft(whole, 1 << 19))
    at = np.fft.rfftfreq(1 << 19, 1 / RATE)
    band = magnitude[(at > 200) & (at < 15_000)]
    assert np.abs(20 * np.log10(band)).max() < 0.5  # ripple of a sweep of finite length


def test_inverse_recovers_the_impulse_response_of_a_filter() -> None:
    sos = signal.butter(2, [300, 3000], "bandpass", fs=RATE, output="sos")
    recorded = signal.sosfilt(sos, play(Sweep(20, 24_000, 5, level_db=0, fade_out=0), RATE * 5))
    found = signal.fftconvolve(recorded, inverse(20, 24_000, 5, samplerate=RATE))[RATE * 5 - 1 :]
    magnitude = np.abs(np.fft.rfft(found[:4096]))
    at, expected = signal.sosfreqz(sos, np.fft.rfftfreq(4096, 1 / RATE), fs=RATE)
    band = (at > 200) & (at < 5000)
    ratio = magnitude[band] / np.abs(expected[band])
    assert np.abs(20 * np.log10(ratio)).max() < 0.2


def test_sweep_plays_again_after_its_end_and_takes_what_was_set() -> None:
    node = Sweep(100, 1000, 0.1, level_db=0)
    instance = node._instance(RATE, 1, 1024)

    def some(frames: int) -> NDArray[np.float32]:
        return _core.run_node(instance.core, np.zeros((0, frames), np.float32), [64])[0]

    expected = play(Sweep(100, 1000, 0.1, level_db=0), 4800)
    first = some(2000)
    node.stop_frequency = 3000  # for the next time
    node.start()  # under way already
    assert np.array_equal(np.concatenate([first, some(2800)]), expected)
    assert not some(1000).any()
    node.start()
    assert np.array_equal(some(4800), play(Sweep(100, 3000, 0.1, level_db=0), 4800))
    assert not some(100).any()


@pytest.mark.parametrize("curve", ["linear", "exponential"])
def test_sweep_in_blocks_of_any_size_is_the_same(curve: Any) -> None:
    check_chunks(
        lambda: Sweep(50, 5000, 0.09, curve=curve, channels=2, fade_in=0.02), np.zeros((5000, 0))
    )


def test_sweep_that_was_stopped_is_silent() -> None:
    node = Sweep(100, 1000, 1, playing=False)
    assert not play(node, 1000).any()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start_frequency": 0}, "start_frequency=0: must be between 0.001 and 24000 Hz"),
        ({"stop_frequency": 30_000}, "stop_frequency=30000: must be between 0.001 and 24000 Hz"),
        ({"seconds": 0}, "seconds=0: must be between"),
        ({"curve": "log"}, "curve='log': possible are"),
    ],
)
def test_bad_design_is_named_with_its_range(change: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {
        "start_frequency": 20, "stop_frequency": 20_000, "seconds": 1, "samplerate": RATE
    }  # fmt: skip
    for function in (sweep, inverse):
        with pytest.raises(DesignError, match=words):
            function(**{**good, **change})


def test_sweep_of_no_width_has_no_inverse() -> None:
    with pytest.raises(DesignError, match="no band to invert"):
        inverse(1000, 1000, 1, samplerate=RATE)


# -- many tones -------------------------------------------------------------------------------


def test_tones_are_the_sum_of_sines_after_a_minute() -> None:
    frequencies = [0.5, 20, 33.3, 1000, 12_345.6, 23_999]
    levels = [0, -6, 3, -20, 0, -12]
    phases = [0.1, -0.25, 0, 1, 0.5, -0.9]
    node = MultiTone(frequencies, levels, phases, level_db=-10)
    found = play(node, RATE * 60)[-RATE:]
    n = np.arange(RATE * 59, RATE * 60)
    expected = sum(
        10 ** ((level - 10) / 20) * np.sin(2 * np.pi * (frequency * n / RATE + phase))
        for frequency, level, phase in zip(frequencies, levels, phases, strict=True)
    )
    assert np.abs(found - expected).max() < ROUNDING


@pytest.mark.parametrize("count", [8, 16, 64])
def test_schroeder_phases_keep_the_crest_factor_low(count: int) -> None:
    frequencies = [100 * k for k in range(1, count + 1)]

    def crest(phases: str) -> float:
        y = play(MultiTone(frequencies, phases=phases, level_db=-30), RATE // 50)
        return float(20 * np.log10(np.abs(y).max() / y.std()))

    # All in phase: sqrt(2 count) times the RMS value, less what sines lose against cosines.
    assert crest("schroeder") < 6
    assert crest("zero") > 10 * np.log10(2 * count) - 3


def test_schroeder_phases_of_equal_tones_are_those_of_the_paper() -> None:
    # M. R. Schroeder 1970, up to one shift of the begin: -π k (k - 1) / N.
    k = np.arange(1, 11)
    apart = schroeder_phases([0.0] * 10) + k * (k - 1) / 20
    assert np.abs(apart - np.round(apart)).max() < 1e-12


def test_many_tones_in_blocks_of_any_size_are_the_same() -> None:
    check_chunks(lambda: MultiTone([100 * k for k in range(1, 8)], channels=2), np.zeros((5000, 0)))


def test_tones_stop_and_start_anew() -> None:
    node = MultiTone([1000, 2000], level_db=-10)
    instance = node._instance(RATE, 1, 1024)

    def some(frames: int) -> NDArray[np.float32]:
        return _core.run_node(instance.core, np.zeros((0, frames), np.float32), [64])[0]

    expected = play(MultiTone([1000, 2000], level_db=-10), 1000)
    some(333)
    node.stop()
    some(480)
    assert not some(100).any()
    node.start()
    fade = np.minimum(np.arange(1, 1001) / 480, 1)
    assert np.abs(some(1000) - fade * expected).max() < ROUNDING


def test_tones_survive_their_table() -> None:
    node = MultiTone([100.0, 250.0], [0, -3], [0.0, 0.5], level_db=-30, channels=2)
    again = MultiTone._from_table(node._to_table())
    assert again._to_table() == node._to_table()
    with pytest.raises(TypeError, match='"frequency" is not known'):
        MultiTone._from_table({"frequency": [100.0]})
    with pytest.raises(ValueError, match='"frequencies" is missing'):
        MultiTone._from_table({})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([],), "has 0 numbers: must have 1 to 64"),
        (([100.0] * 65,), "has 65 numbers: must have 1 to 64"),
        (([100.0, -1.0],), r"frequencies\[1\]=-1\.0: must be between"),
        (([100.0], [0.0, 0.0]), "levels_db has 2 numbers for 1 frequencies"),
        (([100.0], None, "random"), "possible are 'schroeder', 'zero'"),
        (([100.0], None, [3.0]), r"phases\[0\]=3\.0: must be between -1 and 1 cycles"),
    ],
)
def test_bad_tones_are_named(arguments: Any, words: str) -> None:
    with pytest.raises(ValueError, match=r"MultiTone\..*" + words):
        MultiTone(*arguments)


def test_tone_above_half_the_samplerate_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"frequencies=25000\.0: must be between 0 and 24000 Hz"):
        play(MultiTone([100, 25_000]), 10)
