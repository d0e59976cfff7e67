#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Play a sweep, record what comes back, and get the impulse response of what lies in between.

With ``virtual:loopback`` that is a wire, and the response is a single peak.

    python examples/measure_room.py --device jack --seconds 5
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import tenuto
from tenuto import design


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="virtual:loopback")
    parser.add_argument("--seconds", type=float, default=2.0)
    asked = parser.parse_args()

    low, high = 50.0, 20_000.0
    sweep = tenuto.Sweep(low, high, seconds=asked.seconds, level_db=-6)
    recorder = tenuto.FileRecorder()
    eng = tenuto.Engine(asked.device, channels=(1, 1))
    eng.connect(sweep, eng.output)
    eng.connect(eng.input, recorder)
    with eng:  # both begin with the very first block
        time.sleep(asked.seconds + 0.5)
        take = recorder.stop()
        rate = eng.samplerate
    heard = take.to_numpy()[:, 0].astype(np.float64)
    inverse = design.inverse_sweep(low, high, asked.seconds, rate)
    size = len(heard) + len(inverse)
    response = np.fft.irfft(np.fft.rfft(heard, size) * np.fft.rfft(inverse, size), size)
    peak = int(np.argmax(np.abs(response)))
    delay = (peak - len(inverse) + 1) / rate
    rest = np.delete(np.abs(response), range(max(0, peak - 240), peak + 240))
    print(
        f"the loudest way takes {delay * 1000:.1f} ms; everything else is "
        f"{20 * np.log10(rest.max() / abs(response[peak])):.0f} dB against it; "
        f"gaps: {len(take.gaps)}"
    )


if __name__ == "__main__":
    main()
