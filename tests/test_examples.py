# SPDX-License-Identifier: MIT
"""Every example program runs to its end on the virtual device and says what it should."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))
OFFLINE = ("state_variable_filter",)
NEEDS = {"ring_modulator": "numba", "state_variable_filter": "numba"}

# What the last line of an example says, where the number is known.
SAYS = {
    "live_spectrogram": r"0 frames lost; the loudest band: 995 to 1093 Hz, -\d dB$",
    "voice_gate": r"^1 pieces in 2 s, 0 frames lost$",
    "pedalboard_node": r"^\d+ blocks of 12.5 ms, .* recorded \d\.\d s, peak 0\.[1-4]|^skipped: ",
    "stream_16k": r"^sent 16000 frames, 16000 arrived, 0 were lost$|^skipped: ",
    "live_equalizer": r"^\d+ callbacks, ",
    "feed_from_python": r"^recorded \d\.\d s; ",
    "measure_room": r"gaps: 0$",
}


def run(example: str, *arguments: str) -> list[str]:
    """The lines that it prints; warnings are errors, as everywhere in the tests."""
    path = next(path for path in EXAMPLES if path.stem == example)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def sound_file(folder: Path, samples: np.ndarray) -> str:
    """As the name of a device that feeds it."""
    path = folder / "input.wav"
    soundfile.write(path, samples, 48_000)
    return f"virtual:{path}"


@pytest.mark.parametrize(
    "example",
    [path.stem for path in EXAMPLES if path.stem not in ("live_spectrogram", "voice_gate")],
)
def test_an_example_runs_to_its_end_and_says_so(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what it writes stays here
    if example in NEEDS:
        pytest.importorskip(NEEDS[example])
    device = "virtual:loopback" if example == "measure_room" else "virtual"
    arguments = () if example in OFFLINE else ("--seconds", "1", "--device", device)
    lines = run(example, *arguments)
    assert lines and re.search(SAYS.get(example, r"\d"), lines[-1]), lines


def test_the_spectrogram_shows_a_tone_in_the_band_that_it_lies_in(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)
    lines = run("live_spectrogram", "--seconds", "0.5", "--device", sound_file(tmp_path, tone))
    assert re.search(SAYS["live_spectrogram"], lines[-1]), lines[-1]
    column = int(np.searchsorted(np.geomspace(60, 24_000, 65), 1000)) - 1
    assert all(line[column] in "%@" and line[0] == " " for line in lines[:8])


def test_the_gate_keeps_speech_with_what_came_before_it(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    sound = chance.normal(0, 0.001, 96_000)  # a room of -60 dB
    sound[38_400:57_600] += 0.2 * np.sin(2 * np.pi * 300 * np.arange(19_200) / 48_000)
    device, folder = sound_file(tmp_path, sound), tmp_path / "speech"
    lines = run("voice_gate", "--seconds", "2", "--device", device, "--folder", str(folder))
    assert re.search(SAYS["voice_gate"], lines[-1]), lines
    (path,) = folder.iterdir()
    speech, rate = soundfile.read(path)
    # 0.3 s from before, 0.4 s of speech, 0.5 s of quiet; blocks of 20 ms.
    assert (rate, len(speech) / rate) == (16_000, pytest.approx(1.2, abs=0.02))
    assert np.abs(speech[:4_700]).max() < 0.01 and np.abs(speech[4_900:5_100]).max() > 0.15
