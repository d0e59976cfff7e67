#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A state-variable filter as a kernel, rendered offline: what it lets through, and a sweep.

    python examples/state_variable_filter.py --output sweep.wav

The filter is the topology-preserving one of V. Zavalishin, *The Art of VA Filter Design*, chapter
4: its two states are those of the integrators, so it stays calm while its frequency moves.

Needs numba: pip install 'tenuto[kernels]'.
"""

from __future__ import annotations

import argparse
import math
from typing import Any

import numpy as np

import tenuto


@tenuto.kernel(
    state=2,
    params={
        "frequency": (1000.0, 20.0, 20000.0, "Hz"),
        "q": (0.7071, 0.1, 50.0),
        "high": (0.0, 0.0, 1.0),  # shares of the three outputs
        "band": (0.0, 0.0, 1.0),
        "low": (1.0, 0.0, 1.0),
    },
)
def svf(x: Any, y: Any, state: Any, params: Any) -> None:
    """Filter with two integrators: low-pass, band-pass and high-pass at once."""
    frequency = min(params.frequency, 0.49 * params.samplerate)
    g = math.tan(math.pi * frequency / params.samplerate)
    k = 1 / params.q
    scale = 1 / (1 + g * (g + k))
    for c in range(x.shape[0]):
        s1, s2 = state[c, 0], state[c, 1]
        for n in range(x.shape[1]):
            high = (x[c, n] - (g + k) * s1 - s2) * scale
            band = g * high + s1
            low = g * band + s2
            s1 = g * high + band
            s2 = g * band + low
            y[c, n] = params.high * high + params.band * k * band + params.low * low
        state[c, 0], state[c, 1] = s1, s2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", help="write the sweep to this file")
    asked = parser.parse_args()

    print(svf.report)
    impulse = np.zeros(48000, np.float32)
    impulse[0] = 1
    for name in ("low", "band", "high"):
        shares = {"low": 0.0, name: 1.0}
        response = np.fft.rfft(tenuto.render(impulse, svf(**shares), samplerate=48000)[:, 0])
        shown = (
            f"{20 * np.log10(abs(response[hertz])):6.1f} dB at {hertz}"
            for hertz in (100, 1000, 10000)
        )
        print(f"{name:>4}: {', '.join(shown)} Hz")

    noise = np.random.default_rng(1).uniform(-0.3, 0.3, (96000, 2)).astype(np.float32)
    node = svf(q=8)
    events = [
        (frame, node, {"frequency": 200 * 2 ** (frame / 16000)}) for frame in range(0, 96000, 480)
    ]
    swept = tenuto.render(
        noise, node, asked.output, samplerate=48000, events=events, overwrite=True
    )
    print(f"swept over {96000 / 48000:g} s: {swept if asked.output else swept.shape}")


if __name__ == "__main__":
    main()
