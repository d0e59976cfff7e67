# SPDX-License-Identifier: MIT
"""The virtual device of the core: a clock, silence, a file, or its own output.

``"virtual"`` gives silence in and discards what is played, ``"virtual:PATH"`` feeds a file as the
input in real time (then silence), ``"virtual:loopback"`` feeds what is played back to the input,
one block later.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import _core
from .._errors import DeviceError, FileError
from .._sndfile import name_of
from .base import Offered, Wanted, check_channels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT_BLOCKSIZE = 128
_DEFAULT_CHANNELS = 2


@dataclass(frozen=True)
class Script:
    """How a virtual device behaves; `tenuto.testing.VirtualDevice` makes one."""

    input: str = "silence"
    source: NDArray[np.float32] | None = None
    source_samplerate: int = 0
    in_channels: int = 0
    name: str = "virtual"
    clocked: bool = True
    tells_position: bool = True
    drift_ppm: float = 0.0
    jitter_seconds: float = 0.0
    seed: int = 0
    faults: tuple[tuple[str, int, int], ...] = ()


def script_named(name: str) -> Script:
    """The script that ``"virtual"``, ``"virtual:loopback"`` or ``"virtual:PATH"`` stands for."""
    _, _, argument = name.partition(":")
    if not argument:
        return Script()
    if argument == "loopback":
        return Script(input="loopback", name=name)
    path = Path(argument)
    try:
        exists = path.is_file()
    except OSError:  # a name that is too long, a folder that may not be looked into
        exists = False
    if not exists:
        raise FileError(
            f'device "{name}": there is no file "{argument}" to feed as the input. '
            'Give an existing sound file, or "virtual" for silence.'
        )
    samples, samplerate = _read(path)
    return Script("samples", samples, samplerate, samples.shape[1], f"virtual:{path.name}")


def _read(path: Path) -> tuple[NDArray[np.float32], int]:
    import soundfile

    try:
        samples, samplerate = soundfile.read(name_of(path), dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise FileError(f'"{path}" cannot be read as sound: {error}') from error
    except (ValueError, MemoryError) as error:  # what its head says of its length
        raise FileError(f'"{path}" does not fit into memory: {error}') from error
    return samples, int(samplerate)


class VirtualAdapter:
    """The core's virtual device behind the interface of all devices."""

    def __init__(self, script: Script, wanted: Wanted) -> None:
        has = script.in_channels or max(wanted.in_count, _DEFAULT_CHANNELS)
        if script.in_channels == 0 and wanted.in_picks:
            has = max(has, max(wanted.in_picks) + 1)
        outs = 0
        if wanted.out_channels or script.input == "loopback":
            outs = max(wanted.out_channels, has)
        check_channels(script.name, wanted, has, outs)
        self.script = script
        self._samplerate = wanted.samplerate
        blocksize = wanted.blocksize or DEFAULT_BLOCKSIZE
        self.offered = Offered(script.name, "virtual", has, outs, blocksize, 1)
        self._device: _core.VirtualDevice | None = None

    def open(self, engine: _core.Engine) -> None:
        script = self.script
        self._device = _core.VirtualDevice(
            engine,
            input=script.input,
            source=self._source(),
            blocksize=self.offered.blocksize,
            tells_position=script.tells_position,
            drift_ppm=script.drift_ppm,
            jitter_seconds=script.jitter_seconds,
            seed=script.seed,
            faults=list(script.faults),
        )

    def _source(self) -> Any:
        import numpy as np

        source = self.script.source
        if source is None:
            return None
        if self.script.source_samplerate not in (0, self._samplerate):
            import soxr

            source = soxr.resample(
                source, self.script.source_samplerate, self._samplerate, quality="VHQ"
            )
        return np.ascontiguousarray(source, dtype=np.float32)

    @property
    def device(self) -> _core.VirtualDevice:
        """The core's device; only while it is open."""
        if self._device is None:
            raise DeviceError(f'"{self.offered.name}" is closed')
        return self._device

    def start(self) -> None:
        if self.script.clocked:
            self.device.start()

    def stop(self) -> None:
        if self._device is not None:
            self._device.stop()

    def close(self) -> None:
        self.stop()

    def is_lost(self) -> bool:
        return self.device.is_lost

    def reopen(self, engine: _core.Engine) -> bool:
        if not self.device.is_present:
            return False
        self.device.stop()
        engine.device_returns()
        self.device.attach()
        self.start()
        return True

    def device_frame(self) -> int:
        return self.device.position if self.script.tells_position else -1

    def now_ns(self) -> int | None:
        return None if self.script.clocked else self.device.now_ns
