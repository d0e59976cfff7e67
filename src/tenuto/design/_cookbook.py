# SPDX-License-Identifier: MIT
"""The Audio EQ Cookbook's sections in plain Python: each turn of a knob computes them anew.

Source of all formulas: R. Bristow-Johnson, Audio EQ Cookbook (W3C Working Group Note, 2021). Where
it has 1 - cos(w), here is 2 sin²(w/2), which keeps its digits at low frequencies.
"""

from __future__ import annotations

import math

from .._errors import DesignError

Section = tuple[float, float, float, float, float]  # b0 b1 b2 a1 a2, divided by a0

#: What `design_section` can make; those of `WITH_GAIN` use `gain_db`.
RESPONSES = (
    "peaking",
    "low_shelf",
    "high_shelf",
    "low_pass",
    "high_pass",
    "band_pass",
    "notch",
    "all_pass",
)
WITH_GAIN = ("peaking", "low_shelf", "high_shelf")

PASSING: Section = (1.0, 0.0, 0.0, 0.0, 0.0)
"""Leaves the signal as it is."""


def check_frequency(who: str, frequency: float, samplerate: float) -> None:
    """Raise `DesignError` unless ``0 < frequency < samplerate / 2``."""
    if not (samplerate > 0 and math.isfinite(samplerate)):
        raise DesignError(f"{who}: samplerate={samplerate!r}: must be above 0 Hz")
    if not 0 < frequency < samplerate / 2:  # not a number (NaN) is in no range
        raise DesignError(
            f"{who}: frequency={frequency:g} Hz: at a samplerate of {samplerate:g} Hz it must be "
            f"above 0 and below {samplerate / 2:g} Hz"
        )


def check_q(who: str, q: float) -> None:
    """Raise `DesignError` unless `q` is a number above 0."""
    if not (q > 0 and math.isfinite(q)):
        raise DesignError(f"{who}: q={q!r}: must be a number above 0")


def check_gain(who: str, gain_db: float) -> None:
    """Raise `DesignError` unless `gain_db` is within what numbers can hold with room to spare."""
    if not -300 <= gain_db <= 300:
        raise DesignError(f"{who}: gain_db={gain_db!r}: must be between -300 and 300 dB")


def q_from_slope(slope: float, gain_db: float) -> float:
    """Q of a shelf whose slope is `slope` (1: as steep as it gets without a bump)."""
    amplitude = 10 ** (gain_db / 40)
    both = amplitude + 1 / amplitude
    if not 0 < slope <= 1e6:
        raise DesignError(f"shelf: slope={slope!r}: must be above 0; 1 is steep without a bump")
    inverse_square = both * (1 / slope - 1) + 2
    if not inverse_square > 0:
        raise DesignError(
            f"shelf: slope={slope!r}: at {gain_db:g} dB it must be below {both / (both - 2):.3g}"
        )
    return float(1 / math.sqrt(inverse_square))


def design_section(
    response: str, frequency: float, gain_db: float, q: float, samplerate: float
) -> Section:
    """Design one section; arguments are checked by `DesignError`."""
    check_frequency(response, frequency, samplerate)
    check_q(response, q)
    w = 2 * math.pi * frequency / samplerate
    cos, one_minus_cos, one_plus_cos = math.cos(w), 2 * math.sin(w / 2) ** 2, 1 + math.cos(w)
    alpha = math.sin(w) / (2 * q)
    a0, a1, a2 = 1 + alpha, -2 * cos, 1 - alpha
    if response == "low_pass":
        b0, b1, b2 = one_minus_cos / 2, one_minus_cos, one_minus_cos / 2
    elif response == "high_pass":
        b0, b1, b2 = one_plus_cos / 2, -one_plus_cos, one_plus_cos / 2
    elif response == "band_pass":
        b0, b1, b2 = alpha, 0.0, -alpha
    elif response == "notch":
        b0, b1, b2 = 1.0, -2 * cos, 1.0
    elif response == "all_pass":
        b0, b1, b2 = a2, a1, a0
    else:
        check_gain(response, gain_db)
        amplitude = 10 ** (gain_db / 40)  # the square root of the gain
        if response == "peaking":
            b0, b1, b2 = 1 + alpha * amplitude, -2 * cos, 1 - alpha * amplitude
            a0, a1, a2 = 1 + alpha / amplitude, -2 * cos, 1 - alpha / amplitude
        elif response in ("low_shelf", "high_shelf"):
            sign = 1 if response == "low_shelf" else -1
            plus, minus = amplitude + 1, amplitude - 1
            root = 2 * math.sqrt(amplitude) * alpha
            b0 = amplitude * (plus - sign * minus * cos + root)
            b1 = amplitude * 2 * sign * (minus - sign * plus * cos)
            b2 = amplitude * (plus - sign * minus * cos - root)
            a0 = plus + sign * minus * cos + root
            a1 = -2 * sign * (minus + sign * plus * cos)
            a2 = plus + sign * minus * cos - root
        else:
            raise DesignError(f"response={response!r}: possible are {', '.join(RESPONSES)}")
    return b0 / a0, b1 / a0, b2 / a0, a1 / a0, a2 / a0


def with_poles_only(section: Section) -> Section:
    """Return a section that passes everything on, with the poles of `section`.

    To switch a band off: from there to `section` the coefficients go in a straight line, and the
    response is a fade between the two all the way.
    """
    _, _, _, a1, a2 = section
    return 1.0, a1, a2, a1, a2
