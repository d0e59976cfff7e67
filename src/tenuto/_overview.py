# SPDX-License-Identifier: MIT
"""What a picture of a recording needs, gathered in one pass, whatever its length.

An `Overview` takes audio in blocks of any size and keeps a fixed amount: per column of the picture
the lowest, highest and RMS value of every channel, the clipped and the non-finite samples, and a
spectrogram on a logarithmic frequency scale. The result depends on the audio alone, not on how it
was cut into blocks: blocks are gathered into chunks of one size before anything is computed.

Memory is at most some 50 MB and the number of transforms at most `MOST_TRANSFORMS`, for ten hours
of 64 channels as for a second of one. Where that is not enough to look at all of the audio, the
spectrogram's windows are spread evenly; the envelope always sees every sample.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COLUMNS = 1600  # as many as a screen shows
ROWS = 480  # of the spectrogram, from 20 Hz to half the sample rate
CHUNK_SAMPLES = 1 << 18  # over all channels; what is worked on at a time
MOST_TRANSFORMS = 1 << 15  # some five seconds of computing
FLOOR_DB = -160.0  # what silence reads
CLIP_LEVEL = 32767 / 32768  # the level meters' own: a 16-bit converter's largest positive value


class Overview:
    """Envelope, levels and spectrogram of a recording, gathered block by block.

    Parameters
    ----------
    frames : int
        How many will come; 0 or more. Fewer may, then `finish` cuts the columns that stayed empty.
    channels : int
        1 or more.
    samplerate : int
        In hertz, above 0.

    Attributes
    ----------
    lowest, highest, rms : ndarray, float64, shape (columns, channels)
        Of the samples of each column, full scale ±1; NaN where a column has no finite sample.
    clipped, not_finite : ndarray, int64, shape (columns, channels)
        Samples at or above full scale, and samples that are no numbers (NaN, infinite).
    frequencies : ndarray, float64, shape (ROWS + 1,)
        Edges of the spectrogram's rows, hertz, rising by a constant factor.
    spectrum_db : ndarray, float64, shape (columns, ROWS)
        Set by `finish`. A full-scale sine reads 0 dB at its frequency; silence reads `FLOOR_DB`.
    frames : int
        Those fed so far.

    Raises
    ------
    ValueError
        An argument is out of range.

    Notes
    -----
    Hann window of about 85 ms, zero-padded to twice its length, power divided by (sum of window /
    2)² so that a sine of amplitude 1 reads 0 dB; between two bins it reads 0.35 dB less at most.
    A row reads its strongest bin in the loudest channel, averaged (as power) over the windows
    whose centres lie in the column. Beyond the ends of the audio a window sees silence.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)[:, None]
    >>> overview = Overview(8000, 1, 8000)
    >>> overview.feed(tone[:3]); overview.feed(tone[3:]); overview.finish()
    >>> float(overview.spectrum_db.max().round(1)), float(overview.highest.max())
    (0.0, 1.0)
    """

    def __init__(self, frames: int, channels: int, samplerate: int) -> None:
        for name, value, least in (
            ("frames", frames, 0), ("channels", channels, 1), ("samplerate", samplerate, 1),
        ):  # fmt: skip
            if value < least:
                raise ValueError(f"Overview got {name}={value}; the least is {least}.")
        self.frames = 0
        self.channels = channels
        self.samplerate = samplerate
        self._announced = frames
        self._columns = min(COLUMNS, frames)
        # Frame i is in column i * columns // frames; column c starts at ceil(c * frames / columns).
        self._starts = np.array(
            [-(-c * frames // self._columns) for c in range(self._columns)], np.int64
        )
        shape = (self._columns, channels)
        self.lowest = np.full(shape, np.nan)
        self.highest = np.full(shape, np.nan)
        self.clipped = np.zeros(shape, np.int64)
        self.not_finite = np.zeros(shape, np.int64)
        self.rms = np.full(shape, np.nan)
        self._squares = np.zeros(shape)
        self._finite = np.zeros(shape, np.int64)
        self._prepare_spectrum()
        self._chunk = max(2 * self._window_frames, CHUNK_SAMPLES // channels)
        # Audio not yet worked on, led by what the next windows still need. Before the first frame
        # lies half a window of silence: window 0 is centred near frame 0.
        self._pending_start = -(self._window_frames // 2)
        self._pending = [np.zeros((-self._pending_start, channels))]
        self._enveloped = 0

    def _prepare_spectrum(self) -> None:
        """Choose the window, where windows lie, and which bins make a row."""
        rate, frames = self.samplerate, self._announced
        self._window_frames = 1 << max(3, round(np.log2(rate * 0.085)))
        size = 2 * self._window_frames
        self._window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size // 2) / (size // 2))
        self._gain = (2 / self._window.sum()) ** 2
        hop = max(self._window_frames // 16, -(-frames * self.channels // MOST_TRANSFORMS), 1)
        windows = max(1, frames // hop) if frames else 0
        self._centres = np.array(
            [(2 * k + 1) * frames // (2 * windows) for k in range(windows)], np.int64
        )
        self._next_window = 0
        columns = min(COLUMNS, windows)
        nyquist = rate / 2
        self.frequencies = np.geomspace(min(20.0, nyquist / 100), nyquist, ROWS + 1)
        edges = self.frequencies * size / rate  # in bins
        first = np.ceil(edges[:-1]).astype(np.int64)
        last = np.minimum(np.ceil(edges[1:]).astype(np.int64), size // 2 + 1)
        last[-1] = size // 2 + 1
        # Low rows are narrower than a bin: they read between two bins. From `wide` on every row
        # has a bin of its own, and reads the strongest.
        narrow = np.flatnonzero(last <= first)
        self._wide = int(narrow[-1]) + 1 if len(narrow) else 0
        self._row_starts = first[self._wide :]
        middle = np.sqrt(edges[:-1] * edges[1:])[: self._wide]
        self._below = np.minimum(middle.astype(np.int64), size // 2 - 1)
        self._part = middle - self._below
        self._power = np.zeros((columns, ROWS))
        self._averaged = np.zeros(columns, np.int64)
        self.spectrum_db = np.full((columns, ROWS), FLOOR_DB)

    def feed(self, block: NDArray[np.floating]) -> None:
        """Take the next frames.

        Parameters
        ----------
        block : ndarray, shape (frames, channels), or (frames,) for one channel
            Full scale ±1; frames beyond the announced number are left out.

        Raises
        ------
        ValueError
            The number of channels is not the announced one.
        """
        block = block[:, None] if block.ndim == 1 else block
        if block.ndim != 2 or block.shape[1] != self.channels:
            raise ValueError(
                f"Overview of {self.channels} channels got a block of shape {block.shape}; "
                f"it takes (frames, {self.channels})."
            )
        block = block[: self._announced - self.frames]
        while len(block):
            part = block[: self._chunk - (self.frames - self._enveloped)]
            self._pending.append(np.array(part, np.float64))
            self.frames += len(part)
            block = block[len(part) :]
            if self.frames - self._enveloped == self._chunk:
                self._work()

    def finish(self) -> None:
        """Work off the rest; only then is `spectrum_db` set. Nothing may be fed afterwards."""
        if self.frames > self._enveloped:
            self._work()
        # The last windows reach past the end.
        self._pending.append(np.zeros((self._window_frames, self.channels)))
        self._transform(until=self.frames)
        self._pending.clear()
        if self.frames < self._announced:  # shorter than announced: keep what has audio
            kept = int(np.searchsorted(self._starts, self.frames))
            for name in ("lowest", "highest", "rms", "clipped", "not_finite"):
                setattr(self, name, getattr(self, name)[:kept])
            self._squares, self._finite = self._squares[:kept], self._finite[:kept]
            kept = int(np.count_nonzero(self._averaged))
            self._power, self._averaged = self._power[:kept], self._averaged[:kept]
        with np.errstate(invalid="ignore", divide="ignore"):
            self.rms = np.sqrt(self._squares / self._finite)
            power = self._power / np.maximum(self._averaged, 1)[:, None]
            self.spectrum_db = np.maximum(10 * np.log10(power), FLOOR_DB)

    def peak(self) -> NDArray[np.float64]:
        """Largest |sample| of each channel, full scale 1; 0 where there is none."""
        either = np.fmax(np.abs(self.lowest), np.abs(self.highest))
        return np.asarray(np.fmax.reduce(either, axis=0, initial=0.0))

    def mean_rms(self) -> NDArray[np.float64]:
        """RMS of each channel over all its finite samples; 0 where there is none."""
        return np.asarray(np.sqrt(self._squares.sum(0) / np.maximum(self._finite.sum(0), 1)))

    def _work(self) -> None:
        """Bring envelope and spectrogram up to the last frame fed."""
        audio = np.concatenate(self._pending)
        self._pending = [audio]
        self._envelope(audio[self._enveloped - self._pending_start :])
        self._enveloped = self.frames
        np.nan_to_num(audio, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        self._transform(until=self.frames - self._window_frames // 2)

    def _envelope(self, audio: NDArray[np.float64]) -> None:
        """Enter frames from `_enveloped` on into the columns they belong to."""
        first = self._enveloped * self._columns // self._announced
        last = (self._enveloped + len(audio) - 1) * self._columns // self._announced + 1
        cuts = np.maximum(self._starts[first:last] - self._enveloped, 0)
        finite = np.isfinite(audio)
        audio = np.where(finite, audio, np.nan)
        here = slice(first, last)
        lowest, highest = np.fmin.reduceat(audio, cuts), np.fmax.reduceat(audio, cuts)
        self.lowest[here] = np.fmin(self.lowest[here], lowest)
        self.highest[here] = np.fmax(self.highest[here], highest)
        self._squares[here] += np.add.reduceat(np.where(finite, audio, 0.0) ** 2, cuts)
        self._finite[here] += np.add.reduceat(finite, cuts, dtype=np.int64)
        self.not_finite[here] += np.add.reduceat(~finite, cuts, dtype=np.int64)
        loud = np.abs(audio) >= CLIP_LEVEL  # False for NaN
        self.clipped[here] += np.add.reduceat(loud, cuts, dtype=np.int64)

    def _transform(self, until: int) -> None:
        """Enter the windows that are centred before frame `until`; drop the audio they used up."""
        last = int(np.searchsorted(self._centres, until))
        audio = self._pending[0] if len(self._pending) == 1 else np.concatenate(self._pending)
        at_once = max(1, CHUNK_SAMPLES // self._window_frames)
        first_frames = self._centres - self._window_frames // 2
        while self._next_window < last:
            windows = np.arange(self._next_window, min(last, self._next_window + at_once))
            starts = first_frames[windows] - self._pending_start
            rows = np.zeros((len(windows), ROWS))
            for channel in range(self.channels):  # one at a time: memory stays small
                pieces = audio[starts[:, None] + np.arange(self._window_frames), channel]
                bins = np.fft.rfft(pieces * self._window, 2 * self._window_frames)
                power = (bins.real**2 + bins.imag**2) * self._gain
                wide = np.maximum.reduceat(power, self._row_starts, axis=1)
                low = power[:, self._below] * (1 - self._part)
                low += power[:, self._below + 1] * self._part
                np.maximum(rows, np.concatenate([low, wide], axis=1), out=rows)
            columns = windows * len(self._power) // len(self._centres)
            np.add.at(self._power, columns, rows)
            np.add.at(self._averaged, columns, 1)
            self._next_window += len(windows)
        keep = len(audio)
        if self._next_window < len(self._centres):
            keep = min(keep, int(first_frames[self._next_window]) - self._pending_start)
        self._pending = [audio[keep:].copy()]
        self._pending_start += keep
