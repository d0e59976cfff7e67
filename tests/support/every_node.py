# SPDX-License-Identifier: MIT
"""One of each node that computes sound, for tests that go over all of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import tenuto

EFFECTS: dict[str, Callable[[], tenuto.Node]] = {
    "Gain": lambda: tenuto.Gain(-3),
    "Pan": lambda: tenuto.Pan(0.3),
    "Mixer": lambda: tenuto.Mixer(2, 2, [[0, -6], [-12, -3]]),
    "Biquad": lambda: tenuto.Biquad("high_pass", 200, 0.7),
    "Equalizer": lambda: tenuto.Equalizer.preset("vocal"),
    "Compressor": lambda: tenuto.Compressor(threshold_db=-20),
    "Gate": lambda: tenuto.Gate(threshold_db=-40),
    "Limiter": lambda: tenuto.Limiter(ceiling_db=-6),
    "Delay": lambda: tenuto.Delay(seconds=0.01, feedback=0.4, mix=0.5),
    "Reverb": lambda: tenuto.Reverb(decay_seconds=0.5),
    "Distortion": lambda: tenuto.Distortion(drive_db=12),
    "Convolver": lambda: tenuto.Convolver(np.hanning(700).astype(np.float32)),
    "Meter": tenuto.Meter,
}
SOURCES: dict[str, Callable[[], tenuto.Node]] = {
    "Oscillator": lambda: tenuto.Oscillator("saw", 440),
    "Noise": lambda: tenuto.Noise("pink", seed=3),
    "Sweep": lambda: tenuto.Sweep(20, 20_000, seconds=0.2),
    "MultiTone": lambda: tenuto.MultiTone([440, 1000, 5000]),
}
