# SPDX-License-Identifier: MIT
"""Sound on its way from a file to another rate or speed, piece by piece.

Where the conversion begins must not matter: after a seek the same samples come out as without one.
So it begins a good piece before, at a frame that falls on one of the output's, and drops what is
too early.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._errors import FileError
from .._sndfile import name_of
from .media import Media

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PIECE = 1 << 14
# Longer than half of soxr's filters at VHQ (in frames of the lower of both rates).
_PREROLL = 4096


class _SndfileDecoder:
    def __init__(self, media: Media) -> None:
        import soundfile

        self._media = media
        try:
            self._file = soundfile.SoundFile(name_of(media.path or ""))
        except (OSError, RuntimeError) as error:
            raise FileError(str(error)) from error
        if (self._file.samplerate, self._file.channels) != (media.samplerate, media.channels):
            self._file.close()
            raise FileError("it has changed since it was queued")

    def seek(self, frame: int) -> None:
        frame = min(frame, self._file.frames)
        try:
            if self._file.tell() != frame:
                self._file.seek(frame)
        except (OSError, RuntimeError) as error:
            raise FileError(str(error)) from error

    def read(self, frames: int) -> NDArray[np.float32]:
        try:
            piece: NDArray[np.float32] = self._file.read(frames, "float32", always_2d=True)
        except (OSError, RuntimeError) as error:
            raise FileError(str(error)) from error
        return piece

    def close(self) -> None:
        self._file.close()


class _MemoryDecoder:
    def __init__(self, media: Media) -> None:
        assert media.samples is not None
        self._samples, self._at = media.samples, 0

    def seek(self, frame: int) -> None:
        self._at = frame

    def read(self, frames: int) -> NDArray[np.float32]:
        piece = self._samples[self._at : self._at + frames]
        self._at += len(piece)
        return piece

    def close(self) -> None:
        pass


def decoder(media: Media) -> Any:
    """What gives the frames of `media` as they are: `seek`, `read`, `close`."""
    if media.reader == "memory":
        return _MemoryDecoder(media)
    if media.reader == "sndfile":
        return _SndfileDecoder(media)
    from . import pyav

    assert media.path is not None
    return pyav.Decoder(media.path, media.samplerate, media.channels)


class Converter:
    """The frames of `media` at an engine's rate and a speed.

    Frames are counted in what comes out: frame n is frame n·step of the file.
    """

    def __init__(self, media: Media, samplerate: int, speed: float, keep_pitch: bool) -> None:
        self._media, self._rate = media, samplerate
        self.step = media.samplerate / samplerate * speed
        self._stretch = speed if keep_pitch and speed != 1 else 1.0
        # What soxr is told: how many frames of the file make one of the engine's.
        self._in_rate = media.samplerate if keep_pitch else media.samplerate * speed
        self._decoder: Any = None
        self._resampler: Any = None
        self._stretcher: Any = None
        self._drop = 0
        self._at_end = False

    def seek(self, frame: int) -> None:
        """Go to a frame of what comes out."""
        if self._decoder is None:
            self._decoder = decoder(self._media)
        self._at_end = False
        begin, self._drop = self._begin(frame)
        self._decoder.seek(begin)
        self._resampler = self._stretcher = None
        if self._in_rate != self._rate:
            import soxr

            self._resampler = soxr.ResampleStream(
                self._in_rate, self._rate, self._media.channels, dtype="float32", quality="VHQ"
            )
        if self._stretch != 1:
            from .pyav import Stretcher

            self._stretcher = Stretcher(self._rate, self._media.channels, self._stretch)

    def _begin(self, frame: int) -> tuple[int, int]:
        """Where in the file to begin, and how many frames to drop of what then comes out."""
        if self._in_rate == self._rate and self._stretch == 1:
            return frame, 0
        if self._stretch != 1:
            # Stretched sound has no exact place; a piece of it (85 ms) before is enough to settle.
            begin = max(0, int(frame * self.step - 0.2 * self._media.samplerate))
            return begin, max(0, round(frame - begin / self.step))
        early = int(frame * self.step - _PREROLL * max(1.0, self.step))
        if early <= 0:
            return 0, frame
        if float(self._in_rate).is_integer():
            common = math.gcd(int(self._in_rate), self._rate)
            step_in, step_out = int(self._in_rate) // common, self._rate // common
            return early // step_in * step_in, frame - early // step_in * step_out
        return early, max(0, round(frame - early / self.step))

    def read(self) -> tuple[NDArray[np.float32], bool]:
        """Some frames (perhaps none), and whether they were the last."""
        import numpy as np

        if self._at_end:
            return np.zeros((0, self._media.channels), np.float32), True
        piece = self._decoder.read(_PIECE)
        is_last = len(piece) < _PIECE
        if self._resampler is not None:
            piece = self._resampler.resample_chunk(np.ascontiguousarray(piece), is_last)
        if self._stretcher is not None:
            piece = self._stretcher.stretch(piece, is_last)
        dropped = min(self._drop, len(piece))
        self._drop -= dropped
        self._at_end = is_last
        return np.ascontiguousarray(piece[dropped:], np.float32), is_last

    def close(self) -> None:
        """Give the file back."""
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None
