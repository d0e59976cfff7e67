# SPDX-License-Identifier: MIT
"""Sound again, later."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import _core
from .._errors import GraphError
from .base import Instance, Node
from .params import Param, check_number

if TYPE_CHECKING:
    from typing import Self

LONGEST_SECONDS = 60.0
LONGEST_FRAMES = 2**24


class DelayInstance(Instance):
    """One of a delay's instances, and the delays that it has room for."""

    def __init__(
        self, core: Any, targets: list[float], samplerate: float, least: int, most: int
    ) -> None:
        super().__init__(core, targets, samplerate)
        self.least_frames, self.most_frames = least, most


class Delay(Node):
    """Repeat sound after a while; with feedback again and again.

    The delay is a whole number of frames. When it is changed while it sounds, the old echo fades
    into the new one over 10 ms: no click, and no bending of the pitch. A further change waits until
    that is done.

    A Delay may close a loop of the graph, if it is at least one block long and its mix is 1.

    Parameters
    ----------
    seconds : float, optional
        0 to `most_seconds`; rounded to whole frames. Default: 0.25, if `delay_frames` is not given.
    delay_frames : int, optional
        The same in frames, whatever the samplerate; give one of the two.
    feedback : float
        How much of the echo is repeated, -0.99 to 0.99, no unit. (A delay of no frames has none.)
    mix : float
        0 (only the input) to 1 (only the echo), no unit.
    most_seconds : float, optional
        What there is room for, 0.001 to 60 seconds; not to be changed later. Default: 2, or
        `seconds` if that is more. There is always room for the first `delay_frames`.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        A parameter is out of its range, or both `seconds` and `delay_frames` are given.

    Examples
    --------
    >>> echo = Delay(0.3, feedback=0.4, mix=0.5)
    >>> echo.delay_frames_at(48000)
    14400
    >>> echo.delay_frames = 100
    >>> print(echo.seconds)
    None
    """

    kind = "delay"
    feedback = Param(0.0, -0.99, 0.99, "", "How much of the echo is repeated.")
    mix = Param(1.0, 0, 1, "", "How much of the output is the echo.")

    def __init__(
        self,
        seconds: float | None = None,
        *,
        delay_frames: int | None = None,
        feedback: float = 0.0,
        mix: float = 1.0,
        most_seconds: float | None = None,
        name: str | None = None,
    ) -> None:
        if seconds is not None and delay_frames is not None:
            raise ValueError(
                f"Delay(seconds={seconds!r}, delay_frames={delay_frames!r}): give one of the two"
            )
        self._frames: int | None = None
        self._seconds: float | None = None
        if most_seconds is None:
            longest = check_number("Delay.seconds", seconds or 0, 0, LONGEST_SECONDS, "seconds")
            self._most = max(2.0, longest)
        else:
            self._most = check_number(
                "Delay.most_seconds", most_seconds, 0.001, LONGEST_SECONDS, "seconds"
            )
        if delay_frames is not None:
            self._frames = self._checked_frames(delay_frames)
        else:
            default = min(0.25, self._most)
            self._seconds = self._checked_seconds(default if seconds is None else seconds)
        super().__init__(name=name, feedback=feedback, mix=mix)

    @property
    def most_seconds(self) -> float:
        """The longest delay that there is room for, in seconds."""
        return self._most

    @property
    def seconds(self) -> float | None:
        """The delay in seconds; None if it was set in frames. Setting it makes it so."""
        return self._seconds

    @seconds.setter
    def seconds(self, value: float) -> None:
        seconds = self._checked_seconds(value)
        for instance in list(self._instances):
            self._check_room(instance, round(seconds * instance.samplerate), f"seconds={value!r}")
        self._seconds, self._frames = seconds, None
        self._changed()

    @property
    def delay_frames(self) -> int | None:
        """The delay in frames; None if it was set in seconds. Setting it makes it so."""
        return self._frames

    @delay_frames.setter
    def delay_frames(self, value: int) -> None:
        frames = self._checked_frames(value)
        for instance in list(self._instances):
            self._check_room(instance, frames, f"delay_frames={value!r}")
        self._frames, self._seconds = frames, None
        self._changed()

    def delay_frames_at(self, samplerate: float) -> int:
        """How many frames the delay is at `samplerate` (in hertz)."""
        if self._frames is not None:
            return self._frames
        assert self._seconds is not None
        return round(self._seconds * samplerate)

    def _checked_seconds(self, value: float) -> float:
        return check_number("Delay.seconds", value, 0, self._most, "seconds (most_seconds)")

    def _checked_frames(self, value: int) -> int:
        return int(
            check_number("Delay.delay_frames", value, 0, LONGEST_FRAMES, "frames", whole=True)
        )

    def _check_room(self, instance: Instance, frames: int, what: str) -> None:
        assert isinstance(instance, DelayInstance)
        if instance.least_frames <= frames <= instance.most_frames:
            return
        why = "it closes a loop, where a block is the least" if instance.least_frames else ""
        raise ValueError(
            f"Delay.{what}: must be between {instance.least_frames} and {instance.most_frames} "
            f"frames at {instance.samplerate:g} Hz"
            + (f" ({why})" if frames < instance.least_frames else " (see most_seconds)")
        )

    def _most_frames(self, samplerate: float) -> int:
        return max(math.ceil(self._most * samplerate), self._frames or 0)

    def _targets(self, samplerate: float) -> list[float]:
        return [self.delay_frames_at(samplerate), self.feedback, self.mix]

    def _instance(
        self, samplerate: float, channels: int, max_block: int, *, in_loop: bool = False
    ) -> Instance:
        """Build one instance; `in_loop`: one that gives its output before it gets its input.

        Raises `GraphError` when it cannot close a loop: shorter than a block, or not only echo.
        """
        frames = self.delay_frames_at(samplerate)
        if in_loop and frames < max_block:
            raise GraphError(
                f'"{self.name}" is {frames} frames long; to close a loop it must be at least '
                f"{max_block} frames, one block: set delay_frames={max_block}"
            )
        if in_loop and self.mix != 1:
            raise GraphError(
                f'"{self.name}" has mix={self.mix:g}; to close a loop it must give only the echo: '
                "set mix=1, and connect what comes in past it"
            )
        targets = [float(value) for value in self._targets(samplerate)]
        most = self._most_frames(samplerate)
        core = _core.make_node(
            self.kind, samplerate, channels, max_block, targets, [most, float(in_loop)], None
        )
        least = max_block if in_loop else 0
        instance = DelayInstance(core, targets, samplerate, least, most)
        self._instances.add(instance)
        return instance

    def _to_table(self) -> dict[str, Any]:
        length: dict[str, Any] = {"seconds": self._seconds}
        if self._frames is not None:
            length = {"delay_frames": self._frames}
        return length | {
            "feedback": self.feedback,
            "mix": self.mix,
            "most_seconds": self._most,
        }

    @classmethod
    def _from_table(cls, table: dict[str, Any]) -> Self:
        known = ("seconds", "delay_frames", "feedback", "mix", "most_seconds")
        for key in table:
            if key not in known:
                raise TypeError(f'the key "{key}" is not known; possible: {", ".join(known)}')
        return cls(**table)
