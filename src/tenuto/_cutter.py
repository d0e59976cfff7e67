# SPDX-License-Identifier: MIT
"""From pieces of any length, as a tap gives them, to blocks of one length."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from ._nodes.tap import Block
from ._take import Gap

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Cutter:
    """Cuts sound into blocks; changes its samplerate and its kind of numbers.

    Sound between two losses is a *run*. A run begins with its first block at its first frame, and
    is converted on its own, so that no block mixes what was before a loss with what was behind it.
    """

    def __init__(
        self,
        blocksize: int,
        hop: int,
        channels: int,
        device_samplerate: int,
        samplerate: int,
        dtype: str,
    ) -> None:
        self._blocksize, self._hop, self._channels = blocksize, hop, channels
        self._from, self._to, self._dtype = device_samplerate, samplerate, dtype
        self._blocks: deque[Block] = deque()
        self._losses: tuple[Gap, ...] = ()
        self._resampler: Any = None
        self._is_in_run = False

    def put(self, piece: Block) -> None:
        """Take in what comes next."""
        if piece.losses:
            self._end_run()
            self._losses += piece.losses
        if not len(piece):
            return
        if not self._is_in_run:
            self._begin_run(piece.frame)
        self._known_frame, self._known_time = piece.frame, piece.time
        self._add(piece.samples if self._resampler is None else self._convert(piece.samples, False))

    def finish(self) -> None:
        """Nothing more will come."""
        self._end_run()

    def pop(self) -> Block | None:
        """The next block, when it is complete."""
        return self._blocks.popleft() if self._blocks else None

    def missing(self) -> int:
        """How many frames of the device the next block needs, at least."""
        there = len(self._buffer) if self._is_in_run else 0
        return max(1, math.ceil((self._blocksize - there) * self._from / self._to))

    def _begin_run(self, device_frame: int) -> None:
        self._is_in_run = True
        self._run_device_frame = device_frame
        self._run_frame = self._frame = round(device_frame * self._to / self._from)
        self._fresh_from = self._frame  # what was in no block yet
        self._buffer: NDArray[np.float32] = np.zeros((0, self._channels), np.float32)
        if self._from != self._to:
            import soxr

            self._resampler = soxr.ResampleStream(
                self._from, self._to, self._channels, dtype="float32", quality="HQ"
            )

    def _convert(self, samples: NDArray[np.float32], last: bool) -> NDArray[np.float32]:
        out: NDArray[np.float32] = self._resampler.resample_chunk(samples, last=last)
        return out.reshape(-1, self._channels)

    def _add(self, samples: NDArray[np.float32]) -> None:
        there = self._buffer
        self._buffer = np.concatenate([there, samples]) if len(there) else samples
        while len(self._buffer) >= self._blocksize:
            self._give(self._buffer[: self._blocksize], self._blocksize)
            self._buffer = self._buffer[self._hop :]

    def _end_run(self) -> None:
        if not self._is_in_run:
            return
        if self._resampler is not None:
            self._add(self._convert(np.zeros((0, self._channels), np.float32), True))
        if self._frame + len(self._buffer) > self._fresh_from:
            valid = len(self._buffer)
            filled = np.zeros((self._blocksize, self._channels), np.float32)
            filled[:valid] = self._buffer
            self._give(filled, valid)
        self._is_in_run = False

    def _give(self, samples: NDArray[np.float32], valid: int) -> None:
        place = self._run_device_frame + (self._frame - self._run_frame) * self._from / self._to
        time = self._known_time + (place - self._known_frame) / self._from
        out: NDArray[Any] = samples
        if self._dtype == "int16":
            out = np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)
        elif self._hop < self._blocksize:
            out = samples.copy()  # it shares frames with the next one
        self._blocks.append(Block(out, self._frame, place, time, valid, self._losses))
        self._losses = ()
        self._fresh_from = self._frame + valid
        self._frame += self._hop
