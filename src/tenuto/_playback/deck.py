# SPDX-License-Identifier: MIT
"""One player in one engine: its core deck, and the worker that helps it."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import _core, _sndfile
from .convert import Converter
from .media import Media
from .worker import Worker

_WORKER_SECONDS = 2.0  # how far a worker is ahead of the ring
_RESERVE_SECONDS = 0.5  # of the ring, for jumps
_SLACK_SECONDS = 0.15


@dataclass(frozen=True)
class Rules:
    """In which order, and what again."""

    order: tuple[int, ...] = ()
    repeat: bool = False
    loop: bool = False
    span_item: int = 0
    span: tuple[int, int] = (0, 0)


class PlayerDeck:
    """Feeds one core player."""

    def __init__(self, samplerate: float, channels: int, ring_seconds: float) -> None:
        self.samplerate = samplerate
        self.ring_frames = round(ring_seconds * samplerate)
        reserve = round(_RESERVE_SECONDS * samplerate)
        self.core = _core.make_deck(self.ring_frames, reserve, channels)
        self._worker = Worker(self.core)
        self._sources: list[Any] = []
        # Also before the interpreter ends: a daemon thread that came back from C++ after that would
        # be ended there.
        self._finalizer = weakref.finalize(self, Worker.close, self._worker)

    def add(self, media: Media, speed: float, keep_pitch: bool) -> None:
        """One more item, played at a speed."""
        source = self._source(media, speed, keep_pitch)
        self._sources.append(source)
        self.core.add(source)

    def change_speed(self, media: Sequence[Media], speed: float, keep_pitch: bool) -> None:
        """Play all items at another speed; takes effect with `set_rules`."""
        for item, one in enumerate(media):
            self._worker.drop(self._sources[item])
            self._sources[item] = self._source(one, speed, keep_pitch)
            self.core.replace(item, self._sources[item])

    def set_rules(self, rules: Rules, *, at_once: bool) -> None:
        """See `Rules`; `at_once`: what was read ahead under other rules is not played."""
        a, b = rules.span
        order = list(rules.order)
        self.core.set_rules(order, rules.repeat, rules.loop, rules.span_item, a, b, at_once)

    def wait_until_ready(self, frames: int, timeout: float | None = None) -> bool:
        """Wait until so many frames and a block can be played, or all there are."""
        until = None if timeout is None else time.monotonic() + timeout
        # Less than a block and a fade ahead counts as running dry.
        least = min(frames + round(_SLACK_SECONDS * self.samplerate), self.ring_frames)
        while True:
            state = self.core.state()
            if state["is_complete"] or state["ready_frames"] >= least:
                return True
            if until is not None and time.monotonic() > until:
                return False
            _core.wake_reader()
            time.sleep(0.0005)

    def _source(self, media: Media, speed: float, keep_pitch: bool) -> Any:
        if speed == 1 and media.samplerate == self.samplerate:
            if media.samples is not None:
                return _core.memory_source(media.samples)
            if media.reader == "sndfile":
                path = os.fsencode(media.path or "")
                return _core.file_source(_sndfile.api(), path, media.channels, media.samplerate)
        converter = Converter(media, round(self.samplerate), speed, keep_pitch)
        frames = -1 if media.frames is None else round(media.frames / converter.step)
        room = round(_WORKER_SECONDS * self.samplerate)
        source = _core.push_source(media.channels, converter.step, frames, room)
        self._worker.serve(source, converter, media.channels)
        return source
