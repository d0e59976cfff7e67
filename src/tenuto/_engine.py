# SPDX-License-Identifier: MIT
"""Engine: a device, and a graph of nodes on its audio thread."""

from __future__ import annotations

import contextlib
import functools
import threading
import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from . import _core
from ._at import At
from ._checks import whole
from ._connections import Connection, End, Place, Setting
from ._devices.base import Wanted, channels_asked
from ._engine_view import EngineView
from ._errors import GraphError, TenutoError
from ._graph import Graph
from ._nodes.base import Node
from ._stream import Stream, own_process

if TYPE_CHECKING:
    from .testing import VirtualDevice

_MAX_BLOCK = 1024
_open: weakref.WeakSet[Engine] = weakref.WeakSet()


class Engine(EngineView):
    """A device, and a graph of nodes that its audio thread runs.

    Connect nodes between `input` and `output`; edit the graph and set parameters at any time, also
    while sound runs: nothing clicks, and the audio thread never waits for Python.

    Parameters
    ----------
    device : str, int, VirtualDevice or None
        None: the system's default. Or as `Recorder` takes it.
    samplerate : int
        In hertz, 1000 to 768000.
    blocksize : int
        Frames per callback that the device is asked for, 0 (up to the device) to 65536.
    channels : (int or sequence of int, int or sequence of int)
        Of the input and of the output: how many, or which (counted from 1); 0: none.
    realtime : bool, optional
        False: do not ask for real-time priority.
    cpu : int, optional
        Pin the audio thread to this processor.
    reconnect : bool
        Open a device again that went away.

    Attributes
    ----------
    input, output
        The two ends, to be given to `connect`.
    samplerate : int
        In hertz.

    Raises
    ------
    DeviceError
        The device is not there, or cannot do what was asked.
    ValueError
        A number is out of its range.

    Examples
    --------
    >>> import tenuto
    >>> with tenuto.Engine("virtual", channels=(1, 2)) as eng:
    ...     gain = tenuto.Gain(gain_db=-6)
    ...     _ = eng.connect(eng.input, gain, eng.output)
    ...     gain.gain_db = -12
    ...     eng.stats().xruns
    0
    """

    def __init__(
        self,
        device: str | int | VirtualDevice | None = None,
        samplerate: int = 48_000,
        blocksize: int = 128,
        channels: tuple[int | Sequence[int], int | Sequence[int]] = (2, 2),
        *,
        realtime: bool | None = None,
        cpu: int | None = None,
        reconnect: bool = True,
    ) -> None:
        self._owner = _core.process_id()
        self._lock = threading.RLock()
        self._samplerate = whole("samplerate", samplerate, 1000, 768_000, "Hz")
        blocksize = whole("blocksize", blocksize, 0, 65536, "frames")
        ins, outs = _both(channels)
        if not ins and not outs:
            raise ValueError("channels=(0, 0): an engine needs an input or an output")
        wanted = Wanted(self.samplerate, blocksize, ins, len(ins), max(outs, default=-1) + 1)
        self._stream = Stream(device, wanted, realtime=realtime, cpu=cpu, reconnect=reconnect)
        offered = self._stream.adapter.offered
        self.device, self.backend = offered.name, offered.backend
        setting = Setting(
            self.samplerate,
            min(_MAX_BLOCK, offered.blocksize or _MAX_BLOCK),
            offered.blocksize or _MAX_BLOCK,
            ins,
            outs,
        )
        self._graph = Graph(self._stream.engine, setting, lambda: self.is_running)
        self.input: End = self._graph.input
        self.output: End = self._graph.output
        self._started = False
        self._closed = False
        self._stream.on_poll = weakref.WeakMethod(self._tidy)
        self._stream.on_step = weakref.WeakMethod(self._wait_for_disk)
        self._graph.apply()
        _open.add(self)

    # -- the graph -------------------------------------------------------------------------------

    def connect(
        self,
        *places: Place,
        gain_db: float = 0.0,
        mute: bool = False,
        channel_map: Sequence[int | None] | None = None,
    ) -> Any:
        """Connect places in a chain, each to the next.

        Several connections into one place are summed; several out of one share its sound. A change
        while sound runs fades in and out over 5 ms.

        Parameters
        ----------
        *places : Node, side input of a node, `input` or `output`
            At least two.
        gain_db : float
            Of each of these connections, -120 to 60 dB.
        mute : bool
            Whether they are silent for now.
        channel_map : sequence of int or None
            For each channel of the target the source's channel, counted from 1; None: silence.
            Only with two places. Default: channel by channel; one channel goes to all.

        Returns
        -------
        The last place.

        Raises
        ------
        GraphError
            The places do not fit together, are connected already, or would close a loop without a
            delay of at least one block. Nothing has changed then.
        ValueError
            `gain_db` is out of its range.
        """
        with self._lock:
            self._check_alive()
            nodes = [getattr(place, "node", place) for place in places]
            for node in nodes:
                if isinstance(node, Node):
                    _claim(node, self)
            before = set(self._graph.nodes())
            self._graph.connect(places, gain_db=gain_db, mute=mute, channel_map=channel_map)
            if self._started:
                self._begin(set(self._graph.nodes()) - before)
        return places[-1]

    def add(self, node: Node) -> Node:
        """Let a node run that is connected to nothing."""
        with self._lock:
            self._check_alive()
            _claim(node, self)
            self._graph.add(node)
            if self._started:
                self._begin({node})
        return node

    def connection(self, source: Place, target: Place) -> Connection:
        """The connection between two places, to set its ``gain_db`` and ``mute``.

        Raises
        ------
        GraphError
            They are not connected.
        """
        return self._graph.find(source, target)

    def disconnect(self, source: Place, target: Place) -> None:
        """Take the connection between two places away.

        Raises
        ------
        GraphError
            They are not connected.
        """
        with self._lock:
            self._check_alive()
            before = set(self._graph.nodes())
            self._graph.disconnect(source, target)
            self._end(before - set(self._graph.nodes()))

    def remove(self, node: Node, *, force: bool = False) -> None:
        """Take a node away.

        Parameters
        ----------
        node : Node
            One of this engine.
        force : bool
            Take its connections away, too.

        Raises
        ------
        GraphError
            It is not in this engine, or still connected and not `force`.
        """
        with self._lock:
            self._check_alive()
            before = set(self._graph.nodes())
            self._graph.remove(node, force=force)
            self._end(before - set(self._graph.nodes()))

    def at(self, frame: int) -> At:
        """Schedule changes for an exact frame of this engine (see `frame`).

        What is set inside ``with engine.at(frame):`` takes effect at that frame and not before;
        smoothing begins there. A frame that has passed means as soon as possible, and is counted
        in ``stats().late_events``.

        Examples
        --------
        >>> import tenuto
        >>> eng, gain = tenuto.Engine("virtual"), tenuto.Gain()
        >>> _ = eng.connect(eng.input, gain, eng.output)
        >>> with eng.at(48_000):
        ...     gain.gain_db = -6
        >>> _ = eng.at(96_000).set(gain, gain_db=0)
        >>> eng.close()
        """
        keep = functools.partial(_core.schedule, self._stream.engine)
        return At(keep, self._graph, whole("frame", frame, 0, 2**62, "frames"))

    # -- running ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Let sound run. Does nothing when it runs already.

        Raises
        ------
        DeviceError
            The device does not start.
        FileError
            A file of a `FileRecorder` cannot be made.
        """
        own_process(self._owner, "this engine")
        with self._lock:
            self._check_alive()
            if self._started:
                return
            nodes = self._graph.nodes()
            # What is replaced is gone only when there is sound to replace it.
            with contextlib.ExitStack() as stack:
                for node in nodes:
                    stack.enter_context(node._until_it_sounds())
                self._begin(nodes)
                self._stream.start()
            self._started = True

    def stop(self) -> None:
        """End sound, complete what is being recorded, give the device back."""
        self.close()

    def close(self) -> None:
        """As `stop`; safe to call twice."""
        if self._owner != _core.process_id():
            return
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._stream.close()
            self._end(self._graph.nodes())

    def _begin(self, nodes: Any) -> None:
        for node in nodes:
            live = self._graph.live(node)
            if live is not None:
                node._begin(live.instance)

    def _end(self, nodes: Any) -> None:
        for node in nodes:
            node._engine = None
            node._end(self._stream)

    def _wait_for_disk(self, frames: int) -> int:
        """Wait for the disk before a step by hand; how many of `frames` may be stepped now."""
        nodes = self._graph.nodes()
        frames = min((frames, *(node._most_at_once() for node in nodes)))
        for node in nodes:
            node._wait_for_disk(frames)
        return frames

    def _tidy(self) -> None:
        if self._lock.acquire(blocking=False):
            try:
                if not self._closed:
                    self._graph.tidy()
                    for node in self._graph.nodes():
                        live = self._graph.live(node)
                        if live is not None:
                            node._poll(live.instance)
            finally:
                self._lock.release()

    def _check_alive(self) -> None:
        own_process(self._owner, "this engine")
        if self._closed:
            raise TenutoError("this engine is closed: make a new one")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            with contextlib.suppress(Exception):
                self.close()

    def __repr__(self) -> str:
        return f"<tenuto.Engine {self.state}: {self.device!r}, {len(self.nodes)} nodes>"


def _both(channels: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    try:
        pair = tuple(channels)
    except TypeError:
        pair = ()
    if len(pair) != 2:
        raise ValueError(f"channels={channels!r}: give a pair, of the input and of the output")
    ins, outs = ((() if side in (0, None) else channels_asked(side)[0] or ()) for side in pair)
    return ins, outs


def _claim(node: Node, engine: Engine) -> None:
    owner = node._engine() if node._engine is not None else None
    if owner is not None and owner is not engine:
        raise GraphError(
            f"{node.name} is in another engine already: remove it there, or make a second one"
        )
    node._engine = weakref.ref(engine)
