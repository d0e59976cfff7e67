# SPDX-License-Identifier: MIT
"""What every node is on the side of Python: a description that engines build from.

A node knows its parameters, and how they become the core's numbers at a samplerate. An engine, or
`tenuto.render`, builds a core node from it. Of these *instances* a node may have several: the one
of a running engine and those of renderings; a parameter that is set goes to all of them.
"""

from __future__ import annotations

import contextvars
import weakref
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from .. import _core
from .params import assign, parameters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .._engine import Engine
    from .._stream import Stream


class Schedule(Protocol):
    """Takes changes for a later frame; what ``with engine.at(frame):`` puts in place."""

    def add(self, instance: Instance, first: int, values: list[float]) -> bool:
        """Keep a change for its time; False when it is about another engine's instance."""

    def is_past(self, frames: int) -> bool:
        """Whether so many frames have gone by since that time."""


current_schedule: contextvars.ContextVar[Schedule | None] = contextvars.ContextVar(
    "tenuto_schedule", default=None
)


class Instance:
    """A core node built from a node, and the targets that it was given last.

    Each `together` targets are passed on in one go: half of a filter's coefficients are no filter.
    """

    def __init__(
        self, core: Any, targets: list[float], samplerate: float, together: int = 1
    ) -> None:
        self.core, self.samplerate, self._together = core, samplerate, together
        self._targets: list[float] = list(targets)

    def update(self, targets: Sequence[float]) -> None:
        """Pass on what has changed: now, or at the frame of the schedule that is in place."""
        schedule = current_schedule.get()
        at, step = 0, self._together
        while at < len(targets):
            end = at
            while (
                end < len(targets) and targets[end : end + step] != self._targets[end : end + step]
            ):
                end += step
            if end > at:
                values = [float(value) for value in targets[at:end]]
                if schedule is not None and schedule.add(self, at, values):
                    # What it will be then is not what it is now: the next change is one anyhow.
                    self._targets[at:end] = [float("nan")] * (end - at)
                else:
                    self.core.set(at, values)
                    self._targets[at:end] = values
            at = max(end, at + step)


class Port:
    """Where a connection may end: the main input of a node, or one of its side inputs."""

    def __init__(self, node: Node, name: str, first: int, channels: int) -> None:
        self.node, self.name = node, name
        self.first = first  # side inputs: counted from 0; main input: channel offset
        self.channels = channels  # 0: as many as come

    def __repr__(self) -> str:
        return f"{self.node!r}.{self.name}"


def no_node(place: Any) -> str:
    """What to say of something that should be a node."""
    if hasattr(place, "_class"):
        return f"{place!r} makes nodes: call it, and connect what it gives"
    return f"{place!r} is no node"


class Node:
    """A node of a graph; see its subclasses.

    Parameters
    ----------
    name : str, optional
        How messages and `repr` call it; default: its class, in small letters.
    """

    kind: ClassVar[str] = ""
    """The core's name for it."""
    side_inputs: ClassVar[tuple[str, ...]] = ()
    """Names of the inputs besides the main one; each takes one channel."""
    is_source: ClassVar[bool] = False
    """Whether it has no main input."""
    is_sink: ClassVar[bool] = False
    """Whether it has no output."""

    has_voice: ClassVar[bool] = False
    """Whether it may sound when nothing comes in; sources do."""
    in_chains: ClassVar[bool] = True
    """Whether it can stand in a `tenuto.Chain`, and so in a file."""
    _targets_together: ClassVar[int] = 1
    """How many neighbouring targets change in one go, or not at all."""

    name: str

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.has_voice = cls.has_voice or cls.is_source

    def __init__(self, *, name: str | None = None, **parameters: Any) -> None:
        self.name = name or type(self).__name__.lower()
        self._instances: weakref.WeakSet[Instance] = weakref.WeakSet()
        self._engine: weakref.ref[Engine] | None = None
        assign(self, parameters)

    # -- what a subclass says of itself --------------------------------------------------------

    def _targets(self, samplerate: float) -> list[float]:
        """All targets of the core node, in its order."""
        return []

    def _options(self, samplerate: float) -> list[float]:
        """What the core node is told once, in its order."""
        return []

    def _data(self, samplerate: float) -> NDArray[np.float32] | None:
        """An array for the core node, float32, shape (channels, frames), or None."""
        return None

    def _widths(self, incoming: int) -> tuple[int, int]:
        """Channels of the main input and of the output, when `incoming` channels are connected.

        Raises `GraphError` when the node cannot take so many.
        """
        width = max(1, incoming)
        return (0 if self.is_source else width), (0 if self.is_sink else width)

    def _to_table(self) -> dict[str, Any]:
        """What a file says of it: names and plain values."""
        return {name: getattr(self, name) for name in parameters(type(self))}

    @classmethod
    def _from_table(cls, table: dict[str, Any]) -> Self:
        """The node that a file tells of; `TypeError` or `ValueError` names the key at fault."""
        known = parameters(cls)
        for key in table:
            if key not in known:
                raise TypeError(f'the key "{key}" is not known; possible: {", ".join(known)}')
        return cls(**table)

    # -- building and steering ------------------------------------------------------------------

    def _make(
        self, samplerate: float, channels: int, max_block: int, targets: list[float]
    ) -> _core.Node:
        """Make the core node; `channels` is the width of the main input, else of the output."""
        options, data = self._options(samplerate), self._data(samplerate)
        return _core.make_node(self.kind, samplerate, channels, max_block, targets, options, data)

    def _instance(self, samplerate: float, channels: int, max_block: int) -> Instance:
        """Build one instance; it follows the parameters for as long as somebody keeps it."""
        targets = [float(value) for value in self._targets(samplerate)]
        core = self._make(samplerate, channels, max_block, targets)
        instance = Instance(core, targets, samplerate, self._targets_together)
        self._instances.add(instance)
        return instance

    def _begin(self, instance: Instance) -> None:
        """Sound begins to run through `instance`: open what has to be open (a file)."""

    def _until_it_sounds(self) -> AbstractContextManager[None]:
        """Around `_begin` and the start of the device: undo what began if that fails."""
        return nullcontext()

    def _poll(self, instance: Instance) -> None:
        """Look after `instance` now and then, while it runs on a device; not on its thread."""

    def _end(self, stream: Stream | None) -> None:
        """It has left the engine, or that has stopped: complete what has to be complete."""

    def _most_at_once(self) -> int:
        """How many frames may run faster than time before it waits again."""
        return 1 << 30

    def _wait_for_disk(self, frames: int) -> None:
        """So many frames will run faster than time: wait for the disk, or whoever works beside."""

    def _changed(self) -> None:
        """A parameter was set: tell every instance."""
        for instance in list(getattr(self, "_instances", ())):
            instance.update(self._targets(instance.samplerate))

    def _side(self, name: str) -> Port:
        return Port(self, name, self.side_inputs.index(name), 1)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"
