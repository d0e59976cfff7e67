# SPDX-License-Identifier: MIT
"""A file is played on, to the last bit, while one C call keeps the interpreter for itself."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

import tenuto
from support.gil import hold_gil
from support.players import RATE, noise

HELD_SECONDS = 9.0 if os.environ.get("TENUTO_LONG") == "1" else 3.0
# Late blocks while the GIL is held beyond those without it. It is not the GIL that makes them but
# who else uses the machine: on a busy one two runs of seconds differ by half a percent.
CHANCE = 0.02


@pytest.mark.realtime
@pytest.mark.parametrize("rate", [RATE, 44_100])
def test_a_held_interpreter_is_not_heard(tmp_path: Path, rate: int) -> None:
    path, written = tmp_path / "a.wav", noise(round((2 * HELD_SECONDS + 11) * rate), 1)
    soundfile.write(str(path), written, rate, "FLOAT")
    # At equal rates the disk thread alone fills the ring, so a short one will do.
    player = tenuto.FilePlayer(path, ring_seconds=0.5 if rate == RATE else 10.0)
    recorder = tenuto.FileRecorder(ring_seconds=2 * HELD_SECONDS + 5)
    late = []
    with tenuto.Engine("virtual", samplerate=RATE, channels=(0, 1)) as engine:
        engine.connect(player, engine.output)
        engine.connect(player, recorder)
        while (deck := player._deck()) is None or deck.core.state()["ready_frames"] < (
            deck.ring_frames * 0.9
        ):
            time.sleep(0.01)
        player.play()
        for wait in (time.sleep, hold_gil):
            before = engine.stats()
            wait(HELD_SECONDS)
            after = engine.stats()
            late.append((after.late - before.late) / (after.callbacks - before.callbacks))
        assert player.position > 2 * HELD_SECONDS - 0.5
        assert player.underruns == 0
        take = recorder.stop()
    print(f"{rate} Hz: late {100 * late[0]:.3f} %, with the GIL held {100 * late[1]:.3f} %")
    assert late[1] <= late[0] + CHANCE
    heard = take.to_numpy()[:, 0]
    heard = heard[int(np.argmax(heard != 0)) :]
    assert not take.gaps and len(heard) > (2 * HELD_SECONDS - 0.5) * RATE
    if rate == RATE:
        assert np.array_equal(heard, written[: len(heard), 0])
    else:
        expected = soxr.resample(written[:, 0].astype(np.float64), rate, RATE, quality="VHQ")
        # The last few milliseconds before the stop have no more to come in the reference.
        there = min(len(heard), len(expected))
        assert np.max(np.abs(heard[:there] - expected[:there])) < 10 ** (-100 / 20)
