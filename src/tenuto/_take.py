# SPDX-License-Identifier: MIT
"""What a recording leaves behind: the take, and the ledger of its gaps."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._errors import FileError
from ._sndfile import name_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CAUSES = ("xrun", "overflow", "device-lost")


@dataclass(frozen=True)
class Gap:
    """A place in a recording where sound was lost; the file holds silence of the same length.

    Attributes
    ----------
    frame : int
        The first missing frame, counted from 0 in the file.
    frames : int
        How many are missing.
    cause : str
        ``"xrun"`` (the device lost them), ``"overflow"`` (the disk was too slow for longer than
        the ring could hold) or ``"device-lost"`` (the device was away).
    utc : str
        When it was noticed, ISO 8601, UTC.
    """

    frame: int
    frames: int
    cause: str
    utc: str


def ledger_path(path: Path) -> Path:
    """Where the ledger of a sound file lies: ``take.wav`` has ``take.tenuto.json``."""
    return path.with_suffix(".tenuto.json")


def read_ledger(path: str | Path) -> list[Gap]:
    """Read the gaps of the recording at `path`; none when it has no ledger.

    Parameters
    ----------
    path : str or Path
        The sound file (not the ledger).

    Returns
    -------
    list of Gap
        In the order of their places.

    Raises
    ------
    FileError
        There is a ledger, but it is not one of tenuto's.
    """
    where = ledger_path(Path(path))
    try:
        text = where.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileError(f'cannot read the ledger "{where}": {error.strerror}') from error
    try:
        content: Any = json.loads(text)
        if content["format"] != "tenuto-ledger":
            raise ValueError("its format is not tenuto-ledger")
        gaps = [
            Gap(int(row["frame"]), int(row["frames"]), str(row["cause"]), str(row["utc"]))
            for row in content["gaps"]
        ]
        if any(g.frame < 0 or g.frames < 1 or g.cause not in CAUSES for g in gaps):
            raise ValueError("a gap has an impossible place, length or cause")
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise FileError(f'"{where}" is not a ledger that tenuto wrote: {error}') from error
    return sorted(gaps, key=lambda gap: gap.frame)


@dataclass(frozen=True)
class Take:
    """A finished recording. Two are equal when all this is; the sound is not looked at.

    Attributes
    ----------
    path : Path or None
        The file; None when it was recorded into memory.
    frames, samplerate, channels : int
        Its size. `frames` counts device time: what was lost is there as silence.
    gaps : tuple of Gap
        Where something was lost; empty when nothing was.
    """

    path: Path | None
    frames: int
    samplerate: int
    channels: int
    gaps: tuple[Gap, ...]
    _samples: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    # The file, whatever has become of the working directory.
    _where: Path | None = field(default=None, repr=False, compare=False)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.samplerate

    @property
    def dropped_frames(self) -> int:
        """How many of the frames are silence in place of something lost."""
        return sum(gap.frames for gap in self.gaps)

    def to_numpy(self) -> NDArray[np.float32]:
        """The sound, from memory or read back from the file.

        Returns
        -------
        ndarray, float32, shape (frames, channels)
            Full scale is ±1.0.

        Raises
        ------
        FileError
            The file is gone or cannot be read.
        """
        if self._samples is not None:
            return self._samples
        import numpy as np
        import soundfile

        assert self.path is not None
        if self.frames == 0:
            return np.zeros((0, self.channels), np.float32)  # libsndfile reads no empty FLAC
        try:
            samples: NDArray[np.float32]
            where = name_of(self._where or self.path)
            samples, _ = soundfile.read(where, dtype="float32", always_2d=True)
        except (OSError, soundfile.LibsndfileError) as error:
            raise FileError(f'cannot read "{self.path}" back: {error}') from error
        return samples
