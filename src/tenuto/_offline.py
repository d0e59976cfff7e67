# SPDX-License-Identifier: MIT
"""Rendering: the same graph and the same core as live, as fast as the machine can."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from . import _core, _sndfile
from ._at import At
from ._checks import number, whole
from ._connections import Connection, Place
from ._errors import FileError, GraphError
from ._nodes.base import Node, no_node
from ._nodes.recorder import FileRecorder
from ._offline_graph import OfflineGraph
from ._paths import check_target, unfinished
from ._render_source import CHUNK, Reader
from ._take import Take, ledger_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

_BLOCK = 512
_MORE_EVENTS = 1024  # scheduled changes beyond those that are known when a rendering begins
_EVENT_VALUES = 6  # as core/rt/events.h has it

Events = Iterable[tuple[int, Node | Connection, dict[str, Any]]]


class Offline:
    """A graph without a device, to be built by a function that `render` is given.

    It has `input`, `output`, `connect`, `connection` and `at`, as `Engine` has them.
    """

    def __init__(self, samplerate: int, blocksize: int, ins: int, outs: int | None) -> None:
        self.samplerate, self._blocksize = samplerate, blocksize
        self._planned: list[tuple[int, int, int, list[float]]] = []
        self._graph = OfflineGraph(samplerate, blocksize, ins, outs)
        self.input, self.output = self._graph.input, self._graph.output

    def connect(
        self,
        *places: Place,
        gain_db: float = 0.0,
        mute: bool = False,
        channel_map: Sequence[int | None] | None = None,
    ) -> Any:
        """As `Engine.connect`."""
        self._graph.connect(places, gain_db=gain_db, mute=mute, channel_map=channel_map)
        return places[-1]

    def connection(self, source: Place, target: Place) -> Connection:
        """As `Engine.connection`."""
        return self._graph.find(source, target)

    def at(self, frame: int) -> At:
        """As `Engine.at`."""
        return At(self._keep, self._graph, whole("frame", frame, 0, 2**62, "frames"))

    def _keep(self, frame: int, target: int, first: int, values: list[float]) -> bool:
        if self._graph.engine is not None:
            return bool(_core.schedule(self._graph.engine, frame, target, first, values))
        self._planned.append((frame, target, first, values))
        return True

    def settle(self) -> int:
        """What was built becomes what runs; returns how many channels come out."""
        ins, outs = self.input.channels, self.output.channels
        slots = _MORE_EVENTS + sum(-(-len(values) // _EVENT_VALUES) for *_, values in self._planned)
        engine = _core.Engine(ins, outs, self.samplerate, self._blocksize, event_slots=slots)
        self._graph.settle(engine)
        for event in self._planned:
            _core.schedule(engine, *event)
        return outs

    def run(self, frames: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """Run frames, shape (frames, in channels), through into `out`, (frames, out channels)."""
        engine = self._graph.engine
        assert engine is not None, "settle() comes first"
        nodes = self._graph.nodes()
        most = max(1, min((node._most_at_once() for node in nodes), default=len(frames)))
        for at in range(0, len(frames), most):
            piece = frames[at : at + most]
            for node in nodes:
                node._wait_for_disk(len(piece))
            _core.run_offline(engine, piece, out[at : at + most], self._blocksize)

    def begin(self) -> None:
        """Open what nodes need to have open."""
        for node in self._graph.nodes():
            live = self._graph.live(node)
            if live is not None:
                node._begin(live.instance)

    def end(self) -> None:
        """Complete what nodes record."""
        for node in self._graph.nodes():
            node._end(None)


def render(
    source: ArrayLike | str | os.PathLike[str] | None,
    nodes: Node | Iterable[Node] | Callable[[Offline], Any],
    output: str | os.PathLike[str] | None = None,
    *,
    samplerate: int | None = None,
    channels: int | None = None,
    seconds: float | None = None,
    tail_seconds: float = 0.0,
    events: Events = (),
    format: str | None = None,
    subtype: str | None = None,
    overwrite: bool = False,
    blocksize: int = _BLOCK,
    progress: Callable[[int, int], None] | None = None,
) -> Any:
    """Run sound through nodes, offline: the same code as live, as fast as the machine can.

    What comes out is aligned with what went in: the nodes' latency is taken off.

    Parameters
    ----------
    source : array_like, shape (frames, channels) or (frames,), path, or None
        What goes in; full scale is 1, of int16 and int32 their range. None: silence of `seconds`,
        for generators.
    nodes : Node, iterable of Node, Chain, or callable
        A chain; or a function that is given an object with ``input``, ``output``, ``connect`` and
        ``at`` as `Engine` has them, and builds any graph there is. It is called once.
    output : str or Path, optional
        A file to write instead of returning an array; its suffix chooses the format. Memory does
        not grow with its length then. It may be the source itself: what is there is replaced when
        the new file is complete, and stays as it was when anything fails.
    samplerate : int, optional
        In hertz; for arrays the default is 48000, for files it must be the file's own.
    channels : int, optional
        Of the output; default: as many as the last node has.
    seconds : float, optional
        How much of the source; needed when that is None.
    tail_seconds : float
        So much more at the end, for echoes and reverb; 0 to 600.
    events : iterable of (frame, node, dict)
        Parameters to be set at exact frames, as ``engine.at(frame).set(node, ...)`` does live. A
        node keeps what it was set to last: render with new nodes to begin anew.
    format, subtype : str, optional
        Of `output`, as libsndfile calls them.
    overwrite : bool
        Whether `output` may be replaced.
    blocksize : int
        Frames per block, 1 to 4096. It does not change the result.
    progress : callable, optional
        Called now and then with the frames done and the frames in all.

    Returns
    -------
    ndarray, float32, shape (frames, channels), or Take
        A Take when `output` is given.

    Raises
    ------
    FileError
        A file cannot be read or written.
    GraphError
        The nodes do not fit together.
    ValueError
        A number is out of its range, or the array is no sound.

    Examples
    --------
    >>> import tenuto
    >>> y = tenuto.render([0.5, 0.5, 0.5], [tenuto.Gain(gain_db=-6)], samplerate=48000)
    >>> y.shape, round(float(y[0, 0]), 4)
    ((3, 1), 0.2506)
    """
    blocksize = whole("blocksize", blocksize, 1, 4096, "frames")
    number("tail_seconds", tail_seconds, 0, 600, "s")
    if seconds is not None:
        number("seconds", seconds, 0, 1e6, "s")
    with contextlib.ExitStack() as stack:
        reader = Reader(source, samplerate, seconds, stack)
        is_builder = callable(nodes) and not hasattr(nodes, "_class")
        build = (
            cast(Callable[[Offline], Any], nodes)
            if is_builder
            else _chain_builder(cast("Node | Iterable[Node]", nodes))
        )
        if channels is not None:
            whole("channels", channels, 1, 1024, "channels")
        offline = Offline(reader.samplerate, blocksize, reader.channels, channels)
        build(offline)
        for frame, node, parameters in events:
            offline.at(frame).set(node, **parameters)
        outs = offline.settle()
        late = offline._graph.latency_frames()
        tail = late + round(tail_seconds * reader.samplerate)
        total = reader.frames + tail
        if output is None:
            return _to_array(offline, reader, tail, total, late, progress, outs)
        target = Path(output)
        written = _sndfile.format_for(target, format, subtype, reader.samplerate, outs)
        check_target(target, overwrite=overwrite)
        with unfinished(target) as part:
            recorder = FileRecorder(
                part, format=written.name, subtype=written.subtype, overwrite=True, ring_seconds=4.0
            )
            take = _to_file(offline, reader, tail, total, late, progress, recorder, outs)
        ledger_path(target).unlink(missing_ok=True)
        return dataclasses.replace(take, path=target)


def _run(
    offline: Offline,
    reader: Reader,
    tail: int,
    total: int,
    late: int,
    progress: Callable[[int, int], None] | None,
    place: Callable[[int, int], NDArray[np.float32]],
) -> Iterator[NDArray[np.float32]]:
    """What comes out, piece by piece, without the first `late` frames; `place` says where to."""
    offline.begin()
    try:
        done, skip = 0, late
        for piece in reader.pieces(tail):
            out = place(done, len(piece))
            offline.run(piece, out)
            done += len(piece)
            if progress is not None:
                progress(done, total)
            if skip < len(out):
                yield out[skip:]
            skip = max(0, skip - len(out))
    finally:
        offline.end()


def _to_array(
    offline: Offline,
    reader: Reader,
    tail: int,
    total: int,
    late: int,
    progress: Callable[[int, int], None] | None,
    channels: int,
) -> NDArray[np.float32]:
    import numpy as np

    result = np.empty((total, channels), np.float32)
    for _ in _run(
        offline, reader, tail, total, late, progress, lambda at, count: result[at : at + count]
    ):
        pass
    return result[late:]


def _to_file(
    offline: Offline,
    reader: Reader,
    tail: int,
    total: int,
    late: int,
    progress: Callable[[int, int], None] | None,
    recorder: FileRecorder,
    channels: int,
) -> Take:
    """What comes out goes to the disk thread, which encodes while the next piece is computed."""
    import numpy as np

    instance = recorder._instance(reader.samplerate, channels, CHUNK)
    core = cast(_core.TapeNode, instance.core)
    room = np.empty((CHUNK, channels), np.float32)
    recorder._begin(instance)
    try:
        for piece in _run(
            offline, reader, tail, total, late, progress, lambda _, count: room[:count]
        ):
            recorder._wait_for_disk(len(piece))
            core.put(piece)
        return recorder.stop()
    except BaseException:
        with contextlib.suppress(FileError):
            recorder.stop()
        raise


def _chain_builder(nodes: Node | Iterable[Node]) -> Callable[[Offline], Any]:
    chain = [nodes] if isinstance(nodes, Node) else list(nodes)

    def build(offline: Offline) -> None:
        places: list[Any] = list(chain)
        if not chain or not chain[0].is_source:
            places.insert(0, offline.input)
        if not chain or not chain[-1].is_sink:
            places.append(offline.output)
        offline.connect(*places)

    for node in chain:
        if not isinstance(node, Node):
            raise GraphError(no_node(node))
    return build
