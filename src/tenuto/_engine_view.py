# SPDX-License-Identifier: MIT
"""What can be asked of an engine at any time; none of it waits for anything."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ._connections import Connection
from ._errors import TenutoError
from ._graph import Graph
from ._nodes.base import Node
from ._stream import Stream

if TYPE_CHECKING:
    from ._async import DeviceEvents
    from ._scheduling import SchedulingReport
    from ._stats import Stats


class EngineView:
    """The part of `tenuto.Engine` that only looks."""

    device: str
    backend: str
    _graph: Graph
    _stream: Stream
    _samplerate: int
    _started: bool
    _closed: bool

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes of the graph."""
        return tuple(self._graph.nodes())

    @property
    def connections(self) -> tuple[Connection, ...]:
        """All connections of the graph."""
        return tuple(self._graph.connections)

    @property
    def samplerate(self) -> int:
        """In hertz; it cannot change, because filters and files are made for it."""
        return self._samplerate

    @samplerate.setter
    def samplerate(self, value: int) -> None:
        raise TenutoError(
            f"this engine runs at {self._samplerate} Hz, and cannot change to {value!r} Hz: "
            "close it and make a new one"
        )

    @property
    def blocksize(self) -> int:
        """Frames of a block, as the device gives them; 0 when that may change."""
        return int(self._stream.adapter.offered.blocksize)

    @property
    def channels(self) -> tuple[int, int]:
        """Channels of `input` and of `output`."""
        return self._graph.input.channels, self._graph.output.channels

    @property
    def is_running(self) -> bool:
        """Whether the audio thread runs."""
        return self._started and not self._closed

    @property
    def state(self) -> str:
        """``"idle" "running" "lost" "stopped"``."""
        if self._closed:
            return "stopped"
        if not self._started:
            return "idle"
        return "lost" if self._stream.is_lost else "running"

    @property
    def frame(self) -> int:
        """Frames that the graph has run since the start: the time of `at`."""
        return self._graph.frame()

    @property
    def latency_frames(self) -> int:
        """What look-ahead and the like add on the longest way to the output, in frames."""
        return self._graph.latency_frames()

    def latency_to(self, node: Node) -> int:
        """The same on the longest way to a node of this engine, its own latency included."""
        return self._graph.latency_frames(node)

    @property
    def scheduling(self) -> SchedulingReport | None:
        """How the audio thread is scheduled; None until it has run."""
        return self._stream.scheduling

    def events(self) -> DeviceEvents:
        """What happens to the device from now on, for ``async for``; see `DeviceEvents`."""
        return self._stream.events()

    def stats(self) -> Stats:
        """Timing of the audio thread, losses, load; costs the audio thread nothing."""
        stats = self._stream.stats()
        bypassed = tuple(node.name for node in self.nodes if getattr(node, "bypassed", False))
        return replace(stats, bypassed=bypassed) if bypassed else stats
