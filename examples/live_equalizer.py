#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hear the input through an equalizer and a limiter, and sweep one band while it runs.

python examples/live_equalizer.py --device jack --seconds 10
"""

from __future__ import annotations

import argparse
import math
import time

import tenuto


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="virtual:loopback")
    parser.add_argument("--seconds", type=float, default=5.0)
    asked = parser.parse_args()

    eq, limiter = tenuto.Equalizer.eight_band(), tenuto.Limiter(ceiling_db=-1)
    meter = tenuto.Meter()
    with tenuto.Engine(asked.device) as eng:
        eng.connect(eng.input, eq, limiter, meter, eng.output)
        began = time.monotonic()
        while (passed := time.monotonic() - began) < asked.seconds:
            eq.bands[4].gain_db = 6 * math.sin(2 * math.pi * passed / 4)
            time.sleep(0.05)
        stats = eng.stats()
    print(
        f"{stats.callbacks} callbacks, {stats.late} late, {stats.xruns} xruns; each took "
        f"{stats.load.median * 100:.2g} % of its time (median), {stats.load.p99 * 100:.2g} % (p99)"
    )


if __name__ == "__main__":
    main()
