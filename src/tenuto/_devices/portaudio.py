# SPDX-License-Identifier: MIT
"""Devices through PortAudio (extra ``portaudio``): ASIO, and the choice of a host API.

The private touch of this package on `sounddevice`: a stream is opened through its CFFI library
with a native callback, because its own streams call Python for every block.
"""

from __future__ import annotations

import math
from typing import Any

from .. import _core
from .._errors import DeviceError
from .base import LibraryAdapter, Offered, Wanted, check_channels, check_samplerate


def _sounddevice() -> Any:
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise DeviceError(
            f'"portaudio:" devices need PortAudio ({error}): pip install "tenuto[portaudio]", '
            "and on Linux the system's package libportaudio2"
        ) from error
    return sounddevice


class PortAudioAdapter(LibraryAdapter):
    """One device of PortAudio."""

    def __init__(self, name: str, wanted: Wanted) -> None:
        self._sd = _sounddevice()
        self._wanted = wanted
        self._stream: Any = None
        which: str | int | None = int(name) if name.isdecimal() else name or None
        try:
            self._input = self._sd.query_devices(which, "input") if wanted.has_input else None
            self._output = self._sd.query_devices(which, "output") if wanted.out_channels else None
        except (ValueError, self._sd.PortAudioError) as error:
            names = "; ".join(f'{d["index"]}: "{d["name"]}"' for d in self._sd.query_devices())
            raise DeviceError(
                f'PortAudio has no such device "{name}" ({error}). It has {names or "none at all"}.'
            ) from error
        ins = int(self._input["max_input_channels"]) if self._input else 0
        outs = int(self._output["max_output_channels"]) if self._output else 0
        name = (self._input or self._output or {})["name"]
        check_channels(name, wanted, ins, outs)
        # The least number that holds the wanted channels: PortAudio opens any.
        used = max(wanted.in_picks) + 1 if wanted.in_picks else min(2, ins)
        used = used if wanted.has_input else 0
        outs = max(wanted.out_channels, min(2, outs))
        self.offered = Offered(
            name,
            "portaudio",
            used,
            outs,
            wanted.blocksize,
            1,
            # Who only plays is asked for sound ahead of time; losses are flagged.
            wobble_blocks=0.5 if wanted.has_input else math.inf,
        )

    def open(self, engine: _core.Engine) -> None:
        ffi, lib = self._sd._ffi, self._sd._lib
        rate = self._wanted.samplerate

        def parameters(info: Any, channels: int) -> Any:
            if not channels:
                return ffi.NULL
            way = "input" if info is self._input else "output"
            latency = info[f"default_low_{way}_latency"]
            return ffi.new(
                "PaStreamParameters *",
                (info["index"], channels, lib.paFloat32, latency, ffi.NULL),
            )

        ins = parameters(self._input, self.offered.in_channels)
        outs = parameters(self._output, self.offered.out_channels)
        if lib.Pa_IsFormatSupported(ins, outs, rate) != lib.paFormatIsSupported:
            native = int((self._input or self._output or {})["default_samplerate"])
            check_samplerate(self.offered.name, rate, (native,))
        stream = ffi.new("PaStream **")
        callback = ffi.cast("PaStreamCallback *", _core.portaudio_callback())
        user = ffi.cast("void *", engine.address)
        # Bits of portaudio.h: paClipOff and paDitherOff, so that nothing is changed on the way.
        code = lib.Pa_OpenStream(stream, ins, outs, rate, self.offered.blocksize, 3, callback, user)
        if code != 0:
            text = ffi.string(lib.Pa_GetErrorText(code)).decode()
            raise DeviceError(
                f'"{self.offered.name}" cannot be opened at {rate} Hz: {text}. '
                "Another program may hold it. [PortAudio]"
            )
        self._stream = stream[0]

    def start(self) -> None:
        code = self._sd._lib.Pa_StartStream(self._stream)
        if code != 0:
            raise DeviceError(
                f'"{self.offered.name}" was opened but does not start [PortAudio {code}]'
            )

    def stop(self) -> None:
        if self._stream is not None and self._sd._lib.Pa_IsStreamStopped(self._stream) == 0:
            self._sd._lib.Pa_StopStream(self._stream)

    def close(self) -> None:
        if self._stream is not None:
            self._sd._lib.Pa_CloseStream(self._stream)
            self._stream = None

    def find_again(self) -> None:
        """Nothing to look for: PortAudio lists its devices once, when it is loaded."""

    def is_lost(self) -> bool:
        return self._stream is not None and self._sd._lib.Pa_IsStreamActive(self._stream) != 1
