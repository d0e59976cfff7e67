# SPDX-License-Identifier: MIT
"""Changes for an exact frame."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from typing import Any, Self

from ._connections import Connection
from ._errors import GraphError, TenutoError
from ._graph import Graph
from ._nodes.base import Instance, Node, Schedule, current_schedule
from ._nodes.params import assign

# Frame, id of the target, first value to change, values; False when there is no room.
Keep = Callable[[int, int, int, list[float]], bool]


class At:
    """Changes for one frame of an engine; made by `Engine.at`."""

    def __init__(self, keep: Keep, graph: Graph, frame: int) -> None:
        self._keep, self._graph, self.frame = keep, graph, frame
        self._mine: set[Instance] = set()
        self._tokens: list[Token[Schedule | None]] = []

    def __enter__(self) -> Self:
        self._mine = self._graph.instances()
        self._tokens.append(current_schedule.set(self))
        return self

    def __exit__(self, *_: object) -> None:
        current_schedule.reset(self._tokens.pop())

    def set(self, target: Node | Connection, **parameters: Any) -> Self:
        """Set parameters of a node or a connection at this frame.

        Raises
        ------
        GraphError
            It is not in this engine.
        """
        is_here = not isinstance(target, Node) or self._graph.live(target) is not None
        if isinstance(target, Connection):
            is_here = target in self._graph.connections
        if not is_here:
            raise GraphError(f"{target!r} is not in this engine: connect it first")
        with self:
            assign(target, parameters)
        return self

    def add(self, instance: Instance, first: int, values: list[float]) -> bool:
        """Schedule a change of targets; False when `instance` runs elsewhere."""
        if instance not in self._mine:
            return False
        if not self._keep(self.frame, instance.core.id, first, values):
            raise TenutoError(
                f"too many changes are scheduled already, the one at frame {self.frame} has no "
                "room: schedule it later, when some of them have passed"
            )
        return True

    def is_past(self, frames: int) -> bool:
        """Whether the engine has come to `frames` frames after this one."""
        return self._graph.frame() >= self.frame + frames
