# SPDX-License-Identifier: MIT
"""Designed sections have the response of their prototypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from support.filters import RATES, RESPONSES, analogue
from tenuto import DesignError, design


def design_of(
    kind: str, frequency: float, gain_db: float, q: float, rate: float
) -> NDArray[np.float64]:
    gain = (gain_db,) if kind in ("peaking", "low_shelf", "high_shelf") else ()
    result: NDArray[np.float64] = getattr(design, kind)(frequency, *gain, q, samplerate=rate)
    return result


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", RESPONSES)
def test_a_design_has_the_response_of_its_prototype_at_every_samplerate(
    kind: str, rate: int
) -> None:
    f = np.geomspace(20, 0.45 * rate, 500)
    # Low and narrow, in the middle, close to half the samplerate; up and down.
    for frequency, gain_db, q in [(20, 12, 30), (25, -12, 10), (1000, 6, 0.7), (0.45 * rate, 9, 2)]:
        sos = design_of(kind, frequency, gain_db, q, rate)
        expected = np.abs(analogue(kind, frequency, gain_db, q, f, rate))
        seen = expected > 1e-4  # the bottom of a notch has no decibels to speak of
        for gain in (
            np.abs(signal.sosfreqz(sos, f, fs=rate)[1]),
            np.abs(design.response(sos, f, rate)),
        ):
            assert np.max(np.abs(20 * np.log10(gain[seen] / expected[seen]))) < 0.01


def test_an_all_pass_turns_the_phase_by_180_degrees_at_its_frequency() -> None:
    sos = design.all_pass(1000, 2.0, samplerate=48000)
    assert design.response(sos, 1000, 48000) == pytest.approx(-1)
    assert design.response(sos, 10, 48000) == pytest.approx(1, abs=0.02)


def test_a_shelf_of_slope_1_is_one_of_butterworth_q_and_less_is_flatter() -> None:
    args = (300.0, 10.0)
    for shelf in (design.low_shelf, design.high_shelf):
        steep = shelf(*args, slope=1.0, samplerate=48000)
        assert steep == pytest.approx(shelf(*args, samplerate=48000))
        around = np.array([250.0, 350.0])
        flat = shelf(*args, slope=0.4, samplerate=48000)
        assert np.ptp(np.abs(design.response(flat, around, 48000))) < np.ptp(
            np.abs(design.response(steep, around, 48000))
        )


def test_response_keeps_its_digits_where_polynomials_cancel() -> None:
    # A bell at 20 Hz, at 192 kHz: 1 + a1 + a2 is 4e-7. Closed form: at 0 Hz a bell is 1 exactly.
    sos = design.peaking(20, 12, 30, samplerate=192000)
    f = np.array([0.001, 20.0])
    gain = np.abs(design.response(sos, f, 192000))
    assert gain == pytest.approx([1.0, 10 ** (12 / 20)], rel=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: design.peaking(24000, 6, 1, samplerate=48000), ["peaking", "24000", "48000"]),
        (lambda: design.peaking(0, 6, 1, samplerate=48000), ["frequency=0", "above 0"]),
        (lambda: design.peaking(float("nan"), 6, 1, samplerate=48000), ["frequency=nan"]),
        (lambda: design.low_pass(100, 0, samplerate=48000), ["low_pass", "q=0", "above 0"]),
        (lambda: design.low_pass(100, float("inf"), samplerate=48000), ["q=inf"]),
        (lambda: design.low_pass(100, samplerate=0), ["samplerate=0"]),
        (lambda: design.peaking(100, 1000, 1, samplerate=48000), ["gain_db=1000", "300"]),
        (lambda: design.low_shelf(100, 12, slope=6, samplerate=48000), ["slope=6", "below 5.03"]),
        (lambda: design.high_shelf(100, 12, slope=0, samplerate=48000), ["slope=0", "above 0"]),
    ],
)
def test_a_design_out_of_range_says_what_is_possible(call: Any, words: list[str]) -> None:
    with pytest.raises(DesignError) as caught:
        call()
    assert all(word in str(caught.value) for word in words), caught.value
