#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Record only what is louder than the room: each piece of speech a file, with what came before it.

The gate opens 9 dB above the noise of the room, which it follows, and closes after 0.5 s of quiet;
0.3 s from before it opened are in the file, so that no word lacks its beginning. A speech model
would take the place of `is_loud`: it may take its time, the blocks wait for it.

    python examples/voice_gate.py --device pulse --seconds 60 --folder notes
"""

from __future__ import annotations

import argparse
from collections import deque
from pathlib import Path

import numpy as np
import soundfile

import tenuto

RATE, BLOCK_SECONDS = 16_000, 0.02
PRE_ROLL_SECONDS, QUIET_SECONDS, ABOVE_NOISE_DB, FLOOR_DB = 0.3, 0.5, 9.0, -60.0


class Gate:
    """Whether a block is louder than the noise that it has heard so far."""

    def __init__(self) -> None:
        self.noise_db = FLOOR_DB

    def is_loud(self, samples: np.ndarray) -> bool:
        """Follow the noise: down at once, up by 2 dB a second."""
        level = 10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-12)
        self.noise_db = max(FLOOR_DB, min(level, self.noise_db + 2 * BLOCK_SECONDS))
        return bool(level > self.noise_db + ABOVE_NOISE_DB)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="virtual")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--folder", type=Path, default=Path("speech"))
    asked = parser.parse_args()

    gate, files = Gate(), 0
    before: deque[np.ndarray] = deque(maxlen=round(PRE_ROLL_SECONDS / BLOCK_SECONDS))
    piece: list[np.ndarray] = []
    quiet = began = 0.0

    def close() -> None:
        nonlocal files, piece
        files += 1
        asked.folder.mkdir(parents=True, exist_ok=True)
        path = asked.folder / f"speech-{files:03}.wav"
        sound = np.concatenate(piece)
        soundfile.write(path, sound, RATE)
        print(f"{path.name}: {len(sound) / RATE:.2f} s from {began:.2f} s on")
        piece = []

    size = round(RATE * BLOCK_SECONDS)
    with tenuto.blocks(asked.device, size, samplerate=RATE, seconds=asked.seconds) as stream:
        for block in stream:
            samples = block.samples[: block.valid, 0]
            loud = gate.is_loud(samples)
            quiet = 0.0 if loud else quiet + BLOCK_SECONDS
            if loud and not piece:
                piece = list(before)
                began = block.frame / RATE - sum(map(len, piece)) / RATE
            before.append(samples)
            if piece:
                piece.append(samples)
                if quiet >= QUIET_SECONDS:
                    close()
                    before.clear()
    if piece:
        close()
    print(f"{files} pieces in {asked.seconds:g} s, {stream.lost_frames} frames lost")


if __name__ == "__main__":
    main()
