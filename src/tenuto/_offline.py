# SPDX-License-Identifier: MIT
"""Rendering: the same graph and the same core as live, as fast as the machine can."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from . import _core, _sndfile
from ._at import At
from ._checks import number, whole
from ._connections import Connection, Place, Setting
from ._errors import FileError, GraphError
from ._graph import Graph
from ._nodes.base import Node
from ._nodes.recorder import FileRecorder
from ._order import order
from ._paths import check_target
from ._render_source import CHUNK, Reader
from ._take import Take

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

_BLOCK = 512
_EVENTS = 16384  # scheduled changes that a rendering has room for

Events = Iterable[tuple[int, Node | Connection, dict[str, Any]]]


class Offline:
    """A graph without a device, to be built by a function that `render` is given.

    It has `input`, `output`, `connect`, `connection` and `at`, as `Engine` has them.
    """

    def __init__(
        self, samplerate: int, blocksize: int, ins: int, outs: int, *, event_slots: int = 1
    ) -> None:
        self.samplerate, self._blocksize, self._ins, self._outs = samplerate, blocksize, ins, outs
        self._engine = _core.Engine(ins, outs, samplerate, blocksize, event_slots=event_slots)
        setting = Setting(samplerate, blocksize, blocksize, tuple(range(ins)), tuple(range(outs)))
        self._graph = Graph(self._engine, setting, lambda: False)
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
        return At(self._engine, self._graph, whole("frame", frame, 0, 2**62, "frames"))

    def run(self, frames: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """Run frames, shape (frames, in channels), through into `out`, (frames, out channels)."""
        nodes = self._graph.nodes()
        most = max(1, min((node._most_at_once() for node in nodes), default=len(frames)))
        for at in range(0, len(frames), most):
            piece = frames[at : at + most]
            for node in nodes:
                node._wait_for_disk(len(piece))
            _core.run_offline(self._engine, piece, out[at : at + most], self._blocksize)

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
        What goes in; full scale is 1. None: silence of `seconds`, for generators.
    nodes : Node, iterable of Node, Chain, or callable
        A chain; or a function that is given an object with ``input``, ``output``, ``connect`` and
        ``at`` as `Engine` has them, and builds any graph there is.
    output : str or Path, optional
        A file to write instead of returning an array; its suffix chooses the format. Memory does
        not grow with its length then.
    samplerate : int, optional
        In hertz; for arrays the default is 48000, for files it must be the file's own.
    channels : int, optional
        Of the output; default: as many as the last node has.
    seconds : float, optional
        How much of the source; needed when that is None.
    tail_seconds : float
        So much more at the end, for echoes and reverb; 0 to 600.
    events : iterable of (frame, node, dict)
        Parameters to be set at exact frames, as ``engine.at(frame).set(node, ...)`` does live.
    format, subtype : str, optional
        Of `output`, as libsndfile calls them.
    overwrite : bool
        Whether `output` may be replaced.
    blocksize : int
        Frames per block, 16 to 4096. It does not change the result.
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
    blocksize = whole("blocksize", blocksize, 16, 4096, "frames")
    number("tail_seconds", tail_seconds, 0, 600, "s")
    if seconds is not None:
        number("seconds", seconds, 0, 1e6, "s")
    with contextlib.ExitStack() as stack:
        reader = Reader(source, samplerate, seconds, stack)
        build = nodes if callable(nodes) else _chain_builder(nodes)
        outs = channels if channels is not None else _last_width(build, reader, blocksize)
        whole("channels", outs, 1, 1024, "channels")
        target = Path(output) if output is not None else None
        recorder: FileRecorder | None = None
        if target is not None:
            recorder = FileRecorder(
                target, format=format, subtype=subtype, overwrite=overwrite, ring_seconds=4.0
            )
            _sndfile.format_for(target, format, subtype, reader.samplerate, outs)
            check_target(target, overwrite=overwrite)
        scheduled = list(events)
        offline = Offline(
            reader.samplerate,
            blocksize,
            reader.channels,
            outs,
            event_slots=_EVENTS if scheduled or callable(nodes) else 1,
        )
        build(offline)
        for frame, node, parameters in scheduled:
            offline.at(frame).set(node, **parameters)
        late = offline._graph.latency_frames()
        tail = late + round(tail_seconds * reader.samplerate)
        total = reader.frames + tail
        if recorder is None:
            return _to_array(offline, reader, tail, total, late, progress, outs)
        return _to_file(offline, reader, tail, total, late, progress, recorder, outs)


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
    assert recorder.path is not None
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
        recorder.path.unlink(missing_ok=True)
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
            raise GraphError(f"{node!r} is no node")
    return build


def _last_width(build: Callable[[Offline], Any], reader: Reader, blocksize: int) -> int:
    """How many channels arrive at the output: found by building the graph once to look at it."""
    trial = _Trial(reader.samplerate, blocksize, reader.channels)
    build(cast(Offline, trial))
    return trial.width()


class _Trial(Offline):
    """A graph that is only looked at: nothing is built in the core."""

    def __init__(self, samplerate: int, blocksize: int, ins: int) -> None:
        super().__init__(samplerate, blocksize, ins, 1)
        self._graph.apply = lambda: None  # type: ignore[method-assign]

    def width(self) -> int:
        graph = self._graph
        nodes = graph.nodes()
        loops = graph._loop_delays(nodes)
        widths = graph._widths(order(nodes, graph._edges(loops, graph.connections)))
        arriving = [
            graph._arriving(c, widths) for c in graph.connections if c.target is self.output
        ]
        return max(arriving, default=1)
