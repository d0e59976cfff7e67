# SPDX-License-Identifier: MIT
"""Playing in one line, from Python and from a shell; what the extra ``formats`` adds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

import tenuto
from support.command import run
from support.players import RATE, ffmpeg_decoded, m4a, noise, played, written
from tenuto import FilePlayer, _play
from tenuto.cli import app_for
from tenuto.cli._keys import take_key
from tenuto.cli.play import Remote

# -- from Python ----------------------------------------------------------------------------------


@pytest.mark.realtime
def test_play_returns_when_everything_was_heard(tmp_path: Path) -> None:
    paths = [written(tmp_path, f"{n}.wav", noise(4800, 1, n), 44_100) for n in range(2)]
    playback = tenuto.play(paths, device="virtual")
    assert playback.engine.samplerate == 44_100  # the files' own: nothing is converted
    assert playback.player.state == "finished" and not playback.engine.is_running
    assert playback.player.current == paths[1]


@pytest.mark.realtime
def test_play_can_return_at_once_and_be_stopped() -> None:
    with tenuto.play(noise(10 * RATE), blocking=False, device="virtual", start=2.0) as playback:
        assert playback.wait(0.05) is False
        assert playback.player.state == "playing" and 2.0 <= playback.player.position < 5
    assert not playback.engine.is_running
    playback.stop()


def test_play_of_what_is_not_there_touches_no_device(tmp_path: Path) -> None:
    with pytest.raises(tenuto.FileError, match=r"nowhere\.wav"):
        tenuto.play(tmp_path / "nowhere.wav", device="no such device")


# -- from a shell ---------------------------------------------------------------------------------


@pytest.mark.realtime
def test_the_command_plays_a_list_and_tells_facts(tmp_path: Path) -> None:
    a = written(tmp_path, "a.wav", noise(4800))
    b = written(tmp_path, "b.flac", noise(4800))
    facts = json.loads(run("play", a, b, "-d", "virtual", "--json").stdout)
    assert facts["state"] == "finished" and facts["files"] == [str(a), str(b)]
    assert (facts["underruns"], facts["troubles"], facts["refused"]) == (0, [], [])
    assert "playing" in run("play", a, "-d", "virtual", "--start", "0.05", "--speed", "2").stdout


@pytest.mark.realtime
def test_a_list_with_a_broken_file_goes_on_and_ends_with_code_4(tmp_path: Path) -> None:
    a = written(tmp_path, "a.wav", noise(4800))
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    done = run("play", broken, a, "-d", "virtual", "--json", code=4)
    assert "broken.wav" in done.stderr and json.loads(done.stdout)["state"] == "finished"
    assert "broken.wav" in run("play", broken, "-d", "virtual", code=4).stderr


@pytest.mark.realtime
def test_a_hole_in_what_was_heard_is_told_and_the_exit_code_is_5(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(_: object, *rest: Any) -> tenuto.Engine:
        return real(tenuto.testing.VirtualDevice(xruns=[(480, 200)]), *rest)

    real = _play._open
    monkeypatch.setattr(_play, "_open", opened)
    a = written(tmp_path, "a.wav", noise(4800))
    arguments = ["play", str(a), "-d", "virtual", "-q"]
    done = CliRunner().invoke(app_for(arguments), arguments)
    assert done.exit_code == 5, done.output
    assert "the device lost 200 frames in 1 places" in done.output


def test_the_command_waits_for_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    a = written(tmp_path, "a.wav", noise(480))
    program = (
        "import sys, tenuto\n"
        "from tenuto.cli import app_for\n"
        "app_for(sys.argv[1:])\n"
        "assert tenuto.FilePlayer(sys.argv[2]).duration == 0.01\n"
        "unneeded = {'numpy', 'soundfile', 'soxr', 'av', 'tenuto.cli.bench', 'tenuto.cli.record'}\n"
        "print(sorted(unneeded & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", program, "play", str(a)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


def test_wrong_usage_is_told_with_its_range(tmp_path: Path) -> None:
    a = written(tmp_path, "a.wav", noise(480))
    assert "between 0.25 and 4" in run("play", a, "--speed", "9", code=2).stderr
    assert "between 0 and 0.01" in run("play", a, "--start", "5", code=2).stderr
    assert "between 1000 and 768000 Hz" in run("play", a, "--samplerate", "5", code=2).stderr


@pytest.mark.realtime
def test_keys_do_what_they_stand_for(tmp_path: Path) -> None:
    paths = [written(tmp_path, f"{n}.wav", noise(30 * RATE, 1, n)) for n in range(2)]
    with tenuto.play(paths, blocking=False, device="virtual", start=10.0) as playback:
        remote, player = Remote(playback), playback.player
        assert remote.press("right") and player.position >= 15.0
        assert remote.press("left") and player.position < 15.0
        assert remote.press("up") and player.gain_db == 1.0
        assert remote.press("down") and player.gain_db == 0.0
        assert remote.press("l") and player.loop
        assert remote.press("l") and not player.loop
        player.seek(1.0)
        remote.press("a")
        player.seek(2.0)
        remote.press("b")
        assert player._span[1] > player._span[0] >= RATE
        remote.press("a")
        assert player._span == (0, 0)
        assert remote.press("n") and player.current == paths[1]
        assert remote.press("p") and player.current == paths[0]
        assert remote.press("space") and player.state != "playing"
        assert remote.press(None) and not remote.press("q")
        remote.view(tenuto.Meter())


@pytest.mark.realtime
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_in_a_terminal_it_shows_the_place_and_obeys_keys(tmp_path: Path) -> None:
    import pty

    path = written(tmp_path, "song.wav", noise(60 * RATE))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tenuto", "play", str(path), "-d", "virtual"]
    child = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    shown = b""
    try:
        while b"1:00.0" not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, b"q")
        while True:
            try:
                more = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not more:
                break
        assert child.wait(20) == 0
    finally:
        child.kill()
        child.wait()
        os.close(ours)
    assert b"song.wav" in shown


def test_keys_are_taken_one_by_one() -> None:
    keys, rest = [], "\x1b[A\x1b[Dn q"
    while rest:
        key, rest = take_key(rest)
        keys.append(key)
    assert keys == ["up", "left", "n", "space", "q"]


# -- formats and tags -----------------------------------------------------------------------------


def test_m4a_is_played_as_ffmpeg_decodes_it(tmp_path: Path) -> None:
    path = m4a(tmp_path / "a.m4a", noise(2 * RATE))
    expected = ffmpeg_decoded(path)
    player = FilePlayer(path)
    sound = played(player, 2.5)
    there = min(len(expected), len(sound))
    # Other builds of FFmpeg may round the last bit of a float differently.
    assert np.allclose(sound[:there], expected[:there], atol=1e-6)
    assert there >= 2 * RATE and not player.troubles
    player = FilePlayer(path)
    player.seek(frame=50_000)
    assert np.allclose(played(player, 0.2)[240:9600], expected[50_240:59_600], atol=1e-6)


def test_without_pyav_the_message_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = m4a(tmp_path / "a.m4a", noise(RATE))
    monkeypatch.setattr("tenuto._playback.pyav.is_there", lambda: False)
    with pytest.raises(tenuto.FileError, match=r"tenuto\[formats\]"):
        FilePlayer(path)
    with pytest.raises(tenuto.TenutoError, match=r"tenuto\[formats\]"):
        FilePlayer(noise(100), samplerate=RATE, keep_pitch=True)


def test_info_tells_tags_and_pictures(tmp_path: Path) -> None:
    mutagen = pytest.importorskip("mutagen")
    from mutagen.flac import Picture

    flac = written(tmp_path, "a.flac", noise(4800))
    tags = mutagen.File(str(flac))
    tags["title"], tags["artist"] = "Long Note", "The Holders"
    picture = Picture()
    picture.mime, picture.data = "image/png", b"\x89PNG not really"
    tags.add_picture(picture)
    tags.save()
    wav = written(tmp_path, "b.wav", noise(4800))
    file = mutagen.File(str(wav))
    file.add_tags()
    file.tags.add(mutagen.id3.TIT2(encoding=3, text="In a WAV"))
    file.save()
    mp4 = m4a(tmp_path / "c.m4a", noise(RATE))
    file = mutagen.File(str(mp4), easy=True)
    file["title"] = "In MPEG-4"
    file.save()
    facts = json.loads(run("info", flac, wav, mp4, "--json").stdout)
    assert facts[0]["tags"] == {"title": "Long Note", "artist": "The Holders"}
    assert facts[0]["pictures"] == [{"mime": "image/png", "bytes": 15}]
    assert facts[1]["tags"] == {"title": "In a WAV"}
    assert facts[2]["tags"]["title"] == "In MPEG-4"
    assert (facts[2]["subtype"], facts[2]["channels"]) == ("AAC", 2)
    assert facts[2]["seconds"] == pytest.approx(1.0, abs=0.1)
    assert "title: Long Note" in run("info", flac).stdout
    assert soundfile.info(str(wav)).frames == 4800
