# SPDX-License-Identifier: MIT
"""A file is played on while a C call keeps the interpreter for itself."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto

RATE = 48_000
BUSY_SECONDS = 9.0 if os.environ.get("TENUTO_LONG") == "1" else 2.0


@pytest.mark.realtime
@pytest.mark.parametrize("rate", [RATE, 44_100])
def test_python_that_is_busy_is_not_heard(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "a.wav"
    rng = np.random.default_rng(1)
    soundfile.write(str(path), rng.uniform(-0.5, 0.5, 30 * rate), rate)
    with tenuto.Engine("virtual", samplerate=RATE, channels=(0, 1)) as engine:
        # At equal rates the disk thread alone fills the ring, so a short one will do.
        player = tenuto.FilePlayer(path, ring_seconds=0.5 if rate == RATE else 10.0)
        engine.connect(player, engine.output)
        while (deck := player._deck()) is None or deck.core.state()["ready_frames"] < (
            deck.ring_frames * 0.9
        ):
            time.sleep(0.01)
        player.play()
        numbers = rng.random(2_000_000).tolist()
        begin = time.monotonic()
        while time.monotonic() - begin < BUSY_SECONDS:
            sorted(numbers)
        assert player.position > BUSY_SECONDS - 0.5
        assert player.underruns == 0
