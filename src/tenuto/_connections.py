# SPDX-License-Identifier: MIT
"""What a graph is made of: its ends, its connections, and what of them runs in the core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import _core
from ._checks import is_whole
from ._errors import GraphError
from ._nodes.base import Instance, Node, Port
from ._nodes.params import Param, Switch, assign, decibels_to_factor


class End:
    """The engine's input or output, as an end of connections."""

    def __init__(self, name: str, channels: int) -> None:
        self.name, self.channels = name, channels

    def __repr__(self) -> str:
        return f"<engine {self.name}, {self.channels} channels>"


Place = Node | Port | End


class Connection:
    """A path from one node to another: its gain, and whether it is muted.

    Attributes
    ----------
    gain_db : float
        In decibels, -120 (silence) to 60; a change takes 10 ms.
    mute : bool
        Silent without losing `gain_db`.
    channel_map : tuple of int or None, or None
        For each channel of the target the source's, from 1 on, or None for silence; as it was
        connected. None: channel by channel.
    """

    gain_db = Param(0.0, -120, 60, "dB", "How loud.")
    mute = Switch(False, "Whether it is silent.")

    def __init__(
        self,
        source: Node | End,
        target: Node | End,
        port: Port | None,
        channel_map: tuple[int, ...] | None,
        *,
        gain_db: float,
        mute: bool,
    ) -> None:
        self.source, self.target = source, target
        self._port, self._map = port, channel_map
        self._live: Instance | None = None
        assign(self, {"gain_db": gain_db, "mute": mute})

    @property
    def channel_map(self) -> tuple[int | None, ...] | None:
        """Which channel goes where; see above."""
        return None if self._map is None else tuple(channel or None for channel in self._map)

    @property
    def _factor(self) -> float:
        return 0.0 if self.mute else decibels_to_factor(self.gain_db)

    def _changed(self) -> None:
        if self._live is not None:
            self._live.update([self._factor, 1.0])

    def __repr__(self) -> str:
        return f"<Connection {self.source.name} → {self.target.name}, {self.gain_db:g} dB>"


@dataclass(eq=False)
class LiveNode:
    """A core node that runs for a node."""

    node: Node
    instance: Instance
    ins: int
    outs: int
    in_loop: bool


@dataclass(eq=False)
class LiveLink:
    """A core connection that runs; `from_` and `to` are None for the engine's ends."""

    connection: Connection
    core: _core.Connection
    from_: LiveNode | None
    to: LiveNode | None
    to_first: int
    channels: tuple[int, ...]
    until: int = 0  # leaving: the engine's frame at which it is not heard any more
    is_fading: bool = False  # leaving, and its target stays; else that is faded further on

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two links the same."""
        return self.connection, self.from_, self.to, self.to_first, self.channels


@dataclass
class Setting:
    """What a graph is built for."""

    samplerate: float
    max_block: int
    least_loop_frames: int
    in_picks: tuple[int, ...]
    out_picks: tuple[int, ...]


def fades_in(from_: LiveNode | None, to: LiveNode | None, before: set[LiveNode]) -> bool:
    """Whether a new link has to fade in: where sound begins to flow, behind what ran `before`.

    A node that is new answers to silence with silence, so what is behind it needs no fade, unless
    it has a voice of its own. A sink takes what comes as it is: nobody hears it.
    """
    if to is not None and to.node.is_sink:
        return False
    if from_ is None or from_ in before:
        return True
    return from_.node.has_voice and (to is None or to in before or not to.node.has_voice)


def checked_map(channel_map: Sequence[int | None] | None) -> tuple[int, ...] | None:
    """For each channel of the target the source's, from 1 on; 0 is silence. `GraphError` if not."""
    if channel_map is None:
        return None
    picked = [0 if channel is None else channel for channel in channel_map]
    if not picked or not all(is_whole(c) and 0 <= c <= 1024 for c in picked):
        raise GraphError(
            f"channel_map={channel_map!r}: for each channel of the target give the source's "
            "channel, counted from 1, or None for silence"
        )
    return tuple(map(int, picked))
