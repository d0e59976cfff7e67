# SPDX-License-Identifier: MIT
"""Recording from a JACK server: what is chosen, what is refused, what is reported."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import numpy as np
import pytest

import tenuto
from support.index_content import Content, PlayerLog, assert_ledger_explains, codes
from support.promoted import chrt
from support.servers import JackServer, need_program, playing, wait_until

pytestmark = pytest.mark.realtime


@pytest.mark.parametrize("channels", [[2], [2, 1]])
def test_selected_channels_come_from_the_ports_of_these_numbers(
    jack: JackServer, index_player: Path, channels: list[int]
) -> None:
    with (
        playing(index_player, jack) as player,
        tenuto.Recorder(None, "jack", channels=channels) as recorder,
    ):
        recorder.start()
        jack.wire_only(player.outputs)
        time.sleep(0.5)
        take = recorder.stop()
    samples = take.to_numpy()
    assert samples.shape[1] == len(channels)
    tail = samples[-4800:]
    said = [codes(tail, column, of_player=port - 1) for column, port in enumerate(channels)]
    for other in said:
        assert np.array_equal(other, said[0])
    assert (np.diff(said[0]) % (1 << 24) == 1).all()
    # Channels are told apart by the port they came from, so the numbers above are no accident.
    assert not np.array_equal(codes(tail, 0, of_player=2 - channels[0]), said[0])


def test_monitored_input_is_heard_at_the_outputs(jack: JackServer, index_player: Path) -> None:
    with (
        playing(index_player, jack) as player,
        tenuto.Recorder(None, "jack", monitor="input") as monitored,
    ):
        monitored.start()
        jack.wire_only(player.outputs)
        outputs = [port for port in jack.ports() if re.match("tenuto.*:playback", port)]
        assert len(outputs) == 2, jack.ports()
        with tenuto.Recorder(None, "jack") as listener:
            listener.start()
            jack.wire_only(outputs, client="tenuto-01")
            time.sleep(1.0)
            heard = listener.stop().to_numpy()[-24000:]
        recorded = monitored.stop().to_numpy()
    # The output is a client of its own: when the machine is late it may miss a block (see
    # rt/monitor.h), which is silence then. What is heard is what is recorded, at 0 dB bit for bit.
    sounding = heard.any(axis=1)
    assert sounding.mean() > 0.9
    said = codes(heard)[sounding]
    assert np.array_equal(codes(heard, 1, of_player=1)[sounding], said)
    assert set(said[-4800:]) <= set(codes(recorded))


def test_two_recorders_share_one_jack_server(jack: JackServer, index_player: Path) -> None:
    with (
        playing(index_player, jack) as player,
        tenuto.Recorder(None, "jack") as one,
        tenuto.Recorder(None, "jack") as two,
    ):
        one.start()
        two.start()
        jack.wire_only(player.outputs, client="tenuto")
        jack.wire_only(player.outputs, client="tenuto-01")
        time.sleep(1.5)
        takes = [one.stop(), two.stop()]
        assert player.stop()["frames"] > 0
    contents = [Content.of(take.to_numpy(), take.gaps) for take in takes]
    for content in contents:
        assert len(content.index) > 48_000
        assert not content.untold(jack.period)
    shared = np.intersect1d(contents[0].index, contents[1].index)
    assert len(shared) > 48_000


def test_impossible_rate_is_refused_with_the_rate_on_offer(jack: JackServer) -> None:
    with pytest.raises(tenuto.DeviceError, match=r"cannot run at 44100 Hz; it offers 48000 Hz"):
        tenuto.Recorder(None, "jack", samplerate=44_100)


def test_too_many_channels_are_refused_with_the_number_there_is(jack: JackServer) -> None:
    with pytest.raises(tenuto.DeviceError, match=r"no input channel 3: it has 2"):
        tenuto.Recorder(None, "jack", channels=3)
    with pytest.raises(tenuto.DeviceError, match=r"no input channel 7: it has 2"):
        tenuto.Recorder(None, "jack", channels=[1, 7])


def test_no_server_is_an_error_that_names_the_virtual_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", f"tenuto-test-nobody-{os.getpid()}")
    with pytest.raises(tenuto.DeviceError, match='device="virtual"'):
        tenuto.Recorder(None, "jack")


def test_devices_lists_the_jack_server(jack: JackServer) -> None:
    found = [device for device in tenuto.devices() if device.backend == "jack"]
    assert len(found) == 1
    assert (found[0].in_channels, found[0].out_channels) == (2, 2)
    assert found[0].samplerates == (48_000,)


def test_scheduling_report_is_what_the_kernel_says_of_jacks_own_thread(jack: JackServer) -> None:
    need_program("chrt", "util-linux")
    with tenuto.Recorder(None, "jack") as recorder:
        recorder.start()
        wait_until(lambda: recorder.scheduling is not None, 3.0, "the thread has been looked at")
        report = recorder.scheduling
        assert report is not None
        said = chrt(report.tid)
    assert said == (report.policy, report.priority)
    if report.policy == "SCHED_OTHER":
        pytest.skip("JACK could not make its client real-time (it takes rights to rtprio)")
    assert report.via == "already"


@pytest.mark.parametrize("period", [128, 1024])
def test_time_that_a_late_server_lost_is_in_the_ledger_and_no_sound_is(
    tmp_path: Path, index_player: Path, period: int
) -> None:
    """A JACK server that is late begins its cycles anew: no sound is lost, but time is."""
    log = tmp_path / "player.log"
    with (
        JackServer(tmp_path, period=period) as server,
        playing(index_player, server, log=log) as player,
    ):
        with tenuto.Recorder(tmp_path / "take.wav", "jack", subtype="PCM_24") as recorder:
            recorder.start()
            server.wire_only(player.outputs)
            time.sleep(1.5)
            for seconds in (0.03, 0.05, 0.2):
                server.stall(seconds)
                time.sleep(1.0)
            take = recorder.stop()
        counts = player.stop()
    assert len(take.gaps) >= 2  # a stall that is hardly longer than a cycle may lose nothing
    assert {gap.cause for gap in take.gaps} == {"xrun"}
    assert max(gap.frames for gap in take.gaps) > 0.2 * 48_000 - 2 * period
    assert_ledger_explains(take.to_numpy(), take.gaps, PlayerLog.read(log), counts, 48_000)
