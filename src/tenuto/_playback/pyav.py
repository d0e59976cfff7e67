# SPDX-License-Identifier: MIT
"""PyAV: formats that libsndfile does not read, and stretching time.

FFmpeg's `atempo` stretches: of what can be installed from the package index it is the one that
takes sound piece by piece with the same result however it is cut, in any number of channels, and is
well kept. (It overlaps and adds pieces of 85 ms where they fit best, so it suits speech and most
music between half and twice the speed.)
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import FileError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def is_there() -> bool:
    """Whether PyAV is installed; it is loaded only when it is needed."""
    return importlib.util.find_spec("av") is not None


def look_at(path: Path) -> tuple[int, int, int | None] | str:
    """Rate, channels and length of the first audio stream, or why there is none."""
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                return "it has no sound in it"
            stream = container.streams.audio[0]
            rate, channels = int(stream.rate or 0), int(stream.channels or 0)
            if rate < 1 or channels < 1:
                return "it does not tell its rate or its channels"
            seconds: float | None = None
            if stream.duration is not None and stream.time_base is not None:
                seconds = float(stream.duration * stream.time_base)
            elif container.duration is not None:
                seconds = container.duration / 1_000_000
            return rate, channels, None if seconds is None else round(seconds * rate)
    except AttributeError:  # so PyAV tells that nobody knows the codec
        return "its sound is in a format that is not known"
    except (av.FFmpegError, OSError, ValueError, RuntimeError) as error:
        return str(error)


def kind_of(path: Path) -> tuple[str, str]:
    """Container and codec, as FFmpeg calls them."""
    import av

    try:
        with av.open(str(path)) as container:
            codec = container.streams.audio[0].codec_context.name
            return container.format.name.split(",")[0].upper(), codec.upper()
    except (av.FFmpegError, OSError, IndexError) as error:
        raise FileError(f'"{path}" cannot be read: {error}') from error


class Decoder:
    """Frames of a file, float32, one after another; it can go to a frame."""

    def __init__(self, path: Path, samplerate: int, channels: int) -> None:
        self._path, self._rate, self._channels = path, samplerate, channels
        self._container: Any = None
        self._pieces: Iterator[NDArray[np.float32]] = iter(())
        self._rest: NDArray[np.float32] | None = None
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Go to a frame. Decodes from the begin: exact for every format, at hundreds of times the
        speed of sound.
        """
        import av

        self.close()
        try:
            self._container = av.open(str(self._path))
        except (av.FFmpegError, OSError) as error:
            raise FileError(str(error)) from error
        self._pieces = self._decode()
        self._rest = None
        while frame > 0:
            got = len(self.read(min(frame, 1 << 16)))
            if got == 0:
                return
            frame -= got

    def _decode(self) -> Iterator[NDArray[np.float32]]:
        import av
        import numpy as np

        stream = self._container.streams.audio[0]
        layout = stream.layout.name if stream.layout is not None else None
        try:
            even = av.AudioResampler(format="flt", layout=layout, rate=self._rate)
            for decoded in self._container.decode(stream):
                for frame in even.resample(decoded):
                    yield np.asarray(frame.to_ndarray(), np.float32).reshape(-1, self._channels)
            for frame in even.resample(None):
                yield np.asarray(frame.to_ndarray(), np.float32).reshape(-1, self._channels)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise FileError(str(error)) from error

    def read(self, frames: int) -> NDArray[np.float32]:
        """Up to so many frames; fewer only at the end."""
        import numpy as np

        parts: list[NDArray[np.float32]] = [] if self._rest is None else [self._rest]
        there = sum(map(len, parts))
        while there < frames:
            piece = next(self._pieces, None)
            if piece is None:
                break
            parts.append(piece)
            there += len(piece)
        whole = np.concatenate(parts) if parts else np.zeros((0, self._channels), np.float32)
        self._rest = whole[frames:] if len(whole) > frames else None
        return whole[:frames]

    def close(self) -> None:
        """Give the file back."""
        if self._container is not None:
            self._container.close()
            self._container = None


class Stretcher:
    """Sound faster or slower at its own pitch, piece by piece."""

    def __init__(self, samplerate: int, channels: int, speed: float) -> None:
        import av.filter

        self._av, self._rate, self._channels = av, samplerate, channels
        self._layout = {1: "mono", 2: "stereo"}.get(channels, f"{channels}C")
        self._pushed = 0
        graph = self._graph = av.filter.Graph()
        last = self._source = graph.add_abuffer(
            format="flt", sample_rate=samplerate, layout=self._layout
        )
        for step in _steps(speed):
            tempo = graph.add("atempo", repr(step))
            last.link_to(tempo)
            last = tempo
        self._sink = graph.add("abuffersink")
        last.link_to(self._sink)
        graph.configure()

    def stretch(self, samples: NDArray[np.float32], is_last: bool) -> NDArray[np.float32]:
        """Take some in, give out what is ready."""
        import numpy as np

        if len(samples):
            packed = np.ascontiguousarray(samples, np.float32).reshape(1, -1)
            frame = self._av.AudioFrame.from_ndarray(packed, format="flt", layout=self._layout)
            frame.sample_rate, frame.pts = self._rate, self._pushed
            self._pushed += len(samples)
            self._source.push(frame)
        if is_last:
            self._source.push(None)
        parts = [np.zeros((0, self._channels), np.float32)]
        while True:
            try:
                out: Any = self._sink.pull()
            except (BlockingIOError, EOFError, self._av.BlockingIOError, self._av.EOFError):
                return np.concatenate(parts)
            parts.append(out.to_ndarray().reshape(-1, self._channels))


def _steps(speed: float) -> list[float]:
    """Factors between 1/2 and 2, where `atempo` is at its best.

    >>> _steps(4.0), _steps(0.25), _steps(1.5)
    ([2.0, 2.0], [0.5, 0.5], [1.5])
    """
    steps = []
    while speed > 2:
        steps.append(2.0)
        speed /= 2
    while speed < 0.5:
        steps.append(0.5)
        speed *= 2
    return [*steps, speed]
