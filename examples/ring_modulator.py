#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""DSP written in Python, on the audio thread: a ring modulator whose frequency glides.

    python examples/ring_modulator.py --device jack --seconds 10

Needs numba: pip install 'tenuto[kernels]'.
"""

from __future__ import annotations

import argparse
import math
import time
from typing import Any

import tenuto


@tenuto.kernel(state=1, params={"frequency": (30.0, 0.1, 5000.0, "Hz")})
def ring(x: Any, y: Any, state: Any, params: Any) -> None:
    """Multiply the sound with a sine."""
    for c in range(x.shape[0]):
        phase = state[c, 0]
        for n in range(x.shape[1]):
            y[c, n] = x[c, n] * math.sin(2 * math.pi * phase)
            phase += params.frequency / params.samplerate
            phase -= math.floor(phase)
        state[c, 0] = phase


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="virtual")
    parser.add_argument("--seconds", type=float, default=2.0)
    asked = parser.parse_args()

    print(ring.report)
    modulator = ring(frequency=100)
    eng = tenuto.Engine(asked.device)
    eng.connect(eng.input, modulator, eng.output)
    with eng:
        began = time.monotonic()
        while (passed := time.monotonic() - began) < asked.seconds:
            modulator.frequency = 100 * 2 ** (2 * math.sin(2 * math.pi * passed / 4))
            time.sleep(0.02)
        stats = eng.stats()
    print(
        f"{stats.callbacks} callbacks, {stats.late} late; the whole graph took "
        f"{stats.load.median * 100:.2g} % of their time (median)"
    )


if __name__ == "__main__":
    main()
