# SPDX-License-Identifier: MIT
"""An engine on real sound servers: what it plays is what arrives, whatever Python does."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto
from support.every_node import EFFECTS, SOURCES
from support.gil import busy_python
from support.index_content import Content
from support.players import ffmpeg_decoded, m4a, noise
from support.servers import JackServer, PulseServer, playing, wait_until

pytestmark = pytest.mark.realtime


def test_what_an_engine_plays_on_jack_is_what_a_recorder_hears(jack: JackServer) -> None:
    ramp = np.arange(-20_000, 20_000, dtype=np.float32) / 2**15
    source = tenuto.Source(channels=1, buffer_seconds=2)
    with tenuto.Engine("jack", channels=(0, 2)) as engine:
        engine.connect(source, tenuto.Gain(0), engine.output)
        outputs = [port for port in jack.ports() if re.match("tenuto.*:playback", port)]
        assert len(outputs) == 2, jack.ports()
        with tenuto.Recorder(None, "jack") as listener:
            listener.start()
            jack.wire_only(outputs, client="tenuto-01")
            source.write(ramp)
            time.sleep(1.2)
            heard = listener.stop().to_numpy()
        stats = engine.stats()
    np.testing.assert_array_equal(heard[:, 0], heard[:, 1])
    begin = int(np.flatnonzero(heard[:, 0])[0])
    piece = heard[begin : begin + len(ramp), 0]
    if stats.xruns == 0 and len(piece) == len(ramp):
        np.testing.assert_array_equal(piece, ramp)
    # Where the machine was late a block may be missing; what is there is never something else.
    assert set(np.unique(heard)) <= {*ramp.tolist(), 0.0}


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "m4a"])
def test_what_a_player_plays_on_jack_is_what_others_decode(
    jack: JackServer, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    sound = noise(40_000, 2) / 2  # a decoder may overshoot, and miniaudio limits to full scale
    if suffix == "m4a":
        expected = ffmpeg_decoded(m4a(path, sound))
    else:
        soundfile.write(str(path), sound, 48_000)
        expected = soundfile.read(str(path), dtype="float32")[0]
    # Other builds of FFmpeg may round the last bit of a float differently.
    bound = 1e-6 if suffix == "m4a" else 0.0
    for _ in range(5):
        heard, was_late = heard_on_jack(jack, tenuto.FilePlayer(path))
        away = furthest(heard, expected, bound)
        if away <= bound or not was_late:  # (what a client did not play in time, nobody hears)
            break
    assert away <= bound


def furthest(heard: np.ndarray, expected: np.ndarray, bound: float) -> float:
    """By how much what was heard differs at the most, from the first sample above `bound` on."""
    begin, first = (int(np.flatnonzero(np.abs(x[:, 0]) > bound)[0]) for x in (heard, expected))
    assert begin >= first
    piece = heard[begin - first :][: len(expected)]
    return float(np.max(np.abs(piece - expected))) if len(piece) == len(expected) else np.inf


def heard_on_jack(jack: JackServer, player: tenuto.FilePlayer) -> tuple[np.ndarray, bool]:
    """What a recorder hears of an engine that plays it all, and whether anybody was late."""
    with tenuto.Engine("jack", channels=(0, 2)) as engine:
        engine.connect(player, engine.output)
        outputs = [port for port in jack.ports() if re.match("tenuto.*:playback", port)]
        with tenuto.Recorder(None, "jack") as listener:
            listener.start()
            jack.wire_only(outputs, client="tenuto-01")
            player.play()
            assert player.wait(10)
            time.sleep(0.2)
            take = listener.stop()
        xruns = engine.stats().xruns
    assert player.underruns == 0 and not player.troubles
    # A server that is late begins its cycles anew: no sound is lost, but time is.
    sounding = np.ones(take.frames, bool)
    for gap in take.gaps:
        sounding[gap.frame : gap.frame + gap.frames] = False
    return take.to_numpy()[sounding], bool(take.gaps or xruns)


def test_input_goes_through_a_graph_to_a_file_bit_for_bit_while_python_is_busy(
    jack: JackServer, index_player: Path
) -> None:
    recorder = tenuto.FileRecorder()
    with (
        playing(index_player, jack) as player,
        tenuto.Engine("jack", channels=(2, 2)) as engine,
    ):
        engine.connect(engine.input, tenuto.Gain(0), recorder)
        engine.connect(engine.input, tenuto.Gain(-6), engine.output)
        jack.wire_only(player.outputs)
        with busy_python(threads=2, hold_seconds=0.2):
            time.sleep(3.0)
        take = recorder.stop()
        stats = engine.stats()
    content = Content.of(take.to_numpy(), take.gaps)
    assert len(content.index) > 100_000
    assert not content.untold(jack.period)
    assert stats.callbacks * 128 == stats.frames


def test_every_node_runs_on_a_jack_server(jack: JackServer) -> None:
    recorder = tenuto.FileRecorder()
    engine = tenuto.Engine("jack", channels=(0, 2))
    bus = tenuto.Gain(-12, name="bus")
    for make in SOURCES.values():
        engine.connect(make(), bus)
    last = engine.connect(bus, tenuto.Pan(), *(make() for make in EFFECTS.values()))
    engine.connect(last, engine.output)
    engine.connect(last, recorder)
    with engine:
        time.sleep(2.0)
        heard = recorder.stop().to_numpy()
        stats = engine.stats()
    assert stats.callbacks > 600 and stats.not_finite == 0
    assert stats.load.median < 0.5
    assert np.isfinite(heard).all() and np.abs(heard[24_000:]).max() > 1e-3


def test_an_engine_plays_and_records_on_pulseaudio(pulse: PulseServer) -> None:
    source, recorder = tenuto.Source(channels=2, buffer_seconds=3), tenuto.FileRecorder()
    tone = 0.25 * np.sin(2 * np.pi * 1000 * np.arange(96_000) / 48_000)
    with tenuto.Engine("pulse", channels=(2, 2), blocksize=480) as engine:
        engine.connect(source, engine.output)
        engine.connect(engine.input, recorder)
        source.write(np.column_stack([tone, tone]))
        time.sleep(5.0)  # the monitor first renders 2 s of what was before
        heard = recorder.stop().to_numpy()[:, 0]
    # The sink's monitor: the tone, for as long as it lasted, at its level.
    sounding = np.abs(heard) > 0.01
    assert sounding.sum() > 48_000
    assert np.abs(heard).max() == pytest.approx(0.25, abs=0.01)


def test_an_engine_goes_on_when_the_jack_server_comes_back(jack: JackServer) -> None:
    source = tenuto.Source()
    with tenuto.Engine("jack", channels=(0, 2)) as engine:
        engine.connect(source, engine.output)
        wait_until(lambda: engine.frame > 4800, 5.0, "it runs")
        jack.kill()
        wait_until(lambda: engine.state == "lost", 5.0, "the loss is noticed")
        jack.start()
        before = engine.frame
        wait_until(lambda: engine.frame > before + 4800, 8.0, "it runs again")
        assert engine.state == "running"


def test_who_only_plays_on_pulseaudio_is_told_of_no_loss(pulse: PulseServer) -> None:
    # The server takes two seconds of sound at once, and then nothing for as long.
    sound = noise(4 * 48_000, 2) / 10
    with tenuto.play(sound, 48_000, blocking=False, device="pulse") as playback:
        assert playback.wait(15)
        stats = playback.engine.stats()
    assert (stats.xruns, stats.lost_frames, playback.player.underruns) == (0, 0, 0)
    assert stats.late <= stats.callbacks // 20
