# SPDX-License-Identifier: MIT
"""Devices through miniaudio: ALSA, PulseAudio, JACK, WASAPI, Core Audio.

The private touch of this package on `miniaudio`: its compiled module `_miniaudio` is used without
the Python layer on top, because that layer runs Python in the callback. `tests/test_miniaudio.py`
says in one sentence what moved when a release breaks this.
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .. import _core
from .._errors import DeviceError
from .base import LibraryAdapter, Offered, Wanted, check_channels, check_samplerate

_FORMAT_F32 = 5  # ma_format_f32
# In the order in which `device=None` looks for a device.
_BACKENDS = {"pulse": "pulseaudio", "jack": "jack", "alsa": "alsa"}
if sys.platform == "win32":
    _BACKENDS = {"wasapi": "wasapi", "dsound": "dsound", "winmm": "winmm"}
elif sys.platform == "darwin":
    _BACKENDS = {"coreaudio": "coreaudio", "jack": "jack"}

BACKENDS = tuple(_BACKENDS)
_PULSE_BUFFER_SECONDS = 2.0
_PULSE_BLOCK_SECONDS = 0.025  # miniaudio's choice when it is asked for no block size
_CLIENT_NAME = b"tenuto"
_MONITOR_NAME = b"tenuto-monitor"


@functools.cache
def _module() -> tuple[Any, Any]:
    try:
        from _miniaudio import ffi, lib
    except ImportError as error:
        raise DeviceError(
            f"the miniaudio package cannot be loaded ({error}): reinstall it, or use a virtual "
            "device"
        ) from error
    return ffi, lib


def version() -> str:
    """miniaudio's own version, for instance ``"0.11.25"``."""
    ffi, lib = _module()
    return str(ffi.string(lib.ma_version_string()).decode())


@functools.cache
def _callbacks() -> tuple[Any, Any]:
    """The native callbacks of an input and of an output."""
    ffi, _ = _module()
    addresses = _core.miniaudio_callbacks(ffi.offsetof("ma_device", "pUserData"))
    capture, playback = (ffi.cast("ma_device_data_proc", address) for address in addresses)
    return capture, playback


# Libraries that print every failed attempt to stderr, and how to make them stop; we say ourselves
# what was looked for. The handler is native: it may be called on the audio thread.
_CHATTY = {
    "alsa": (("libasound.so.2", "snd_lib_error_set_handler"),),
    "jack": (
        ("libjack.so.0", "jack_set_error_function"),
        ("libjack.so.0", "jack_set_info_function"),
    ),
}


@functools.cache
def _quieten(backend: str) -> None:
    for library, setter in _CHATTY.get(backend, ()):
        try:
            getattr(ctypes.CDLL(library), setter)(ctypes.c_void_p(_core.ignore_message()))
        except (OSError, AttributeError):
            continue  # no such library here, so nothing to keep quiet


class Context:
    """A connection to one sound system; closes with the last device that uses it."""

    def __init__(self, backend: str, client_name: bytes = _CLIENT_NAME) -> None:
        ffi, lib = _module()
        _quieten(backend)
        self._name = ffi.new("char[]", client_name)
        config = ffi.new("ma_context_config *", lib.ma_context_config_init())
        config.jack.pClientName = self._name
        backends = ffi.new("ma_backend[1]", [getattr(lib, f"ma_backend_{_BACKENDS[backend]}")])
        self.backend = backend
        pointer = ffi.new("ma_context *")
        result = lib.ma_context_init(backends, 1, config, pointer)
        if result != lib.MA_SUCCESS:
            raise DeviceError(f"{backend} is not running here")
        self.pointer = ffi.gc(pointer, lib.ma_context_uninit)

    def devices(self, *, with_outputs: bool = True) -> Iterator[Found]:
        """Everything that this sound system can open."""
        ffi, lib = _module()
        outs, ins = ffi.new("ma_device_info **"), ffi.new("ma_device_info **")
        out_count, in_count = ffi.new("ma_uint32 *"), ffi.new("ma_uint32 *")
        if lib.ma_context_get_devices(self.pointer, outs, out_count, ins, in_count):
            return
        found: dict[str, Found] = {}
        for kind, infos, count in (
            (lib.ma_device_type_capture, ins, in_count[0]),
            # Asking is slow (JACK: 25 ms a direction), so what nobody wants is not asked.
            (lib.ma_device_type_playback, outs, out_count[0] if with_outputs else 0),
        ):
            for i in range(count):
                self._add(found, kind, infos[0][i])
        yield from found.values()

    def _add(self, found: dict[str, Found], kind: int, listed: Any) -> None:
        ffi, lib = _module()
        if self.backend == "alsa" and not _is_alsa_hardware(_id_text(listed)):
            return
        info = ffi.new("ma_device_info *")
        pointer = ffi.addressof(listed, "id")
        if lib.ma_context_get_device_info(self.pointer, kind, pointer, info):
            return
        formats = list(info.nativeDataFormats[0 : info.nativeDataFormatCount])
        channels = max((f.channels for f in formats), default=0) or 2
        rates = tuple(sorted({f.sampleRate for f in formats if f.sampleRate}))
        name = ffi.string(listed.name).decode(errors="replace")
        is_capture = kind == lib.ma_device_type_capture
        if self.backend == "jack":
            name = "JACK server"
        entry = found.setdefault(name, Found(self.backend, name, _id_text(listed)))
        entry.is_default |= bool(listed.isDefault)
        identity = ffi.new("ma_device_id *")
        ffi.memmove(identity, pointer, ffi.sizeof("ma_device_id"))
        if is_capture:
            entry.in_channels, entry.in_id, entry.in_rates = channels, identity, rates
        else:
            entry.out_channels, entry.out_id, entry.out_rates = channels, identity, rates


