# SPDX-License-Identifier: MIT
"""A player goes on: with broken files, slow disks, very long files, and lets go of everything."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tenuto
from support.players import FADE, RATE, Rig, index, noise, played, written
from support.reading_disk import ReadingDisk
from tenuto import FilePlayer, _core

# -- what can go wrong ----------------------------------------------------------------------------


def test_wrong_arguments_are_refused_with_their_range(tmp_path: Path) -> None:
    player = FilePlayer(noise(RATE), samplerate=RATE)
    with pytest.raises(ValueError, match=r"speed=5.*between 0.25 and 4"):
        player.speed = 5
    with pytest.raises(ValueError, match=r"seconds=1.5.*between 0 and 1 s"):
        player.seek(1.5)
    with pytest.raises(ValueError, match="either seconds or frame"):
        player.seek()
    with pytest.raises(ValueError, match="the file ends at 1"):
        player.ab_repeat(0.5, 1.5)
    with pytest.raises(ValueError, match="at least 1 ms"):
        player.ab_repeat(0.5, 0.5001)
    with pytest.raises(ValueError, match="ring_seconds"):
        FilePlayer(ring_seconds=0.1)
    with pytest.raises(ValueError, match="samplerate=None"):
        FilePlayer(noise(10))
    with pytest.raises(tenuto.FileError, match="nothing is queued"):
        FilePlayer().seek(0.0)


def bad_files(folder: Path) -> Iterator[Path]:
    good = written(folder, "good.wav", noise(100)).read_bytes()
    for name, content in {
        "empty.wav": b"",
        "text.mp3": b"this is no sound\n" * 100,
        "cut.wav": good[:20],
        "zeros.flac": bytes(5000),
    }.items():
        path = folder / name
        path.write_bytes(content)
        yield path
    yield folder
    yield folder / "nowhere.wav"
    os.mkfifo(folder / "pipe.wav")
    yield folder / "pipe.wav"


def test_what_is_no_sound_is_refused_by_a_file_error_that_names_it(tmp_path: Path) -> None:
    for path in bad_files(tmp_path):
        with pytest.raises(tenuto.FileError, match=path.name):
            FilePlayer(path)


def test_files_that_vanish_or_break_are_told_and_the_list_goes_on(tmp_path: Path) -> None:
    whole = noise(30_000, 1)
    vanishing = written(tmp_path, "vanishing.wav", whole)
    cut = written(tmp_path, "cut.flac", whole, subtype="PCM_16")
    in_cut, _ = soundfile.read(str(cut), dtype="float32", always_2d=True)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    good = written(tmp_path, "good.wav", whole, subtype="FLOAT")
    player = FilePlayer(vanishing)
    player.queue(cut)
    player.queue(good)
    vanishing.unlink()
    sound = played(player, 1.5)
    begin = next(n for n in range(30_000) if np.array_equal(sound[n : n + 30_000], whole))
    assert 10_000 < begin < 20_000  # about half of the file that was cut off
    assert np.array_equal(sound[:begin], in_cut[:begin])
    assert not sound[begin + 30_000 :].any()
    first, second = player.troubles
    assert "vanishing.wav" in first and "No such file" in first
    assert "cut.flac" in second and f"after {begin} of 30000 frames" in second
    assert (player.state, player.current) == ("finished", good)


def test_a_disk_that_stalls_for_less_than_the_ring_is_not_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = ReadingDisk(monkeypatch)
    sound = noise(12 * RATE, 1)
    rig = Rig(FilePlayer(written(tmp_path, "a.wav", sound, subtype="FLOAT")))
    rig.player.play()
    first = rig.run(RATE)
    until = time.monotonic() + 20
    while rig.player._living()[-1].core.state()["ready_frames"] < 9.9 * RATE:
        assert time.monotonic() < until
        time.sleep(0.001)
    disk.shut()
    stalled = rig.run(round(9.8 * RATE), wait=False)
    assert rig.player.underruns == 0
    disk.open()
    heard = np.concatenate([first, stalled, rig.run(RATE)])
    assert np.array_equal(heard, sound[: len(heard)])


def test_a_disk_that_stalls_for_longer_is_counted_once_and_nothing_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = ReadingDisk(monkeypatch)
    sound = index(12 * RATE)
    rig = Rig(FilePlayer(written(tmp_path, "a.wav", sound, subtype="FLOAT"), ring_seconds=1.0))
    rig.player.play()
    rig.run(RATE)
    disk.shut()
    stalled = rig.run(3 * RATE, wait=False)
    assert rig.player.underruns == 1 and not stalled[-RATE:].any()
    assert np.max(np.abs(np.diff(stalled[:, 0]))) < 0.05 / FADE  # it was faded
    place = rig.player.position_frames
    disk.open()
    rest = rig.run(RATE)
    assert np.array_equal(rest[FADE:], sound[place + FADE : place + RATE])
    assert rig.player.underruns == 1


# -- size -----------------------------------------------------------------------------------------


def test_a_file_of_twelve_hours_opens_at_once_and_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    frames = 12 * 3600 * RATE
    with soundfile.SoundFile(str(path), "w", RATE, 2, "PCM_16", format="RF64") as file:
        file.write(np.zeros((16, 2), np.float32))
    header = bytearray(path.read_bytes())[: -16 * 4]
    size = frames * 4
    place = header.index(b"ds64") + 8
    header[place : place + 24] = b"".join(
        int(value).to_bytes(8, "little") for value in (len(header) + size - 8, size, frames)
    )
    with path.open("wb") as raw:  # the samples are a hole in the file
        raw.write(header)
        raw.truncate(len(header) + size)
    before = resident_bytes()
    begin = time.monotonic()
    player = FilePlayer(path)
    rig = Rig(player)
    player.play()
    rig.run(512)
    seconds = time.monotonic() - begin
    assert player.duration == 12 * 3600
    player.seek(11 * 3600.0)
    rig.run_until_there()
    rig.run(20 * RATE)
    assert player.position == pytest.approx(11 * 3600 + 20, abs=0.2)
    assert resident_bytes() - before < 60e6
    # Most of it is the ring's allocation; no bound in a test of its own would be honest on a busy
    # machine, but a scan of the file would take many seconds.
    assert seconds < 2


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


# -- endings --------------------------------------------------------------------------------------


def test_players_that_nobody_owns_are_let_go_with_their_threads_and_files(tmp_path: Path) -> None:
    gc.collect()
    before = _core.served_players()
    path = written(tmp_path, "a.wav", noise(RATE, 1, 3), 44_100)
    rig = Rig(FilePlayer(path))
    rig.player.play()
    rig.run(1000)
    assert any(t.name == "tenuto-player" for t in threading.enumerate())
    assert _core.served_players() >= 1
    del rig
    until = time.monotonic() + 20
    while _core.served_players() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert _core.served_players() <= before
    assert not any(t.name == "tenuto-player" for t in threading.enumerate())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_is_refused_and_the_parent_plays_on(tmp_path: Path) -> None:
    sound = noise(RATE, 1)
    rig = Rig(FilePlayer(written(tmp_path, "a.wav", sound, subtype="FLOAT")))
    rig.player.play()
    first = rig.run(1000)
    child = os.fork()
    if child == 0:
        try:
            rig.player.seek(0.0)
        except tenuto.TenutoError as error:
            os._exit(0 if "forked child" in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert np.array_equal(np.concatenate([first, rig.run(2000)]), sound[:3000])
