# SPDX-License-Identifier: MIT
"""Files, played: one after another without a gap, from any place, over and over."""

from __future__ import annotations

import os
import random
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import _core
from .._checks import whole
from .._errors import TenutoError
from .._playback.deck import PlayerDeck, Rules
from .._playback.media import Media, from_array, is_paths, look_at
from .base import Instance, current_schedule
from .params import Param, check_number, decibels_to_factor
from .player_view import PlayerInstance, PlayerView

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .._stream import Stream

_SHORTEST_REPEAT = 0.001  # seconds; every repeat is a place of its own in the ring


class FilePlayer(PlayerView):
    """Play sound files, or arrays, without Python on the way.

    A native thread reads ahead and fills a ring of ten seconds, from which the audio thread plays;
    so a slow disk is not heard, nor is a busy Python. A file whose samplerate is the engine's is
    played to the last bit as libsndfile decodes it. Others are converted with soxr (VHQ) by a
    Python thread that works ahead of the ring.

    Parameters
    ----------
    path : str, Path, array_like, sequence of str or Path, or None
        What to play first: a file, several, or samples of shape (frames, channels) or (frames,),
        full scale ±1.0 (of int16 and int32: their range), which are copied. None: nothing yet, see
        `queue`.
    samplerate : int, optional
        Of an array, in hertz.
    channels : int, optional
        Of the player, 1 to 1024; default: of the first file. A file of one channel is heard on all;
        a player of one channel plays the mean of all; otherwise the first ones are taken, and what
        is missing is silent.
    loop : bool
        Play the current file over and over.
    repeat : bool
        Play the whole list over and over.
    shuffle : bool
        Play the list in a random order, each file once.
    speed : float
        0.25 to 4; 1 is as recorded.
    keep_pitch : bool
        Whether another speed leaves the pitch as it is (FFmpeg's ``atempo``, through PyAV; needs
        the extra ``formats``), or not (soxr), as a tape does.
    gain_db : float
        In decibels, -120 (silence) to 20. A change takes 10 ms.
    ring_seconds : float
        How far it reads ahead, 0.5 to 600.
    name : str, optional
        How messages call it.

    Raises
    ------
    FileError
        There is no such file, or it cannot be read as sound.
    ValueError
        A number is out of its range.

    Notes
    -----
    Pausing, going on, and every jump are faded over 5 ms, in a straight line. What begins at the
    first frame of a file is not faded, and nothing is at the joint of two files.

    Examples
    --------
    >>> import tenuto
    >>> player = tenuto.FilePlayer([0.5, 0.25, -0.5, -0.25] * 12000, samplerate=48000)
    >>> player.duration, player.state
    (1.0, 'stopped')
    """

    kind = "player"
    is_source = True
    in_chains = False
    gain_db = Param(0.0, -120, 20, "dB", "How loud.")

    def __init__(
        self,
        path: str | os.PathLike[str] | ArrayLike | Sequence[str | os.PathLike[str]] | None = None,
        samplerate: int | None = None,
        *,
        channels: int | None = None,
        loop: bool = False,
        repeat: bool = False,
        shuffle: bool = False,
        speed: float = 1.0,
        keep_pitch: bool = False,
        gain_db: float = 0.0,
        ring_seconds: float = 10.0,
        name: str | None = None,
    ) -> None:
        self._prepare_view()
        self._span_item, self._span = 0, (0, 0)
        self._shuffle = False
        self._random = random.Random()
        self._loop, self._repeat = bool(loop), bool(repeat)
        self._ring_seconds = check_number("ring_seconds", ring_seconds, 0.5, 600, "s")
        self._speed = check_number("speed", speed, 0.25, 4, "")
        self._keep_pitch = self._checked_pitch(keep_pitch)
        self._channels = (
            None if channels is None else whole("channels", channels, 1, 1024, "channels")
        )
        super().__init__(name=name, gain_db=gain_db)
        if path is not None:
            self.queue(path, samplerate)
        if shuffle:
            self.shuffle = True

    # -- the list --------------------------------------------------------------------------------

    def queue(
        self,
        path: str | os.PathLike[str] | ArrayLike | Sequence[str | os.PathLike[str]],
        samplerate: int | None = None,
    ) -> None:
        """Play this too, on the very next frame after what is there already.

        Parameters
        ----------
        path : str, Path, array_like, or sequence of str or Path
            A file, in any format and at any rate, or samples, or several files.
        samplerate : int, optional
            Of an array, in hertz.

        Raises
        ------
        FileError
            There is no such file, or it cannot be read as sound; the list is as before.
        """
        self._check_process()
        if is_paths(path):
            for media in [look_at(one) for one in path]:
                self._append(media)
            return
        if isinstance(path, str | os.PathLike):
            media = look_at(path)
        else:
            if samplerate is not None:
                samplerate = whole("samplerate", samplerate, 1000, 768_000, "Hz")
            media = from_array(path, samplerate)
        self._append(media)

    def _append(self, media: Media) -> None:
        if self._channels is None:
            self._channels = media.channels
        self._media.append(media)
        self._order.append(len(self._media) - 1)
        for deck in self._living():
            deck.add(media, self._speed, self._keep_pitch)
            if len(self._media) == 1:
                self._tell_rules(at_once=False)
                deck.core.seek(0, 0)
        # What was read ahead may have begun anew already.
        self._tell_rules(at_once=self._repeat and len(self._media) > 1)

    @property
    def shuffle(self) -> bool:
        """Whether the list is played in a random order; each file once."""
        return self._shuffle

    @shuffle.setter
    def shuffle(self, on: bool) -> None:
        self._acts_at_once("shuffle")
        now = self._place()[0]
        self._shuffle = bool(on)
        self._order = list(range(len(self._media)))
        if on and self._media:
            self._order.remove(now)
            self._random.shuffle(self._order)
            self._order.insert(0, now)
        self._tell_rules()

    def next(self) -> bool:
        """Go to the next file; False at the last one."""
        return self._step(1)

    def previous(self) -> bool:
        """Go to the file before; False (and nothing done) at the first one."""
        return self._step(-1)

    def _step(self, by: int) -> bool:
        self._acts_at_once("next" if by > 0 else "previous")
        item = self._place()[0]
        place = (self._order.index(item) if item in self._order else 0) + by
        if self._repeat and self._order:
            place %= len(self._order)
        if not 0 <= place < len(self._order):
            return False
        self._go(self._order[place], 0)
        return True

    # -- rules -----------------------------------------------------------------------------------

    @property
    def loop(self) -> bool:
        """Whether the current file is played over and over, exact to the frame."""
        return self._loop

    @loop.setter
    def loop(self, on: bool) -> None:
        self._acts_at_once("loop")
        self._loop = bool(on)
        self._tell_rules()

    @property
    def repeat(self) -> bool:
        """Whether the list is played over and over."""
        return self._repeat

    @repeat.setter
    def repeat(self, on: bool) -> None:
        self._acts_at_once("repeat")
        self._repeat = bool(on)
        self._tell_rules()

    def ab_repeat(
        self, a: float | None = None, b: float | None = None, *, frames: bool = False
    ) -> None:
        """Play from A to B over and over, exact to the frame; without arguments: no more.

        Parameters
        ----------
        a, b : float
            From where (included) to where (excluded) in the current file, in seconds, or with
            `frames` in frames of the file. At least 1 ms apart. Who is beyond B goes to A.
        frames : bool
            What `a` and `b` are.

        Raises
        ------
        ValueError
            They are out of the file, or too close together.
        """
        self._check_process()
        self._acts_at_once("ab_repeat")
        if a is None and b is None:
            self._span = (0, 0)
            return self._tell_rules()
        media = self._playing_media("ab_repeat")
        if a is None or b is None:
            raise ValueError("ab_repeat: give both a and b, or neither")
        rate = 1 if frames else media.samplerate
        first, last = (
            round(check_number(who, at, 0, 1e15, "") * rate) for who, at in (("a", a), ("b", b))
        )
        if media.frames is not None and last > media.frames:
            raise ValueError(f"b={b!r}: the file ends at {media.frames / rate:g}")
        if last - first < _SHORTEST_REPEAT * media.samplerate:
            raise ValueError(f"a={a!r}, b={b!r}: b must be at least 1 ms behind a")
        self._span_item, self._span = self._place()[0], (first, last)
        self._tell_rules()

    @property
    def speed(self) -> float:
        """How fast, 0.25 to 4; 1 is as recorded."""
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        self._set_speed(check_number("FilePlayer.speed", value, 0.25, 4, ""), self._keep_pitch)

    @property
    def keep_pitch(self) -> bool:
        """Whether another speed leaves the pitch as it is."""
        return self._keep_pitch

    @keep_pitch.setter
    def keep_pitch(self, on: bool) -> None:
        self._set_speed(self._speed, self._checked_pitch(on))

    @staticmethod
    def _checked_pitch(on: bool) -> bool:
        from .._playback import pyav

        if on and not pyav.is_there():
            raise TenutoError(
                "keep_pitch=True needs PyAV, which stretches the time: pip install "
                "'tenuto[formats]'. Or let the pitch change with the speed: keep_pitch=False"
            )
        return bool(on)

    def _set_speed(self, speed: float, keep_pitch: bool) -> None:
        if (speed, keep_pitch) == (self._speed, self._keep_pitch):
            return
        self._acts_at_once("speed")
        self._speed, self._keep_pitch = speed, keep_pitch
        for deck in self._living():
            deck.change_speed(self._media, speed, keep_pitch)
        self._tell_rules()

    def _tell_rules(self, *, at_once: bool = True) -> None:
        rules = Rules(tuple(self._order), self._repeat, self._loop, self._span_item, self._span)
        for deck in self._living():
            state = deck.core.state()
            is_over = state["is_at_end"] and not state["is_seeking"]
            deck.set_rules(rules, at_once=at_once and bool(self._media) and not is_over)

    # -- playing ---------------------------------------------------------------------------------

    def play(self) -> None:
        """Begin, or go on; after the end, from the begin of the list.

        Inside ``with engine.at(frame):`` it begins at exactly that frame.
        """
        self._check_process()
        if self.state == "finished" and self._order:
            self._go(self._order[0], 0)
        self._playing = True
        self._changed()

    def pause(self) -> None:
        """Fade out, and stay where that ended; inside ``with engine.at(frame):`` at that frame."""
        self._check_process()
        self._playing = False
        self._changed()

    def stop(self) -> None:
        """Fade out, and go back to the begin of the list.

        Inside ``with engine.at(frame):`` it fades out from exactly that frame on.
        """
        self.pause()
        if self._order and self._living() and (schedule := current_schedule.get()) is not None:
            self._stopping = schedule
        elif self._order:
            self._go(self._order[0], 0)

    def seek(self, seconds: float | None = None, *, frame: int | None = None) -> None:
        """Go to a place in the current file, in a cross-fade of 5 ms.

        Parameters
        ----------
        seconds : float
            From the begin of the file, 0 to its duration.
        frame : int
            Instead: a frame of the file, at its own samplerate.

        Raises
        ------
        ValueError
            Both or none are given, or it is out of the file.
        """
        self._acts_at_once("seek")
        media = self._playing_media("seek")
        if (seconds is None) == (frame is None):
            raise ValueError("seek: give either seconds or frame=")
        length = media.frames if media.frames is not None else 1 << 53
        if frame is not None:
            at = int(check_number("frame", frame, 0, length, "", whole=True))
        else:
            assert seconds is not None
            high = length / media.samplerate
            at = round(check_number("seconds", seconds, 0, high, "s") * media.samplerate)
        self._go(self._place()[0], at)

    # -- building --------------------------------------------------------------------------------

    def _widths(self, incoming: int) -> tuple[int, int]:
        return 0, self._channels or 2

    def _targets(self, samplerate: float) -> list[float]:
        return [decibels_to_factor(self.gain_db), float(self._playing)]

    def _end(self, stream: Stream | None) -> None:
        # What feeds it goes with the engine: what that knew is kept.
        _ = self.troubles
        self._start, self._is_over = self._place(), self.state == "finished"

    def _instance(self, samplerate: float, channels: int, max_block: int) -> Instance:
        self._check_process()
        self._start = self._place()
        deck = PlayerDeck(samplerate, channels, self._ring_seconds)
        for media in self._media:
            deck.add(media, self._speed, self._keep_pitch)
        targets = self._targets(samplerate)
        core = _core.make_player(deck.core, samplerate, max_block, targets)
        instance = PlayerInstance(core, targets, samplerate, deck)
        self._decks.append(weakref.ref(deck))
        self._instances.add(instance)
        self._tell_rules(at_once=False)
        if self._media:
            deck.core.seek(*self._start)
        return instance
