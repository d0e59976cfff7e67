# SPDX-License-Identifier: MIT
"""``tenuto play``."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .._errors import FileError
from ._exit_codes import FILE, GAPS

if TYPE_CHECKING:
    from .._nodes.base import Node
    from .._nodes.meter import Meter
    from .._play import Playback

_REFRESH_SECONDS = 0.1
_SKIP_SECONDS = 5.0
_STEP_DB = 1.0


def play(
    paths: list[Path] = typer.Argument(help="Sound files, played without a gap.", metavar="FILE..."),
    device: str | None = typer.Option(None, "--device", "-d", help="Number, piece of a name, back end, or virtual."),
    gain: float = typer.Option(0.0, "--gain", "-g", help="Louder by so many dB, -120 to 20."),
    eq: str | None = typer.Option(None, "--eq", help="Preset of the equalizer, for instance: vocal"),
    chain: Path | None = typer.Option(None, "--chain", help="A chain of nodes, from a TOML file."),
    loop: bool = typer.Option(False, "--loop", "-l", help="The list over and over."),
    start: float = typer.Option(0.0, "--start", "-s", help="Where to begin in the first file, in seconds."),
    speed: float = typer.Option(1.0, "--speed", help="0.25 to 4."),
    keep_pitch: bool = typer.Option(False, "--keep-pitch", help="Another speed, but the same pitch."),
    shuffle: bool = typer.Option(False, "--shuffle", help="In a random order."),
    samplerate: int | None = typer.Option(None, "--samplerate", "-r", help="Of the device, in hertz; default: the first file's."),
    blocksize: int = typer.Option(0, "--blocksize", "-b", help="Frames per callback; 0: up to the device."),
    as_json: bool = typer.Option(False, "--json", help="Print the facts as JSON at the end, nothing else."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress, no meters."),
) -> None:  # fmt: skip
    """Play sound files: every format that libsndfile reads, with the extra `formats` FFmpeg's too.

    Keys: space pauses; left and right go 5 s back and on; up and down change the volume; n and p
    go to the next file and the one before; l plays the file over and over; a and b set the ends of
    a part to be repeated, a third time ends that; q quits.

    A file that cannot be played is told and left out; the exit code is 4 then. It is 5 when all
    were played, but not without a hole: reading was too slow, or the device lost something.

    Example: tenuto play side-a/*.flac --eq "bass boost" --gain -3
    """
    from .._nodes.meter import Meter
    from .._play import Playback

    began = time.monotonic()
    player, refused = _list(paths, gain, speed, keep_pitch)
    player.repeat = loop
    if shuffle:
        player.shuffle = True
    if start:
        player.seek(start)
    nodes: list[Node] = []
    if chain is not None or eq is not None:
        from .render import chain_of

        nodes = chain_of(chain, eq, None, None)
    meter = Meter(true_peak=False)
    nodes.append(meter)
    wanted = int(device) if device is not None and device.isdecimal() else device
    with Playback(player, wanted, nodes, samplerate=samplerate, blocksize=blocksize) as playback:
        opened = time.monotonic() - began
        with contextlib.suppress(KeyboardInterrupt):  # that is one way to end it
            _watch(playback, meter, show=not (quiet or as_json))
        facts = _facts(playback, opened)
    facts["refused"] = refused
    if as_json:
        from . import _output

        _output.print_json(facts)
    for trouble in player.troubles:
        print(f"tenuto: {trouble}", file=sys.stderr)
    if player.underruns:
        print(f"tenuto: reading was too slow {player.underruns} times", file=sys.stderr)
    xruns, lost = facts["stats"]["xruns"], facts["stats"]["lost_frames"]
    if xruns:
        print(f"tenuto: the device lost {lost} frames in {xruns} places", file=sys.stderr)
    if refused or player.troubles:
        raise typer.Exit(FILE)
    if player.underruns or xruns:
        raise typer.Exit(GAPS)


def _list(paths: list[Path], gain: float, speed: float, keep_pitch: bool) -> Any:
    """A player with all files that can be played, and what was said of the others."""
    from .._nodes.player import FilePlayer

    player = FilePlayer(gain_db=gain, speed=speed, keep_pitch=keep_pitch)
    refused = []
    for path in paths:
        try:
            player.queue(path)
        except FileError as error:
            if len(paths) == 1:
                raise
            print(f"tenuto: {error}", file=sys.stderr)
            refused.append(str(error))
    if not player.playlist:
        raise FileError("none of these files can be played")
    return player, refused


def _watch(playback: Playback, meter: Meter, *, show: bool) -> None:
    from . import _output
    from ._keys import Keys

    out = _output.console()
    player, engine = playback.player, playback.engine
    if not show or not out.is_terminal:
        said = None
        while True:
            if show and player.current != said:
                said = player.current
                out.print(f"playing {said} on {engine.device} ({engine.backend})", markup=False)
            if playback.wait(_REFRESH_SECONDS) or not engine.is_running:
                return
    from rich.live import Live

    remote = Remote(playback)
    with Keys() as keys, Live(console=out, auto_refresh=False, transient=True) as live:
        while player.state != "finished" and engine.is_running:
            live.update(remote.view(meter), refresh=True)
            if not remote.press(keys.get(_REFRESH_SECONDS)):
                return
    playback.wait()


class Remote:
    """What keys do, and what is shown."""

    def __init__(self, playback: Playback) -> None:
        self._player, self._engine = playback.player, playback.engine
        self._a: float | None = None
        self._b: float | None = None
        self._titles: dict[Path | None, str] = {None: "an array"}

    def press(self, key: str | None) -> bool:
        """Do what a key stands for; False: to quit."""
        player = self._player
        if key == "q":
            return False
        if key == "space":
            player.play() if player.state != "playing" else player.pause()
        elif key in ("left", "right"):
            to = player.position + (_SKIP_SECONDS if key == "right" else -_SKIP_SECONDS)
            player.seek(min(max(0.0, to), player.duration or float("inf")))
        elif key in ("up", "down"):
            to = player.gain_db + (_STEP_DB if key == "up" else -_STEP_DB)
            player.gain_db = min(max(-120.0, to), 20.0)
        elif key == "n":
            self._forget_part()
            player.next()
        elif key == "p":
            self._forget_part()
            player.previous()
        elif key == "l":
            player.loop = not player.loop
        elif key in ("a", "b"):
            self._mark(key)
        return True

    def _mark(self, key: str) -> None:
        if self._a is not None and self._b is not None:
            return self._forget_part()
        if key == "a":
            self._a = self._player.position
        elif self._a is not None:
            self._b = self._player.position
        if self._a is not None and self._b is not None:
            try:
                self._player.ab_repeat(self._a, self._b)
            except ValueError:  # b in front of a, or too close to it
                self._forget_part()

    def _forget_part(self) -> None:
        if self._b is not None:
            self._player.ab_repeat()
        self._a = self._b = None

    def view(self, meter: Meter) -> Any:
        """Title, place and levels."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        from . import _output

        player = self._player
        here, length = player.position, player.duration
        head = Text(self._title(player.current), style="bold")
        line = Table.grid(padding=(0, 1))
        whole = _output.clock(length) if length is not None else "–"
        mark = "▶" if player.state == "playing" else "⏸"
        bar = ProgressBar(total=length or 1.0, completed=here if length else 0.0, width=40)
        line.add_row(mark, _output.clock(here), bar, whole, self._how())
        rows = [_output.meter(level) for level in meter.levels]
        keys = Text("space ←→ ↑↓ n p l a b q", style="dim")
        return Group(head, line, *rows, keys)

    def _how(self) -> str:
        player = self._player
        order = player.playlist
        parts = []
        if len(order) > 1:
            place = order.index(player.current) + 1 if player.current in order else 1
            parts.append(f"{place}/{len(order)}")
        if player.gain_db:
            parts.append(f"{player.gain_db:+g} dB")
        if player.speed != 1:
            parts.append(f"×{player.speed:g}")
        if player.loop:
            parts.append("loop")
        if self._a is not None:
            parts.append("A–B" if self._b is not None else "A–")
        if player.underruns:
            parts.append(f"ran dry {player.underruns}")
        return "  ".join(parts)

    def _title(self, path: Path | None) -> str:
        if path not in self._titles:
            from .._playback.tags import read_tags

            assert path is not None
            tags = read_tags(path)
            title = " – ".join(tags[name] for name in ("artist", "title") if name in tags)
            self._titles[path] = title or path.name
        return self._titles[path]


def _facts(playback: Playback, opened: float) -> dict[str, Any]:
    player, engine = playback.player, playback.engine
    return {
        "files": [str(path) for path in player.playlist],
        "device": engine.device,
        "backend": engine.backend,
        "samplerate": engine.samplerate,
        "state": player.state,
        "current": str(player.current),
        "position": player.position,
        "seconds_to_start": opened,
        "underruns": player.underruns,
        "troubles": list(player.troubles),
        "stats": dataclasses.asdict(engine.stats()),
    }
