# SPDX-License-Identifier: MIT
"""The meter in the graph, against closed forms and another program's numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tenuto
from support.nodes import annex_2_peak_db, check_chunks, run
from tenuto import _core

RATE = 48000


def measure(x: np.ndarray, rate: int = RATE) -> tuple[tenuto.Level, ...]:
    meter = tenuto.Meter()
    run(meter, x, rate)
    return meter.levels


def test_meter_passes_sound_unchanged_and_not_late() -> None:
    x = np.random.default_rng(1).normal(0, 0.5, (5000, 3)).astype(np.float32)
    assert np.array_equal(run(tenuto.Meter(), x), x)
    assert tenuto.Meter()._instance(RATE, 3, 1024).core.latency_frames == 0
    check_chunks(tenuto.Meter, x)


def test_full_scale_sine_reads_minus_3_01_db_rms_and_0_db_peak() -> None:
    (level,) = measure(np.sin(2 * np.pi * 997 * np.arange(3 * RATE) / RATE))
    # Ripple of the 0.3 s average at 1994 Hz 0.0012 dB; e^-10 of the step is missing after 3 s.
    assert level.rms_db == pytest.approx(10 * math.log10(0.5), abs=0.002)
    assert level.since_start.rms_db == pytest.approx(10 * math.log10(0.5), abs=1e-4)
    assert level.peak_db == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("seconds", [0.3, 0.02, 1.5])
def test_rms_rises_with_the_time_constant_of_its_definition(seconds: float) -> None:
    meter = tenuto.Meter() if seconds == 0.3 else tenuto.Meter(rms_seconds=seconds)
    run(meter, np.ones(round(seconds * RATE)), RATE)
    (level,) = meter.levels
    assert level.rms_db == pytest.approx(10 * math.log10(1 - math.exp(-1)), abs=1e-5)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize(
    ("divisor", "phase"), [(4, 0.0), (4, 45.0), (6, 60.0), (8, 67.5), (4, 67.5)]
)
def test_true_peak_of_sines_between_their_samples_is_within_the_tolerance_of_the_ebu(
    rate: int, divisor: int, phase: float
) -> None:
    # The sines of EBU Tech 3341 (cases 15 to 19): -6.0 dBTP, +0.2/-0.4 dB.
    n = np.arange(rate // 2)
    fade = np.clip(np.minimum(n, n[::-1]) / 1000, 0, 1)
    x = 10 ** (-6 / 20) * np.sin(2 * np.pi * n / divisor + np.radians(phase)) * fade
    (level,) = measure(x, rate)
    assert level.true_peak_db is not None
    assert -6.4 <= level.true_peak_db <= -5.8
    assert level.since_start.true_peak_db == level.true_peak_db


def test_true_peak_is_the_largest_output_of_the_standard_filter() -> None:
    # A tone whose peaks are between its samples, and something beside it.
    n = np.arange(20000)
    noise = np.random.default_rng(2).normal(0, 0.02, (len(n), 2))
    x = (0.3 * np.sin(np.pi / 2 * n + np.pi / 4)[:, None] + noise).astype(np.float32)
    for channel, level in zip(x.T, measure(x), strict=True):
        peak = annex_2_peak_db(channel[:, None])
        assert peak > level.peak_db
        # The same coefficients in float64; sums of 24 floats.
        assert level.true_peak_db == pytest.approx(peak, abs=1e-4)


def test_true_peak_is_never_below_the_peak() -> None:
    x = np.zeros(1000)
    x[500] = 0.7  # alone: the filter's largest coefficient is 0.972
    (level,) = measure(x)
    assert level.true_peak_db == level.peak_db == pytest.approx(20 * math.log10(0.7), abs=1e-5)


def test_levels_are_per_channel_and_peak_and_true_peak_begin_anew_at_a_look() -> None:
    meter = tenuto.Meter()
    instance = meter._instance(RATE, 2, 1024)
    loud = np.tile(np.array([[0.5], [1.0]], np.float32), (1, 640))
    _core.run_node(instance.core, loud, [64])
    left, right = meter.levels
    assert (left.clipped, right.clipped) == (0, 640)
    assert left.peak_db == pytest.approx(-6.02, abs=0.01) and right.peak_db == 0
    _core.run_node(instance.core, loud * np.float32(0.1), [64])
    meter.levels  # noqa: B018 - the end of the loud part is still in the interpolator
    _core.run_node(instance.core, loud * np.float32(0.1), [64])
    right = meter.levels[1]
    assert right.peak_db == pytest.approx(-20, abs=1e-4)
    assert right.true_peak_db == pytest.approx(-20, abs=0.3)
    assert right.since_start.peak_db == 0 and right.held_db == 0


def test_without_true_peak_it_reads_none() -> None:
    meter = tenuto.Meter(true_peak=False)
    run(meter, np.ones(100))
    assert meter.levels[0].true_peak_db is None
    assert meter.levels[0].since_start.true_peak_db is None


def test_levels_are_those_of_the_newest_instance_that_lives() -> None:
    meter = tenuto.Meter()
    assert meter.levels == ()
    older, newer = (meter._instance(RATE, 1, 64) for _ in range(2))
    for instance, value in ((older, 0.5), (newer, 0.25)):
        _core.run_node(instance.core, np.full((1, 64), value, np.float32), [64])
    assert meter.levels[0].since_start.peak_db == pytest.approx(-12.04, abs=0.01)
    del newer, instance
    assert meter.levels[0].since_start.peak_db == pytest.approx(-6.02, abs=0.01)
    del older
    # When nothing runs any more, what the newest one left behind.
    assert meter.levels[0].since_start.peak_db == pytest.approx(-12.04, abs=0.01)


def test_meter_forgets_at_a_reset() -> None:
    meter = tenuto.Meter()
    instance = meter._instance(RATE, 1, 64)
    _core.run_node(instance.core, np.ones((1, 64), np.float32), [64])
    instance.core.reset()
    assert meter.levels[0].since_start.peak_db == -math.inf
    assert meter.levels[0].since_start.true_peak_db == -math.inf


def test_true_peak_takes_only_true_or_false() -> None:
    with pytest.raises(ValueError, match="true_peak='yes': must be True or False"):
        tenuto.Meter(true_peak="yes")  # type: ignore[arg-type]
