# SPDX-License-Identifier: MIT
"""The graph as the user made it, and how it becomes the core's plan.

An edit makes the wanted set of *live* nodes and links (a core node, a core connection), keeps those
that are already running, and hands the core a new plan. While sound runs, what is new fades in and
what is not wanted any more fades out; it stays in the plan until that is over. Each way through a
graph is faded in one place, where what changes meets what stays: fades in a row would multiply. So
no edit makes a step in the sound.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import _core
from ._connections import (
    Connection,
    End,
    LiveLink,
    LiveNode,
    Place,
    Setting,
    checked_map,
    fades_in,
)
from ._errors import GraphError
from ._nodes.base import Instance, Node, Port, no_node
from ._order import order, reaches

_FADE_SECONDS = 0.005  # as core/dsp/connection.h has it
_PATIENCE_SECONDS = 0.5


@dataclass
class Graph:
    """Nodes and connections of one engine."""

    engine: _core.Engine | None  # None: it is being built
    setting: Setting
    is_running: Callable[[], bool]
    connections: list[Connection] = field(default_factory=list)
    extra_nodes: list[Node] = field(default_factory=list)
    arena_bytes: int = 0

    def __post_init__(self) -> None:
        self.input = End("input", len(self.setting.in_picks))
        self.output = End("output", len(self.setting.out_picks))
        self._nodes: dict[Node, LiveNode] = {}
        self._links: list[LiveLink] = []
        self._leaving: list[LiveLink] = []

    # -- the user's edits ------------------------------------------------------------------------

    def connect(
        self,
        places: Sequence[Place],
        *,
        gain_db: float,
        mute: bool,
        channel_map: Sequence[int | None] | None,
    ) -> None:
        """Connect a chain; nothing has changed when it raises."""
        if len(places) < 2:
            raise GraphError("connect() needs at least two places: from where, and to where")
        if channel_map is not None and len(places) > 2:
            raise GraphError("channel_map= belongs to one connection: connect two places with it")
        before = list(self.connections)
        try:
            for source, target in itertools.pairwise(places):
                self._connect_two(source, target, gain_db, mute, checked_map(channel_map))
            self.apply()
        except BaseException:
            self.connections[:] = before
            raise

    def _connect_two(
        self,
        source: Place,
        target: Place,
        gain_db: float,
        mute: bool,
        channel_map: tuple[int, ...] | None,
    ) -> None:
        for place in (source, target):
            if not isinstance(place, Node | Port | End):
                raise GraphError(
                    f"{no_node(place)}: give nodes, their side inputs, engine.input or "
                    "engine.output"
                )
        if isinstance(source, Port):
            raise GraphError(f"{source!r} is an input: nothing comes out of it")
        port = target if isinstance(target, Port) else None
        end = target.node if isinstance(target, Port) else target
        if source is self.output or (isinstance(source, Node) and source.is_sink):
            raise GraphError(f"{source.name} has no output")
        if end is self.input or (isinstance(end, Node) and end.is_source and port is None):
            raise GraphError(f"{end.name} has no input")
        for place in (source, end):
            if isinstance(place, End) and place not in (self.input, self.output):
                raise GraphError(f"{place!r} belongs to another engine")
            if isinstance(place, End) and place.channels == 0:
                raise GraphError(
                    f"this engine has no {place.name}: pass channels=(in, out) with more than 0"
                )
        for there in self.connections:
            if there.source is source and there.target is end and _same_port(there._port, port):
                raise GraphError(
                    f"{source.name} and {end.name} are connected already: change "
                    "engine.connection(source, target).gain_db, or disconnect them first"
                )
        self.connections.append(
            Connection(source, end, port, channel_map, gain_db=gain_db, mute=mute)
        )

    def find(self, source: Place, target: Place) -> Connection:
        """The connection between two places; `GraphError` when there is none."""
        port = target if isinstance(target, Port) else None
        end = target.node if isinstance(target, Port) else target
        for there in self.connections:
            if there.source is source and there.target is end and _same_port(there._port, port):
                return there
        raise GraphError(f"{_name(source)} and {_name(target)} are not connected")

    def disconnect(self, source: Place, target: Place) -> None:
        """Take a connection away."""
        self.connections.remove(self.find(source, target))
        self.apply()

    def remove(self, node: Node, *, force: bool) -> None:
        """Take a node away, and with `force` its connections too."""
        mine = [c for c in self.connections if node in (c.source, c.target)]
        if not mine and node not in self.extra_nodes:
            raise GraphError(f"{_name(node)} is not in this engine")
        if mine and not force:
            raise GraphError(
                f"{node.name} is in use: it has {len(mine)} connections "
                f"({', '.join(f'{c.source.name} → {c.target.name}' for c in mine)}). "
                "Disconnect them first, or pass force=True"
            )
        self.connections[:] = [c for c in self.connections if c not in mine]
        if node in self.extra_nodes:
            self.extra_nodes.remove(node)
        self.apply()

    def add(self, node: Node) -> None:
        """Let a node run that is connected to nothing."""
        if node not in self.nodes():
            self.extra_nodes.append(node)
            self.apply()

    def nodes(self) -> list[Node]:
        """All nodes, in the order in which they came."""
        found: dict[Node, None] = dict.fromkeys(self.extra_nodes)
        for connection in self.connections:
            for place in (connection.source, connection.target):
                if isinstance(place, Node):
                    found[place] = None
        return list(found)

    # -- from the user's graph to live nodes -----------------------------------------------------

    def apply(self) -> None:
        """Make the core run what is wanted; nothing has changed when it raises."""
        nodes = self.nodes()
        loops = self._loop_delays(nodes)
        running_order = order(nodes, self._edges(loops, self.connections))
        widths = self._widths(running_order)
        live = {node: self._live_node(node, *widths[node], node in loops) for node in running_order}
        known = {link.key: link for link in (*self._links, *self._leaving) if link.until == 0}
        before = set(self._nodes.values())
        wanted = [self._live_link(c, live, known, before) for c in self.connections]
        running = self.is_running()
        gone = [link for link in self._links if link not in wanted]
        leaving = self._fade_out(gone, set(live.values())) if running else []
        try:
            self._offer(live, wanted, leaving)
        except GraphError:
            # Old and new together make a loop: let the old paths fade out first.
            self._wait_until(max((link.until for link in leaving), default=0))
            leaving = []
            self._offer(live, wanted, leaving)
        self._nodes, self._links, self._leaving = live, wanted, leaving

    def _fade_out(self, gone: list[LiveLink], staying: set[LiveNode]) -> list[LiveLink]:
        """Links on their way out, these and those before: who leads to what stays fades."""
        now = self.frame()
        leaving = [*(link for link in self._leaving if link.until > now), *gone]
        end = now + int(_FADE_SECONDS * self.setting.samplerate) + 1 + self.setting.max_block
        for link in leaving:
            fades = link.to is None or link.to in staying
            if fades != link.is_fading:
                link.is_fading, link.until = fades, end
                link.core.set(1, [0.0 if fades else 1.0])
            elif gone and not fades:  # there for as long as what is behind it may be heard
                link.until = end
        return leaving

    def tidy(self) -> None:
        """Let go of what has faded out; called now and then."""
        if self._leaving and max(link.until for link in self._leaving) <= self.frame():
            self.apply()

    def frame(self) -> int:
        """Frames that the graph has run."""
        assert self.engine is not None
        return int(self.engine.counts()["graph_frames"])

    def live(self, node: Node) -> LiveNode | None:
        """What runs for `node`."""
        return self._nodes.get(node)

    def instances(self) -> set[Instance]:
        """All that can be steered here: of nodes and of connections."""
        links = {link.connection._live for link in self._links}
        return {live.instance for live in self._nodes.values()} | {x for x in links if x}

    def latency_frames(self, target: Node | None = None) -> int:
        """Longest way from any source to a node (None: the output), in frames of look-ahead."""
        late: dict[LiveNode | None, int] = {None: 0}
        incoming: dict[LiveNode | None, list[LiveNode | None]] = {}
        for link in self._links:
            incoming.setdefault(link.to, []).append(link.from_)
        for live in self._nodes.values():  # in order
            before = max((late.get(x, 0) for x in incoming.get(live, [])), default=0)
            late[live] = before + live.instance.core.latency_frames
        if target is not None:
            return late.get(self._nodes.get(target), 0)
        return max((late.get(x, 0) for x in incoming.get(None, [])), default=0)

    def _wait_until(self, frame: int) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while self.is_running() and self.frame() < frame and time.monotonic() < until:
            time.sleep(0.001)

    def _loop_delays(self, nodes: Iterable[Node]) -> set[Node]:
        """Delays that are long enough to close a loop, and are in one."""
        edges = self._edges(set(), self.connections)
        able = set()
        for node in nodes:
            frames = getattr(node, "delay_frames_at", None)
            if frames is not None and reaches(node, node, edges):
                if frames(self.setting.samplerate) < self.setting.least_loop_frames:
                    continue
                able.add(node)
        return able

    def _edges(
        self, loops: set[Node], connections: Iterable[Connection]
    ) -> list[tuple[Node, Node]]:
        return [
            (c.source, c.target)
            for c in connections
            if isinstance(c.source, Node) and isinstance(c.target, Node) and c.target not in loops
        ]

    def _widths(self, order: list[Node]) -> dict[Node, tuple[int, int]]:
        widths: dict[Node, tuple[int, int]] = {node: (0, 0) for node in order}
        for _ in range(len(order) + 1):  # loops need more than one round
            before = dict(widths)
            for node in order:
                incoming = [
                    self._arriving(c, widths)
                    for c in self.connections
                    if c.target is node and (c._port is None or c._port.name == "main")
                ]
                widths[node] = node._widths(max(incoming, default=0))
            if widths == before:
                break
        return widths

    def _arriving(self, connection: Connection, widths: dict[Node, tuple[int, int]]) -> int:
        offset = connection._port.first if connection._port is not None else 0
        if connection._map is not None:
            return offset + len(connection._map)
        return offset + self._source_width(connection, widths)

    def _source_width(self, connection: Connection, widths: dict[Node, tuple[int, int]]) -> int:
        source = connection.source
        return source.channels if isinstance(source, End) else widths[source][1]

    def _live_node(self, node: Node, ins: int, outs: int, in_loop: bool) -> LiveNode:
        candidates = [self._nodes.get(node)] + [
            end for link in self._leaving for end in (link.from_, link.to)
        ]
        for live in candidates:
            if live is None or live.node is not node:
                continue
            if (live.ins, live.outs, live.in_loop) == (ins, outs, in_loop):
                return live
        rate, block = self.setting.samplerate, self.setting.max_block
        extra: dict[str, Any] = {"in_loop": True} if in_loop else {}
        instance = node._instance(rate, ins or outs, block, **extra)
        return LiveNode(node, instance, ins, outs, in_loop)

    def _live_link(
        self,
        connection: Connection,
        live: dict[Node, LiveNode],
        known: dict[tuple[Any, ...], LiveLink],
        before: set[LiveNode],
    ) -> LiveLink:
        from_ = live[connection.source] if isinstance(connection.source, Node) else None
        to = live[connection.target] if isinstance(connection.target, Node) else None
        first, channels = self._channels(connection, from_, to)
        key = (connection, from_, to, first, channels)
        if key in known:
            return known[key]
        factor = connection._factor
        fades = self.is_running() and fades_in(from_, to, before)
        core = _core.Connection(factor, fades, self.setting.samplerate)
        connection._live = Instance(core, [factor, 1.0], self.setting.samplerate)
        return LiveLink(connection, core, from_, to, first, channels)

    def _channels(
        self, connection: Connection, from_: LiveNode | None, to: LiveNode | None
    ) -> tuple[int, tuple[int, ...]]:
        """First channel of the destination, and for each from there on the source's channel."""
        port = connection._port
        source_width = from_.outs if from_ is not None else self.input.channels
        if port is not None and port.name != "main":
            assert to is not None
            first, width = to.ins + port.first, 1
        else:
            first = port.first if port is not None else 0
            width = port.channels if port is not None and port.channels else 0
            width = width or ((to.ins if to is not None else self.output.channels) - first)
        if connection._map is not None:
            picked = [channel - 1 for channel in connection._map]
            if len(picked) > width or max(picked, default=-1) >= source_width:
                raise GraphError(
                    f"channel_map={list(connection._map)}: {connection.source.name} has "
                    f"{source_width} channels (counted from 1), "
                    f"{connection.target.name} takes {width}"
                )
        elif source_width == width:
            picked = list(range(width))
        elif source_width == 1:
            picked = [0] * width
        else:
            raise GraphError(
                f"{connection.source.name} has {source_width} channels, "
                f"{connection.target.name} takes {width}: say which with channel_map=, for "
                f"instance channel_map={list(range(1, min(width, source_width) + 1))}"
            )
        if from_ is None:
            picked = [self.setting.in_picks[c] if c >= 0 else -1 for c in picked]
        if to is None:
            by_output = dict(zip(self.setting.out_picks, picked, strict=False))
            picked = [by_output.get(c, -1) for c in range(max(self.setting.out_picks) + 1)]
            first = 0
        return first, tuple(picked)

    def _offer(
        self, live: dict[Node, LiveNode], wanted: list[LiveLink], leaving: list[LiveLink]
    ) -> None:
        links = [*wanted, *leaving]
        ends = [end for link in leaving for end in (link.from_, link.to) if end is not None]
        nodes = list(dict.fromkeys([*live.values(), *ends]))
        edges = [
            (link.from_, link.to)
            for link in links
            if link.from_ is not None and link.to is not None and not link.to.in_loop
        ]
        running_order = order(nodes, edges)
        # A delay that closes a loop gives its output first and takes its input last.
        looped = [x for x in running_order if x.in_loop]
        steps = [(x, "emit") for x in looped]
        steps += [(x, "run") for x in running_order if not x.in_loop]
        steps += [(x, "absorb") for x in looped]
        out_of = {x: i for i, (x, kind) in enumerate(steps) if kind != "absorb"}
        into = {x: i for i, (x, kind) in enumerate(steps) if kind != "emit"}
        rows = [
            (
                link.core,
                -1 if link.from_ is None else out_of[link.from_],
                -1 if link.to is None else into[link.to],
                link.to_first,
                list(link.channels),
            )
            for link in links
        ]
        assert self.engine is not None
        parts = [(x.instance.core, kind) for x, kind in steps]
        self.arena_bytes = _core.offer_graph(self.engine, self.setting.max_block, parts, rows)


def _same_port(a: Port | None, b: Port | None) -> bool:
    if a is None or b is None:
        return a is b
    return (a.name, a.first) == (b.name, b.first)


def _name(place: Any) -> str:
    return str(getattr(place, "name", place))