def _id_text(listed: Any) -> str:
    ffi, _ = _module()
    raw = ffi.buffer(ffi.addressof(listed, "id"))[:]
    return bytes(raw.split(b"\0", 1)[0]).decode(errors="replace")


def _is_alsa_hardware(identity: str) -> bool:
    # ALSA also lists its plug-ins (null, rate converters, bridges to the servers that have a back
    # end of their own here): none of them is a device.
    return identity == "default" or ":" in identity


@dataclass
class Found:
    """One device as the sound system lists it."""

    backend: str
    name: str
    identity: str
    in_channels: int = 0
    out_channels: int = 0
    in_rates: tuple[int, ...] = ()
    out_rates: tuple[int, ...] = ()
    in_id: Any = None
    out_id: Any = None
    is_default: bool = False
    out_name: str = ""  # where the output is another device of the same sound system

    @property
    def samplerates(self) -> tuple[int, ...]:
        """Rates of all directions that it has."""
        return tuple(sorted(set(self.in_rates) | set(self.out_rates)))


def _wobble_blocks(backend: str, wanted: Wanted) -> float:
    """How far the back end's clock steps without a loss, in blocks."""
    if not wanted.has_input and backend != "jack":
        return math.inf  # who only plays is asked for sound ahead of time
    if backend != "pulse":
        return 0.5
    # Measured on a null sink's monitor: a sawtooth of one block, and of 8 ms for small blocks.
    return max(2.0, 0.01 * wanted.samplerate / wanted.blocksize) if wanted.blocksize else 2.0


