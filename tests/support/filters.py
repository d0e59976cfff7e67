# SPDX-License-Identifier: MIT
"""What filters are held against: the cookbook's prototypes in closed form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATES = [8000, 16000, 44100, 48000, 96000, 192000]
RESPONSES = [
    "peaking",
    "low_shelf",
    "high_shelf",
    "low_pass",
    "high_pass",
    "band_pass",
    "notch",
    "all_pass",
]


def analogue(
    kind: str, frequency: float, gain_db: float, q: float, f: NDArray[Any], samplerate: float
) -> NDArray[np.complex128]:
    """The cookbook's prototypes H(s), at the s that the bilinear transform maps `f` to."""
    s = 1j * np.tan(np.pi * f / samplerate) / np.tan(np.pi * frequency / samplerate)
    a = 10 ** (gain_db / 40)
    root = math.sqrt(a) / q
    plain = s * s + s / q + 1
    result: NDArray[np.complex128] = {
        "peaking": lambda: (s * s + s * a / q + 1) / (s * s + s / (a * q) + 1),
        "low_shelf": lambda: a * (s * s + root * s + a) / (a * s * s + root * s + 1),
        "high_shelf": lambda: a * (a * s * s + root * s + 1) / (s * s + root * s + a),
        "low_pass": lambda: 1 / plain,
        "high_pass": lambda: s * s / plain,
        "band_pass": lambda: (s / q) / plain,
        "notch": lambda: (s * s + 1) / plain,
        "all_pass": lambda: (s * s - s / q + 1) / plain,
    }[kind]()
    return result
