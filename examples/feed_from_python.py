#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Play what Python computes, block by block, through a chain of nodes, and record the result.

python examples/feed_from_python.py --device pulse --seconds 5
"""

from __future__ import annotations

import argparse

import numpy as np

import tenuto


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="virtual")
    parser.add_argument("--seconds", type=float, default=3.0)
    asked = parser.parse_args()

    source = tenuto.Source(channels=1, buffer_seconds=0.5)
    recorder = tenuto.FileRecorder()
    with tenuto.Engine(asked.device, channels=(0, 2)) as eng:
        echo = tenuto.Delay(seconds=0.25, feedback=0.4, mix=0.5)
        eng.connect(source, echo, tenuto.Limiter(), eng.output)
        eng.connect(echo, recorder)
        frames = np.arange(2048)
        for block in range(int(asked.seconds * eng.samplerate / len(frames))):
            note = 220 * 2 ** ((block // 6) % 12 / 12)
            phase = 2 * np.pi * note * (block * len(frames) + frames) / eng.samplerate
            source.write(0.3 * np.sin(phase))  # waits when the buffer is full
        take = recorder.stop()
    print(f"recorded {take.seconds:.1f} s; {source.missing_frames} frames came too late")


if __name__ == "__main__":
    main()
