# SPDX-License-Identifier: MIT
"""What a graph is made of: its ends, its connections, and what of them runs in the core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import _core
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
    until: int = 0  # leaving: the engine's frame at which it has faded out

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
