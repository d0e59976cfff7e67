# SPDX-License-Identifier: MIT
"""Changes for an exact frame."""

from __future__ import annotations

from contextvars import Token
from typing import Any, Self

from . import _core
from ._connections import Connection
from ._errors import TenutoError
from ._graph import Graph
from ._nodes.base import Instance, Node, Schedule, current_schedule
from ._nodes.params import assign


class At:
    """Changes for one frame of an engine; made by `Engine.at`."""

    def __init__(self, core: _core.Engine, graph: Graph, frame: int) -> None:
        self._core, self._graph, self.frame = core, graph, frame
        self._mine: set[Instance] = set()
        self._tokens: list[Token[Schedule | None]] = []

    def __enter__(self) -> Self:
        self._mine = self._graph.instances()
        self._tokens.append(current_schedule.set(self))
        return self

    def __exit__(self, *_: object) -> None:
        current_schedule.reset(self._tokens.pop())

    def set(self, target: Node | Connection, **parameters: Any) -> Self:
        """Set parameters of a node or a connection at this frame."""
        with self:
            assign(target, parameters)
        return self

    def add(self, instance: Instance, first: int, values: list[float]) -> bool:
        """Schedule a change of targets; False when `instance` runs elsewhere."""
        if instance not in self._mine:
            return False
        if not _core.schedule(self._core, self.frame, instance.core.id, first, values):
            raise TenutoError(
                f"too many changes are scheduled already, the one at frame {self.frame} has no "
                "room: schedule it later, when some of them have passed"
            )
        return True
