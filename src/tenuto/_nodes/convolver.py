# SPDX-License-Identifier: MIT
"""Convolution with the response of a room, a cabinet, a loudspeaker."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .._checks import is_switch
from .._errors import FileError, GraphError
from .base import Node
from .params import Param, check_number, decibels_to_factor

if TYPE_CHECKING:
    from typing import Self

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

LONGEST_SECONDS = 60


class Convolver(Node):
    """Convolve with an impulse response of any length up to a minute, without added latency.

    Parameters
    ----------
    impulse : array_like, shape (frames, channels) or (frames,), or path
        The response; a path names a sound file. One channel is used for all channels of the input;
        otherwise it needs as many as the input has.
    impulse_samplerate : float, optional
        Of an array, in hertz. If it is not the engine's, the response is resampled (soxr, highest
        quality), and scaled so that its frequency response stays. Default: the engine's. A file
        tells its own.
    normalise : bool
        Scale the response to the energy 1 (its loudest channel): white noise then comes out as loud
        as it went in. Fixed at the beginning.
    gain_db : float
        Of the convolved sound, in decibels, -120 (silence) to 60.
    mix : float
        0 (only the input) to 1 (only the convolved sound), no unit.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        A parameter is out of its range; the response is empty, longer than a minute, has more than
        two dimensions, or holds a number that is not finite.
    FileError
        The file cannot be read.
    GraphError
        The response has several channels, and the input another number.

    Notes
    -----
    Partitioned convolution (W. G. Gardner, 1995): see docs/dsp/space.md.

    Examples
    --------
    >>> cabinet = Convolver([0.5, 0.25, 0.125], mix=0.8)
    >>> cabinet.impulse.shape
    (3, 1)
    """

    kind = "convolver"
    gain_db = Param(0.0, -120, 60, "dB", "How loud the convolved sound is.")
    mix = Param(1.0, 0, 1, "", "How much of the output is convolved.")

    def __init__(
        self,
        impulse: ArrayLike | str | os.PathLike[str],
        *,
        impulse_samplerate: float | None = None,
        normalise: bool = False,
        gain_db: float = 0.0,
        mix: float = 1.0,
        name: str | None = None,
    ) -> None:
        self._path: str | None = None
        self._samplerate: float | None = None
        if impulse_samplerate is not None:
            self._samplerate = check_number(
                "Convolver.impulse_samplerate", impulse_samplerate, 1000, 768000, "Hz"
            )
        if isinstance(impulse, str | os.PathLike):
            if impulse_samplerate is not None:
                raise ValueError(
                    f"Convolver.impulse_samplerate={impulse_samplerate!r}: "
                    "a file tells its own; leave it out"
                )
            self._path = os.fspath(impulse)
            impulse, self._samplerate = _read(self._path)
        if not is_switch(normalise):
            raise ValueError(f"Convolver.normalise={normalise!r}: must be True or False")
        self._normalise = bool(normalise)
        self._impulse = self._checked(impulse)
        super().__init__(name=name, gain_db=gain_db, mix=mix)

    @property
    def impulse(self) -> NDArray[np.float32]:
        """The response as it was given, float32, shape (frames, channels); not to be written to."""
        return self._impulse

    @property
    def path(self) -> str | None:
        """The file that the response is from, or None."""
        return self._path

    @property
    def normalise(self) -> bool:
        """Whether the response is scaled to the energy 1."""
        return self._normalise

    def _checked(self, impulse: Any) -> NDArray[np.float32]:
        import numpy as np

        try:
            array = np.array(impulse, np.float32)
        except (TypeError, ValueError):
            raise ValueError(
                "Convolver.impulse: must be an array of numbers, (frames, channels), or a path"
            ) from None
        if array.ndim == 1:
            array = array[:, None]
        if array.ndim != 2 or array.size == 0:
            raise ValueError(
                f"Convolver.impulse has the shape {array.shape}: must be (frames, channels) or "
                "(frames,), with at least one frame"
            )
        if not np.isfinite(array).all():
            raise ValueError("Convolver.impulse: holds a number that is not finite")
        array.flags.writeable = False
        return array

    def _data(self, samplerate: float) -> NDArray[np.float32]:
        import numpy as np

        response = self._impulse.astype(np.float64)
        own = self._samplerate
        if own is not None and own != samplerate:
            import soxr

            # As a signal it would keep its amplitude; as a filter it must keep its sum.
            response = soxr.resample(response, own, samplerate, "VHQ") * (own / samplerate)
        if len(response) > LONGEST_SECONDS * samplerate:
            raise ValueError(
                f"Convolver.impulse is {len(response) / samplerate:.1f} seconds long: "
                f"must be at most {LONGEST_SECONDS} seconds"
            )
        if self._normalise:
            energy = float((response**2).sum(axis=0).max(initial=0))
            response /= np.sqrt(energy) if energy > 0 else 1
        return np.ascontiguousarray(response.T, np.float32)

    def _targets(self, samplerate: float) -> list[float]:
        return [1 - self.mix, self.mix * decibels_to_factor(self.gain_db)]

    def _widths(self, incoming: int) -> tuple[int, int]:
        channels = self._impulse.shape[1]
        width = incoming or channels
        if channels not in (1, width):
            raise GraphError(
                f'"{self.name}" gets {width} channels, but its impulse response has {channels}: '
                f"it takes one channel for all, or one for each"
            )
        return width, width

    def _to_table(self) -> dict[str, Any]:
        if self._path is None:
            raise ValueError(
                f'impulse: "{self.name}" was made from an array, which a chain file cannot hold; '
                "write it to a sound file and give the Convolver its path"
            )
        return {
            "impulse": self._path,
            "normalise": self._normalise,
            "gain_db": self.gain_db,
            "mix": self.mix,
        }

    @classmethod
    def _from_table(cls, table: dict[str, Any]) -> Self:
        known = ("impulse", "normalise", "gain_db", "mix")
        for key in table:
            if key not in known:
                raise TypeError(f'the key "{key}" is not known; possible: {", ".join(known)}')
        if not isinstance(table.get("impulse"), str):
            raise TypeError('the key "impulse" must be there: the path of a sound file')
        return cls(**table)


def _read(path: str) -> tuple[Any, float]:
    import soundfile

    try:
        samples, samplerate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        why = str(error).removeprefix(f"Error opening {path!r}: ")
        raise FileError(f'cannot read the impulse response "{path}": {why}') from error
    except (ValueError, MemoryError) as error:  # what its head says of its length
        raise FileError(f'the impulse response "{path}" does not fit: {error}') from error
    return samples, float(samplerate)
