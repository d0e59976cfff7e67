# SPDX-License-Identifier: MIT
"""Rendering: arrays and files in, arrays and files out; chains in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import tenuto
from support.every_node import EFFECTS


def noise(frames: int, channels: int = 2) -> Any:
    return np.random.default_rng(3).uniform(-0.5, 0.5, (frames, channels)).astype(np.float32)


def test_an_array_comes_out_as_it_went_in_through_nothing() -> None:
    x = noise(70_000)
    np.testing.assert_array_equal(tenuto.render(x, tenuto.Gain(), samplerate=8000), x)


def test_a_file_is_rendered_like_the_array_in_it(tmp_path: Path) -> None:
    x = noise(100_000)
    soundfile.write(tmp_path / "in.wav", x, 44100, "FLOAT")
    take = tenuto.render(
        tmp_path / "in.wav", tenuto.Gain(-6), tmp_path / "out.wav", subtype="FLOAT"
    )
    y, rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert (take.frames, take.samplerate, rate) == (100_000, 44100, 44100)
    np.testing.assert_array_equal(y, tenuto.render(x, tenuto.Gain(-6), samplerate=44100))


def test_any_graph_can_be_rendered() -> None:
    def build(eng: Any) -> None:
        eng.connect(eng.input, eng.output)
        eng.connect(eng.input, tenuto.Gain(-6.0206), eng.output)

    x = noise(1000, 1)
    assert tenuto.render(x, build, samplerate=48000) == pytest.approx(x * 1.5, abs=1e-5)


def test_a_branch_is_recorded_while_rendering(tmp_path: Path) -> None:
    branch = tenuto.FileRecorder(tmp_path / "dry.wav", subtype="FLOAT")

    def build(eng: Any) -> None:
        eng.connect(eng.input, tenuto.Gain(-20), eng.output)
        eng.connect(eng.input, branch)

    x = noise(300_000)
    tenuto.render(x, build, samplerate=8000)
    np.testing.assert_array_equal(soundfile.read(tmp_path / "dry.wav", dtype="float32")[0], x)


def test_progress_goes_up_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    tenuto.render(noise(150_000), tenuto.Gain(), progress=lambda *step: seen.append(step))
    assert seen[-1] == (150_000, 150_000) and sorted(seen) == seen and len(seen) > 1


@pytest.mark.parametrize("content", [b"", b"no sound at all" * 100, b"RIFF\x24\x00\x00\x00WAVE"])
def test_what_is_no_sound_is_refused_and_nothing_is_written(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in.wav").write_bytes(content)
    with pytest.raises(tenuto.FileError, match=r"in\.wav"):
        tenuto.render(tmp_path / "in.wav", tenuto.Gain(), tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()


def test_an_empty_sound_file_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "in.wav", np.zeros((0, 1)), 48000)
    with pytest.raises(tenuto.FileError, match="holds no sound"):
        tenuto.render(tmp_path / "in.wav", tenuto.Gain())


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "out.wav").write_text("mine")
    with pytest.raises(tenuto.FileError, match="exists already"):
        tenuto.render(noise(10), tenuto.Gain(), tmp_path / "out.wav")
    assert (tmp_path / "out.wav").read_text() == "mine"


def test_another_samplerate_than_the_files_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "in.wav", noise(100), 44100)
    with pytest.raises(tenuto.FileError, match="44100 Hz, not 48000 Hz"):
        tenuto.render(tmp_path / "in.wav", tenuto.Gain(), samplerate=48000)


@pytest.mark.parametrize(
    ("source", "words"),
    [(np.zeros((2, 2, 2)), "shape"), (["a"], "no sound"), ([1j], "complex"), (None, "seconds=")],
)
def test_what_is_no_array_of_sound_is_refused(source: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tenuto.render(source, tenuto.Gain())


def test_a_chain_comes_back_from_its_file(tmp_path: Path) -> None:
    tenuto.Chain([tenuto.Gain(-3), tenuto.Gain(2.5)]).save(tmp_path / "voice.toml")
    chain = tenuto.Chain.load(tmp_path / "voice.toml")
    assert [node.gain_db for node in chain] == [-3, 2.5]  # type: ignore[attr-defined]
    with pytest.raises(tenuto.FileError, match="exists already"):
        chain.save(tmp_path / "voice.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[node]]\ntype = 'Gian'", r"node 1: type = 'Gian' is no node; possible: .*Gain"),
        ("[[node]]\ntype = 'Gain'\ngain = 3", r'node 1 \(Gain\): the key "gain" is not known'),
        ("[[node]]\ntype = 'Gain'\ngain_db = 300", r"Gain.gain_db=300: must be between"),
        ("[[node]]\ntype = 'Gain'\ngain_db = 'loud'", r"Gain.gain_db='loud'"),
        ("[[node]]\ngain_db = 3", r'node 1: the key "type" is missing'),
        ("[[nodes]]", r'the key "nodes" is not known'),
        ("node = 3", r'"node" must be a list'),
        ("[[node", "no TOML"),
    ],
)
def test_a_bad_chain_file_is_refused_by_its_key(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(tenuto.FileError, match=words):
        tenuto.Chain.load(tmp_path / "bad.toml")


# -- changes at exact frames ----------------------------------------------------------------------


def test_a_function_that_builds_is_called_once_and_its_changes_come_in_time() -> None:
    calls = []

    def build(offline: tenuto.Offline) -> None:
        gain, tone = tenuto.Gain(), tenuto.Oscillator(playing=False)
        offline.connect(offline.input, gain, offline.output)
        offline.connect(tone, tenuto.Pan(), offline.output)  # wider than the first
        with offline.at(1000):
            gain.gain_db = -120
            offline.connection(gain, offline.output).gain_db = 6
        with offline.at(2000):
            tone.start()
        calls.append(offline)

    sound = tenuto.render(np.ones(3000), build, samplerate=48_000)
    assert len(calls) == 1 and sound.shape == (3000, 2)
    assert np.array_equal(sound[:1000], np.ones((1000, 2)))
    assert not sound[1600:2000].any() and sound[2000:].any()


def test_there_is_room_for_any_number_of_changes() -> None:
    gain = tenuto.Gain()
    events = [(n, gain, {"gain_db": -6.0 * (n % 2)}) for n in range(20_000)]
    events += [(20_000, gain, {"gain_db": -120.0})]
    sound = tenuto.render(np.ones(48_000), gain, samplerate=48_000, events=events)
    assert sound[19_999] > 0.4 and not sound[21_000:].any()


def test_whatever_can_be_set_can_be_scheduled() -> None:
    delay, mixer = tenuto.Delay(0.01, mix=1), tenuto.Mixer(1, 1)
    click = np.zeros(9600)
    click[[0, 4800]] = 1
    events = [(2400, delay, {"delay_frames": 96}), (4000, mixer, {"gains_db": [[-120.0]]})]
    sound = tenuto.render(click, [delay], samplerate=48_000, events=events[:1])[:, 0]
    assert np.flatnonzero(sound > 0.5).tolist() == [480, 4896]
    sound = tenuto.render(np.ones(9600), [mixer], samplerate=48_000, events=events[1:])[:, 0]
    assert sound[3999] == 1 and not sound[5000:].any()
    with pytest.raises(TypeError, match="it has feedback, mix, delay_frames, seconds"):
        tenuto.render(click, [delay], events=[(0, delay, {"wet": 1})])


def test_what_is_not_in_the_graph_cannot_be_scheduled() -> None:
    other = tenuto.Gain()
    with pytest.raises(tenuto.GraphError, match="not in this engine: connect it first"):
        tenuto.render(np.ones(100), tenuto.Gain(), events=[(10, other, {"gain_db": -20})])
    assert other.gain_db == 0


@pytest.mark.parametrize("blocksize", [1, 7, 1000])
def test_the_blocksize_does_not_change_the_result(blocksize: int) -> None:
    sound = np.random.default_rng(1).uniform(-1, 1, (5000, 2))
    nodes = [make() for make in EFFECTS.values()]
    expected = tenuto.render(sound, nodes, samplerate=48_000)
    again = tenuto.render(sound, nodes, samplerate=48_000, blocksize=blocksize)
    assert np.array_equal(again, expected)


def test_how_late_a_limiter_is_can_be_asked_for() -> None:
    for samplerate in (44_100, 48_000, 96_000):
        limiter = tenuto.Limiter(lookahead_seconds=0.003)
        device = tenuto.testing.VirtualDevice(clocked=False)
        with tenuto.Engine(device, samplerate=samplerate, channels=(1, 1)) as engine:
            engine.connect(engine.input, limiter, engine.output)
            assert engine.latency_frames == limiter.latency_frames_at(samplerate)
            assert (engine.channels, engine.samplerate) == ((1, 1), samplerate)
