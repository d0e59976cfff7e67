# SPDX-License-Identifier: MIT
"""A graph without a device: its output becomes as wide as what is connected to it."""

from __future__ import annotations

from typing import Any

from . import _core
from ._connections import LiveLink, LiveNode, Setting
from ._graph import Graph
from ._order import order


class OfflineGraph(Graph):
    """A graph that is built once and then run; nothing runs before `settle`.

    Core nodes and connections are made as they come, so that changes can be scheduled for them. How
    wide the core's engine has to be is known when all of them are there.
    """

    def __init__(self, samplerate: int, blocksize: int, ins: int, outs: int | None) -> None:
        self._wanted_outs = outs
        picks = tuple(range(ins)), tuple(range(outs or 1))
        super().__init__(None, Setting(samplerate, blocksize, blocksize, *picks), lambda: False)

    def apply(self) -> None:
        """As `Graph.apply`; the output fits what arrives."""
        if self._wanted_outs is None:
            self._fit_output()
        super().apply()

    def settle(self, core: _core.Engine) -> None:
        """From here on `core` runs it."""
        self.engine, self._wanted_outs = core, self.output.channels
        super().apply()

    def frame(self) -> int:
        """Frames that the graph has run."""
        return super().frame() if self.engine is not None else 0

    def _fit_output(self) -> None:
        nodes = self.nodes()
        loops = self._loop_delays(nodes)
        widths = self._widths(order(nodes, self._edges(loops, self.connections)))
        arriving = [self._arriving(c, widths) for c in self.connections if c.target is self.output]
        outs = max(arriving, default=1)
        if outs == self.output.channels:
            return
        self.output.channels, self.setting.out_picks = outs, tuple(range(outs))
        for link in self._links:  # the same ones, not others: changes may be scheduled for them
            if link.to is None:
                link.to_first, link.channels = self._channels(link.connection, link.from_, None)

    def _offer(
        self, live: dict[Any, LiveNode], wanted: list[LiveLink], leaving: list[LiveLink]
    ) -> None:
        if self.engine is not None:
            super()._offer(live, wanted, leaving)
