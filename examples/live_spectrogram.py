#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A spectrogram in the terminal, a line for each block; however slow the terminal, none is lost.

python examples/live_spectrogram.py --device pulse --seconds 10
"""

from __future__ import annotations

import argparse

import numpy as np

import tenuto

SHADES = " .:-=+*#%@"
LOWEST_DB, LOUDEST_DB = -90.0, -10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="virtual")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--columns", type=int, default=64)
    asked = parser.parse_args()

    with tenuto.blocks(asked.device, 4096, hop=2048, seconds=asked.seconds) as stream:
        edges = np.geomspace(60, stream.samplerate / 2, asked.columns + 1)
        frequency = np.fft.rfftfreq(stream.blocksize, 1 / stream.samplerate)
        # Where a band is narrower than a bin of the transform, it shows the bin that it lies in.
        first = np.searchsorted(frequency, edges[:-1]).clip(max=len(frequency) - 1)
        window = np.hanning(stream.blocksize)
        highest = np.zeros(asked.columns)
        count = 0
        for block in stream:
            power = np.abs(np.fft.rfft(block.samples[:, 0] * window) / window.sum() * 2) ** 2
            bands = np.maximum.reduceat(power, first)
            highest = np.maximum(highest, bands)
            level = (10 * np.log10(bands + 1e-12) - LOWEST_DB) / (LOUDEST_DB - LOWEST_DB)
            shades = (level.clip(0, 1) * (len(SHADES) - 1)).astype(int)
            gap = f" {block.lost_before} frames lost" if block.lost_before else ""
            print("".join(SHADES[shade] for shade in shades) + gap)
            count += 1
    loudest = int(np.argmax(highest))
    print(
        f"{count} blocks, {stream.lost_frames} frames lost; the loudest band: "
        f"{edges[loudest]:.0f} to {edges[loudest + 1]:.0f} Hz, "
        f"{10 * np.log10(highest[loudest] + 1e-12):.0f} dB"
    )


if __name__ == "__main__":
    main()
