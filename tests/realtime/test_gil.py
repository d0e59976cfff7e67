# SPDX-License-Identifier: MIT
"""Recording goes on whatever Python does."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import tenuto
from support.gil import busy_python, hold_gil
from support.index_content import PlayerLog, assert_ledger_explains, codes
from support.servers import JackServer, playing
from tenuto.testing import VirtualDevice

pytestmark = pytest.mark.realtime

SECONDS = 60.0 if os.environ.get("TENUTO_LONG") == "1" else 15.0
HOLD_SECONDS = 5.0


def test_jack_recording_under_gil_load_is_complete_bit_for_bit(
    tmp_path: Path, jack: JackServer, index_player: Path
) -> None:
    log = tmp_path / "player.log"
    with playing(index_player, jack, log=log) as player:
        with tenuto.Recorder(tmp_path / "take.wav", "jack", subtype="PCM_24") as recorder:
            recorder.start()
            jack.wire_only(player.outputs)
            with busy_python(threads=4, hold_seconds=0.2) as load:
                time.sleep(SECONDS)
            take = recorder.stop()
        counts = player.stop()
    samples = take.to_numpy()
    print(f"GIL held {load.holds} times, for up to {load.longest_hold * 1e3:.0f} ms")
    assert load.holds > SECONDS and load.longest_hold > 0.19, "this was no load"
    assert take.frames > SECONDS * 0.99 * take.samplerate
    assert_ledger_explains(samples, take.gaps, PlayerLog.read(log), counts, take.samplerate)
    assert ((codes(samples, 1) - codes(samples, 0)) % (1 << 24) == 1 << 20)[-1000:].all()


def test_jack_recording_goes_on_while_the_interpreter_stands_still(
    tmp_path: Path, jack: JackServer, index_player: Path
) -> None:
    log = tmp_path / "player.log"
    with playing(index_player, jack, log=log) as player:
        with tenuto.Recorder(tmp_path / "take.wav", "jack", subtype="PCM_24") as recorder:
            recorder.start()
            jack.wire_only(player.outputs)
            before = recorder.frames
            hold_gil(HOLD_SECONDS)
            written, recorded = recorder.written_frames, recorder.frames - before
            state = recorder.state
            take = recorder.stop()
        counts = player.stop()
    assert state == "recording"
    assert recorded > HOLD_SECONDS * 0.99 * take.samplerate
    # The disk thread was not held up either; what a loss may still change it keeps back.
    assert written - before > (HOLD_SECONDS - 0.5) * take.samplerate
    assert_ledger_explains(take.to_numpy(), take.gaps, PlayerLog.read(log), counts, take.samplerate)


def test_virtual_recording_goes_on_while_the_interpreter_stands_still(tmp_path: Path) -> None:
    device = VirtualDevice("index")
    with tenuto.Recorder(tmp_path / "take.wav", device, channels=1, subtype="PCM_24") as recorder:
        recorder.start()
        before = recorder.frames
        hold_gil(HOLD_SECONDS)
        written, recorded = recorder.written_frames, recorder.frames - before
        take = recorder.stop()
    assert recorded > HOLD_SECONDS * 0.99 * take.samplerate
    assert written - before > (HOLD_SECONDS - 0.5) * take.samplerate
    assert take.gaps == ()
    said = codes(take.to_numpy())
    assert (said == said[0] + range(take.frames)).all()
