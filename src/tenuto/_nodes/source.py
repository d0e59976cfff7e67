# SPDX-License-Identifier: MIT
"""Sound that Python puts into a graph."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .. import _core
from .._checks import number, whole
from .._errors import TenutoError
from .base import Instance, Node

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


class Source(Node):
    """Blocks from Python: what is written is played, in order, as soon as the engine gets to it.

    When nothing is there in time, silence is played and the missing frames are counted.

    Parameters
    ----------
    channels : int
        1 to 1024.
    buffer_seconds : float
        How much can be written ahead, 0.001 to 600.
    name : str, optional
        How messages call it.

    Examples
    --------
    >>> import tenuto
    >>> source = tenuto.Source(channels=1)
    >>> with tenuto.Engine("virtual", channels=(0, 1)) as eng:
    ...     _ = eng.connect(source, eng.output)
    ...     source.write([0.0, 0.5, 1.0])
    3
    """

    kind = "source"
    is_source = True
    in_chains = False

    def __init__(
        self, channels: int = 1, *, buffer_seconds: float = 1.0, name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.channels = whole("channels", channels, 1, 1024, "channels")
        self._seconds = number("buffer_seconds", buffer_seconds, 0.001, 600, "s")
        self._core: _core.FeedNode | None = None
        self._ended = False

    def _widths(self, incoming: int) -> tuple[int, int]:
        return 0, self.channels

    def _instance(self, samplerate: float, channels: int, max_block: int, **_: Any) -> Instance:
        ring = max(max_block, round(self._seconds * samplerate))
        self._core = _core.FeedNode(channels, ring, max_block, samplerate)
        return Instance(self._core, [], samplerate)

    def write(self, frames: ArrayLike, timeout: float | None = None) -> int:
        """Put frames in, and wait until all of them have found room.

        Parameters
        ----------
        frames : array_like, float32, shape (frames, channels) or (frames,)
            Full scale is 1; of int16 and int32 it is their range.
        timeout : float, optional
            In seconds; None waits as long as it takes, 0 not at all.

        Returns
        -------
        int
            How many frames went in; fewer than given only when the time was up.

        Raises
        ------
        ValueError
            Another number of channels.
        TenutoError
            It is in no engine.
        """
        core = self._core
        if core is None:
            raise TenutoError(f"{self.name} is in no engine: connect it before you write")
        block = as_frames(frames, self.channels)
        until = None if timeout is None else time.monotonic() + timeout
        done = int(core.write(block))
        while done < len(block) and (until is None or time.monotonic() < until):
            time.sleep(0.002)
            done += int(core.write(block[done:]))
        return done

    def end(self) -> None:
        """Nothing more will come: running empty is no fault from here on."""
        if self._core is not None:
            self._core.announce_end(True)

    @property
    def free_frames(self) -> int:
        """Frames that can be written without waiting."""
        return int(self._core.free_frames) if self._core is not None else 0

    @property
    def missing_frames(self) -> int:
        """Frames of silence that were played because nothing was there in time."""
        return int(self._core.missing) if self._core is not None else 0


def as_frames(frames: ArrayLike, channels: int | None = None) -> NDArray[np.float32]:
    """An array of shape (frames, channels), float32, contiguous; `ValueError` when it is not.

    Arrays of 16 and 32 bit integers are taken as soundfile gives them: their range is full scale.
    """
    import numpy as np

    block = np.asarray(frames)
    if isinstance(frames, np.ndarray) and block.dtype in (np.int16, np.int32):
        block = block / -float(np.iinfo(block.dtype).min)
    if not (np.issubdtype(block.dtype, np.number) or block.dtype == np.bool_):
        raise ValueError(f"an array of {block.dtype} is no sound: give numbers, full scale 1")
    if np.iscomplexobj(block):
        raise ValueError("an array of complex numbers is no sound: give real ones")
    if block.ndim == 1:
        block = block[:, np.newaxis]
    if block.ndim != 2 or block.shape[1] == 0:
        raise ValueError(f"an array of shape {block.shape} is no sound: give (frames, channels)")
    if channels is not None and block.shape[1] != channels:
        raise ValueError(f"the array has {block.shape[1]} channels, {channels} are wanted")
    return np.ascontiguousarray(block, dtype=np.float32)