class MiniaudioAdapter(LibraryAdapter):
    """One device of miniaudio."""

    def __init__(self, context: Context, found: Found, wanted: Wanted) -> None:
        check_channels(found.name, wanted, found.in_channels, found.out_channels)
        _check_rates(found, wanted)
        self._context = context
        self._found = found
        self._wanted = wanted
        self._devices: list[Any] = []  # the input, and the output if there is one
        self.offered = Offered(
            name=found.name,
            backend=found.backend,
            in_channels=found.in_channels if wanted.has_input else 0,
            out_channels=found.out_channels if wanted.out_channels else 0,
            separate_output=wanted.has_input,
            blocksize=wanted.blocksize,
            # JACK runs in cycles (see rt/books.h); elsewhere blocks say nothing about losses.
            loss_quantum=0 if found.backend == "jack" else 1,
            wobble_blocks=_wobble_blocks(found.backend, wanted),
        )

    def open(self, engine: _core.Engine) -> None:
        # Two devices where both directions are wanted. miniaudio's duplex device would pass the
        # input through a ring of its own: sound arrives four blocks old, and a loss is then not
        # where the clock says.
        if self.offered.in_channels:
            self._open_side(engine, self._context, "capture")
        if self.offered.out_channels:
            self._output_context = self._context
            if self._devices:
                self._output_context = Context(self.offered.backend, _MONITOR_NAME)
            self._open_side(engine, self._output_context, "playback")

    def _open_side(self, engine: _core.Engine, context: Context, side: str) -> None:
        ffi, lib = _module()
        found, offered = self._found, self.offered
        channels = offered.in_channels if side == "capture" else offered.out_channels
        config = lib.ma_device_config_init(getattr(lib, f"ma_device_type_{side}"))
        config.sampleRate = self._wanted.samplerate
        config.periodSizeInFrames = self._wanted.blocksize
        if offered.backend == "pulse" and side == "capture":
            # The server keeps as many blocks as this for us, and drops what comes on top: with
            # miniaudio's three, a wake-up 8 ms late costs frames. It adds no latency.
            block = self._wanted.blocksize or _PULSE_BLOCK_SECONDS * self._wanted.samplerate
            config.periods = math.ceil(_PULSE_BUFFER_SECONDS * self._wanted.samplerate / block)
        # The output has a callback of its own only beside an input, whose callback runs the engine.
        config.dataCallback = _callbacks()[bool(self._devices)]
        config.pUserData = ffi.cast("void *", engine.address)
        part = getattr(config, side)
        # The native number: the wanted channels are picked by the engine, unmixed.
        part.format, part.channels = _FORMAT_F32, channels
        part.pDeviceID = found.in_id if side == "capture" else found.out_id
        # Nothing is converted behind our back: what the device cannot do is an error.
        config.alsa.noAutoResample = 1
        config.wasapi.noAutoConvertSRC = 1
        device = ffi.new("ma_device *")
        settings = ffi.new("ma_device_config *", config)
        result = lib.ma_device_init(context.pointer, settings, device)
        if result != lib.MA_SUCCESS:
            self.close()
            direction = "recording" if side == "capture" else "playing"
            raise DeviceError(
                f'"{self.offered.name}" ({self.offered.backend}) cannot be opened for {direction} '
                f"at {self._wanted.samplerate} Hz with {channels} channels: another "
                f"program may hold it. `tenuto doctor` looks closer. [miniaudio {result}]"
            )
        self._devices.append(device)

    def start(self) -> None:
        _, lib = _module()
        for device in self._devices:
            result = lib.ma_device_start(device)
            if result != lib.MA_SUCCESS:
                raise DeviceError(
                    f'"{self.offered.name}" ({self.offered.backend}) was opened but does not '
                    f"start. Is it in use by another program? [miniaudio {result}]"
                )

    def stop(self) -> None:
        _, lib = _module()
        for device in self._devices:
            lib.ma_device_stop(device)

    def close(self) -> None:
        _, lib = _module()
        for device in self._devices:
            # First, because `ma_device_uninit` only waits: a thread that listens to a PulseAudio
            # server that is gone has to be woken, or it waits for ever.
            lib.ma_device_stop(device)
            lib.ma_device_uninit(device)
        self._devices.clear()

    def is_lost(self) -> bool:
        # `ma_device_is_started` turns false when the back end reports the end of the stream. It
        # does not always: the stream's watchdog looks at the callbacks themselves.
        _, lib = _module()
        return bool(self._devices) and not lib.ma_device_is_started(self._devices[0])

    def find_again(self) -> None:
        context = Context(self.offered.backend)
        found = find(context, self._found)
        offered, wanted = self.offered, self._wanted
        if (
            found is None
            or (wanted.has_input and found.in_channels != offered.in_channels)
            or (wanted.out_channels and found.out_channels != offered.out_channels)
        ):
            raise DeviceError(f'"{offered.name}" is not what it was')
        _check_rates(found, self._wanted)
        self._context, self._found = context, found


def _check_rates(found: Found, wanted: Wanted) -> None:
    if wanted.has_input:
        check_samplerate(found.name, wanted.samplerate, found.in_rates)
    if wanted.out_channels:
        check_samplerate(found.out_name or found.name, wanted.samplerate, found.out_rates)


def pair(source: Found, sink: Found) -> Found:
    """An input and an output of one sound system as one device."""
    return dataclasses.replace(
        source,
        out_name=sink.name,
        out_channels=sink.out_channels,
        out_rates=sink.out_rates,
        out_id=sink.out_id,
    )


def find(context: Context, like: Found) -> Found | None:
    """The device of the same name (or, failing that, identity) on a new connection."""
    candidates = list(context.devices())
    for found in candidates:
        if found.name == like.name or found.identity == like.identity:
            sinks = [other for other in candidates if other.name == like.out_name]
            return pair(found, sinks[0]) if sinks else found
    return None
