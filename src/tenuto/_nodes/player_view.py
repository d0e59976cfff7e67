# SPDX-License-Identifier: MIT
"""What a player tells of itself."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from .. import _core
from .._async import until
from .._errors import FileError, TenutoError
from .._playback.deck import PlayerDeck
from .._playback.media import Media
from .base import Instance, Node, Schedule, current_schedule

_PAUSE = 0.005
FADE_SECONDS = 0.005  # as core/dsp/player.h has it


class PlayerView(Node):
    """The read-only half of `tenuto.FilePlayer`."""

    def _prepare_view(self) -> None:
        self._owner = _core.process_id()
        self._media: list[Media] = []
        self._order: list[int] = []
        self._decks: list[weakref.ref[PlayerDeck]] = []
        self._troubles: list[str] = []
        self._playing = False
        self._is_over = False  # everything was played when the last engine ended
        self._start = (0, 0)  # what was asked for last: item, frame of the file
        self._latency: Callable[[], float] | None = None  # seconds from here to the ear
        self._stopping: Schedule | None = None  # when it has been: back to the begin

    @property
    def playlist(self) -> tuple[Path | None, ...]:
        """Everything that was queued, in the order of playing; None stands for an array."""
        return tuple(self._media[item].path for item in self._order)

    @property
    def current(self) -> Path | None:
        """The file that is being played (or will be first); None for an array, or for nothing."""
        item = self._place()[0]
        return self._media[item].path if item < len(self._media) else None

    @property
    def state(self) -> Literal["stopped", "playing", "paused", "finished"]:
        """What it is doing; ``"finished"``: everything was played."""
        self._go_back_if_due()
        deck = self._deck()
        state = deck.core.state() if deck is not None else None
        is_over = self._is_over
        if state is not None:
            is_over = state["is_at_end"] and not state["is_seeking"]
        if is_over:
            return "finished"
        if self._playing:
            return "playing"
        return "stopped" if self._place() == (self._order[0] if self._order else 0, 0) else "paused"

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until everything is played, or it is paused or stopped.

        Parameters
        ----------
        timeout : float, optional
            In seconds; None waits as long as it takes.

        Returns
        -------
        bool
            True when it is finished.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while self.state == "playing" and (end is None or time.monotonic() < end):
            time.sleep(_PAUSE)
        return self.state == "finished"

    async def finished(self) -> bool:
        """Wait like `wait`, while the event loop goes on: ``await player.finished()``."""
        await until(lambda: self.state != "playing")
        return self.state == "finished"

    @property
    def position(self) -> float:
        """What leaves the engine now, in seconds from the begin of the current file.

        Look-ahead and the like behind the player are taken off; what the device itself adds is not
        known here.
        """
        item, frame = self._place(heard=True)
        return frame / self._media[item].samplerate if item < len(self._media) else 0.0

    @property
    def position_frames(self) -> int:
        """The same in frames of the current file at its own rate, exact to the frame."""
        return self._place(heard=True)[1]

    @property
    def duration(self) -> float | None:
        """Length of the current file in seconds; None when it does not tell."""
        item = self._place()[0]
        return self._media[item].seconds if item < len(self._media) else None

    @property
    def duration_frames(self) -> int | None:
        """Length of the current file in frames, at its own rate; None when it does not tell."""
        item = self._place()[0]
        return self._media[item].frames if item < len(self._media) else None

    @property
    def samplerate(self) -> int | None:
        """Of the current file, in hertz; None when nothing is queued."""
        item = self._place()[0]
        return self._media[item].samplerate if item < len(self._media) else None

    @property
    def underruns(self) -> int:
        """How often there was nothing to play because reading was too slow."""
        deck = self._deck()
        return int(deck.core.state()["underruns"]) if deck is not None else 0

    @property
    def troubles(self) -> tuple[str, ...]:
        """What went wrong with files while they were played; the list went on."""
        for deck in self._living():
            for item, what in deck.core.troubles():
                text = os.fsdecode(what).rstrip(". ")
                self._troubles.append(f"{self._media[item].name}: {text}")
        return tuple(self._troubles)

    def _place(self, *, heard: bool = False) -> tuple[int, int]:
        """Item and frame of the file that come next; `heard`: that come out of the device now."""
        self._go_back_if_due()
        deck = self._deck()
        if deck is None:
            return self._start
        state = deck.core.state()
        if state["is_seeking"]:
            return self._start
        frame = float(state["frame"])
        if heard and state["is_sounding"] and self._latency is not None:
            frame = max(0.0, frame - self._latency() * deck.samplerate)
        return int(state["item"]), round(frame * state["step"])

    def _deck(self) -> PlayerDeck | None:
        """The one that counts: of the engine that came last."""
        living = self._living()
        return living[-1] if living else None

    def _living(self) -> list[PlayerDeck]:
        self._decks = [ref for ref in self._decks if ref() is not None]
        return [deck for ref in self._decks if (deck := ref()) is not None]

    def _playing_media(self, what: str) -> Media:
        item = self._place()[0]
        if item >= len(self._media):
            raise FileError(f"{what}: nothing is queued in this player")
        return self._media[item]

    def _begin(self, instance: Instance) -> None:
        owner = self._engine

        def latency() -> float:
            engine = owner() if owner is not None else None
            if engine is None:
                return 0.0
            graph = engine._graph
            return (graph.latency_frames() - graph.latency_frames(self)) / engine.samplerate

        self._latency = latency

    def _poll(self, instance: Instance) -> None:
        self._go_back_if_due()

    def _go_back_if_due(self) -> None:
        """After a stop that was scheduled, when it has faded out."""
        stopping, deck = self._stopping, self._deck()
        if stopping is None or deck is None:
            return
        if stopping.is_past(round(FADE_SECONDS * deck.samplerate) + 1):
            self._stopping = None
            self._go(self._order[0], 0)

    def _go(self, item: int, frame: int) -> None:
        self._check_process()
        self._start, self._is_over = (item, frame), False
        for deck in self._living():
            deck.core.seek(item, frame)

    def _acts_at_once(self, what: str) -> None:
        if current_schedule.get() is not None and self._living():
            raise TenutoError(
                f"{self.name}: {what} takes effect at once and cannot be scheduled with at(); "
                "play, pause, stop and gain_db can"
            )

    def _most_at_once(self) -> int:
        return min((deck.ring_frames // 2 for deck in self._living()), default=1 << 30)

    def _wait_for_disk(self, frames: int) -> None:
        self._go_back_if_due()
        # Also when it does not play: it may be about to, at a frame of these.
        for deck in self._living() if self._media else ():
            deck.wait_until_ready(frames)

    def _check_process(self) -> None:
        if self._owner != _core.process_id():
            raise TenutoError(
                "this player belongs to the process that made it (this is a forked child): make a "
                "new one here"
            )


class PlayerInstance(Instance):
    """A core player, and what feeds it."""

    def __init__(
        self, core: Any, targets: list[float], samplerate: float, deck: PlayerDeck
    ) -> None:
        super().__init__(core, targets, samplerate)
        self.deck = deck
