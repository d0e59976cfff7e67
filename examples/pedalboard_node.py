#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A plug-in (Spotify's pedalboard) as a node: it has 50 ms, in a process of its own.

If it is late, the dry sound is heard; if it crashes, it is started again; the callbacks do not
notice either.

    python examples/pedalboard_node.py --device jack --seconds 10

Needs pedalboard: pip install pedalboard.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable

import numpy as np

import tenuto


def make_chorus(samplerate: int, channels: int) -> Callable[[np.ndarray], np.ndarray]:
    """Called in the process that does the work."""
    import pedalboard

    board = pedalboard.Pedalboard([pedalboard.Chorus(rate_hz=1.5), pedalboard.Gain(gain_db=-3)])

    def process(block: np.ndarray) -> np.ndarray:
        return board(np.ascontiguousarray(block.T), samplerate, reset=False).T

    return process


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="virtual")
    parser.add_argument("--seconds", type=float, default=2.0)
    asked = parser.parse_args()
    if importlib.util.find_spec("pedalboard") is None:
        print("skipped: pedalboard is not installed (pip install pedalboard)")
        return

    chorus = tenuto.PythonNode(
        make_chorus, is_factory=True, where="process", latency=0.05, on_late="pass"
    )
    source = tenuto.Oscillator("saw", frequency=110, level_db=-12)
    wet = tenuto.FileRecorder()
    eng = tenuto.Engine(asked.device, channels=(0, 2))
    eng.connect(source, chorus, eng.output)
    eng.connect(chorus, wet)
    with eng:
        time.sleep(asked.seconds)
        heard, late = chorus.stats(), eng.stats().late
        take = wet.stop()
    print(
        f"{heard.played_blocks} blocks of {heard.block_seconds * 1000:.1f} ms, "
        f"{heard.late_blocks} late; the plug-in took {heard.mean_seconds * 1000:.2f} ms a block, "
        f"{heard.longest_seconds * 1000:.2f} ms at most; {late} callbacks were late; "
        f"recorded {take.seconds:.1f} s, peak {np.abs(take.to_numpy()).max():.2f}"
    )


if __name__ == "__main__":
    main()
