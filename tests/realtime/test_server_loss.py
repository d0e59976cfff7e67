# SPDX-License-Identifier: MIT
"""The sound server dies in the middle of a recording, and comes back, or does not."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

import tenuto
from support.index_content import Content, PlayerLog
from support.servers import JackServer, PulseServer, playing, wait_until

pytestmark = pytest.mark.realtime

LOST_WITHIN = 2.0  # seconds from the server's death to state "lost"
BACK_WITHIN = 3.0  # from the server's return to the next block
OUTAGE = 1.5
# By how many frames a gap "device-lost" may be wrong, held against the clock: both its ends are
# known by the earliest wake-up of some tenths of a second. (Usually it is 3.)
GAP_ERROR = 96


def test_recording_goes_on_when_the_jack_server_comes_back(
    tmp_path: Path, jack: JackServer, index_player: Path
) -> None:
    logs = [tmp_path / "before.log", tmp_path / "after.log"]
    with tenuto.Recorder(tmp_path / "take.wav", "jack", subtype="PCM_24") as recorder:
        recorder.start()
        with playing(index_player, jack, log=logs[0]) as player:
            jack.wire_only(player.outputs)
            time.sleep(1.0)
            jack.kill()
            waited = wait_until(lambda: recorder.state == "lost", LOST_WITHIN, 'state "lost"')
            player.stop()
        assert recorder.warning is not None and "gone" in recorder.warning
        time.sleep(OUTAGE)
        jack.start()
        back = wait_until(lambda: recorder.state == "recording", BACK_WITHIN, "it records again")
        with playing(index_player, jack, log=logs[1]) as player:
            jack.wire_only(player.outputs)
            time.sleep(1.5)
            take = recorder.stop()
            player.stop()
    print(f"lost after {waited:.2f} s, back after {back:.2f} s")
    away = [gap for gap in take.gaps if gap.cause == "device-lost"]
    assert len(away) == 1, take.gaps
    assert away[0].frames > OUTAGE * take.samplerate
    # The content before and behind: whole, and as far apart in the file as on the clock.
    samples = take.to_numpy()
    places, times = [], []
    end = away[0].frame + away[0].frames
    for part, offset, path in (
        (samples[: away[0].frame], 0, logs[0]),
        (samples[end:], end, logs[1]),
    ):
        gaps = [
            tenuto.Gap(gap.frame - offset, gap.frames, gap.cause, gap.utc)
            for gap in take.gaps
            if offset <= gap.frame < offset + len(part)
        ]
        content, log = Content.of(part, gaps), PlayerLog.read(path)
        assert not content.untold(jack.period)
        shared = np.isin(log.index, content.index)
        place = offset + content.places[np.searchsorted(content.index, log.index[shared])]
        # The earliest wake-ups of the stretch: the later ones were held up.
        best = np.argmax(place - log.ns[shared] * 1e-9 * take.samplerate)
        places.append(int(place[best]))
        times.append(int(log.ns[shared][best]))
    error = (places[1] - places[0]) - (times[1] - times[0]) * 1e-9 * take.samplerate
    print(f"gap of {away[0].frames} frames, wrong by {error:.0f}")
    assert abs(error) <= GAP_ERROR


def test_recording_without_reconnect_ends_where_the_server_died(
    tmp_path: Path, jack: JackServer, index_player: Path
) -> None:
    with playing(index_player, jack) as player:
        recorder = tenuto.Recorder(tmp_path / "take.wav", "jack", reconnect=False)
        recorder.start()
        jack.wire_only(player.outputs)
        time.sleep(1.0)
        recorded = recorder.frames
        jack.kill()
        assert recorder.wait(timeout=LOST_WITHIN + 2.0), recorder.state
        assert recorder.state == "stopped"
        assert recorder.warning is not None and "ended there" in recorder.warning
        take = recorder.stop()
    assert recorded <= take.frames < recorded + 0.5 * take.samplerate
    assert [gap.cause for gap in take.gaps if gap.cause == "device-lost"] == []
    content = Content.of(take.to_numpy(), take.gaps)
    assert not content.untold(jack.period)


def test_recording_stopped_while_the_server_is_gone_lasts_until_then(
    tmp_path: Path, jack: JackServer
) -> None:
    with tenuto.Recorder(tmp_path / "take.wav", "jack") as recorder:
        recorder.start()
        time.sleep(0.5)
        killed = time.monotonic()
        jack.kill()
        wait_until(lambda: recorder.state == "lost", LOST_WITHIN, 'state "lost"')
        time.sleep(0.5)
        before_stop = time.monotonic()
        take = recorder.stop()
        after_stop = time.monotonic()
    assert after_stop - before_stop < 2.0
    assert len(take.gaps) >= 1
    last = take.gaps[-1]
    assert last.cause == "device-lost"
    assert last.frame + last.frames == take.frames
    shortest = before_stop - killed
    longest = after_stop - killed + 0.1  # what was on its way when the server died
    assert shortest - 0.1 <= last.frames / take.samplerate <= longest


def test_recording_goes_on_when_pulseaudio_comes_back(tmp_path: Path, pulse: PulseServer) -> None:
    with tenuto.Recorder(tmp_path / "take.wav", "pulse:t.monitor") as recorder:
        recorder.start()
        wait_until(lambda: recorder.frames > 48_000, 6.0, "a second is recorded")
        killed = time.monotonic()
        pulse.kill()
        waited = wait_until(lambda: recorder.state == "lost", LOST_WITHIN, 'state "lost"')
        time.sleep(OUTAGE)
        pulse.start()
        recorded = recorder.frames
        wait_until(lambda: recorder.frames > recorded, 10.0, "blocks come again")
        returned = time.monotonic()
        wait_until(lambda: recorder.state == "recording", 2.0, 'state "recording"')
        time.sleep(1.0)
        take = recorder.stop()
    print(f"lost after {waited:.2f} s; gaps {take.gaps}")
    away = [gap for gap in take.gaps if gap.cause == "device-lost"]
    assert len(away) == 1
    # The server hands over what it had rendered; how much that is, it decides itself.
    assert abs(away[0].frames / take.samplerate - (returned - killed)) < 0.3
    assert len(take.to_numpy()) == take.frames
