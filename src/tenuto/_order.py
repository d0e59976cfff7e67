# SPDX-License-Identifier: MIT
"""The order in which the nodes of a graph run."""

from __future__ import annotations

import graphlib
from collections.abc import Sequence
from typing import Any

from ._errors import GraphError


def reaches(start: Any, goal: Any, edges: Sequence[tuple[Any, Any]]) -> bool:
    """Whether a way leads from `start` to `goal`."""
    seen: set[Any] = set()
    pending = [b for a, b in edges if a is start]
    while pending:
        place = pending.pop()
        if place is goal:
            return True
        if place not in seen:
            seen.add(place)
            pending += [b for a, b in edges if a is place]
    return False


def order(nodes: Sequence[Any], edges: Sequence[tuple[Any, Any]]) -> list[Any]:
    """Sort so that sources come before what they feed; `GraphError` names a loop."""
    sorter: graphlib.TopologicalSorter[Any] = graphlib.TopologicalSorter()
    for node in nodes:
        sorter.add(node)
    for source, target in edges:
        sorter.add(target, source)
    try:
        return list(sorter.static_order())
    except graphlib.CycleError as error:
        loop = [getattr(x, "node", x).name for x in reversed(error.args[1])]
        raise GraphError(
            f"the connections close a loop ({' → '.join(loop)}) with no delay in it that is long "
            "enough. Put a Delay of at least one block (the engine's blocksize) in the loop."
        ) from None
