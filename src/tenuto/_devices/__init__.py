# SPDX-License-Identifier: MIT
"""Which devices there are, and which one a name means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._checks import is_whole
from .._errors import DeviceError
from .base import Adapter, DeviceInfo, Wanted

if TYPE_CHECKING:
    from ..testing import VirtualDevice
    from .miniaudio import Context, Found

__all__ = ["Adapter", "DeviceInfo", "Wanted", "devices", "find_adapter"]


def _search(backends: tuple[str, ...], *, with_outputs: bool = True) -> list[tuple[Context, Found]]:
    from . import miniaudio

    found: list[tuple[Context, Found]] = []
    for backend in backends:
        try:
            context = miniaudio.Context(backend)
        except DeviceError:
            continue  # not running here
        found += [(context, device) for device in context.devices(with_outputs=with_outputs)]
    return found


def devices() -> list[DeviceInfo]:
    """List the devices that can be opened.

    Returns
    -------
    list of DeviceInfo
        Real devices first, in the order in which ``device=None`` prefers their back ends; the
        virtual device last, so the list is never empty.

    Examples
    --------
    >>> import tenuto
    >>> [device.backend for device in tenuto.devices()][-1]
    'virtual'
    """
    from .miniaudio import BACKENDS

    listed = [
        DeviceInfo(
            index,
            found.backend,
            found.name,
            found.in_channels,
            found.out_channels,
            found.samplerates,
            found.is_default,
        )
        for index, (_, found) in enumerate(_search(BACKENDS))
    ]
    listed.append(DeviceInfo(len(listed), "virtual", "virtual", 2, 2, (), False))
    return listed


def find_adapter(device: str | int | VirtualDevice | None, wanted: Wanted) -> Adapter:
    """The adapter for what the user named; raises `DeviceError` when it means nothing here."""
    from .virtual import Script, VirtualAdapter, script_named

    script = getattr(device, "script", None)
    if isinstance(script, Script):
        return VirtualAdapter(script, wanted)
    if is_whole(device):
        device = int(device)
    elif device is not None and not isinstance(device, str):
        raise DeviceError(
            f"device={device!r}: give a name, a number of `tenuto devices`, a "
            "tenuto.testing.VirtualDevice, or None for the default"
        )
    if isinstance(device, str) and device.partition(":")[0] == "virtual":
        return VirtualAdapter(script_named(device), wanted)
    if isinstance(device, str) and device.partition(":")[0] == "portaudio":
        from .portaudio import PortAudioAdapter

        return PortAudioAdapter(device.partition(":")[2], wanted)
    from .miniaudio import BACKENDS, MiniaudioAdapter

    backends, name = BACKENDS, device
    if isinstance(device, str):
        backend, _, rest = device.partition(":")
        if backend in BACKENDS:
            backends, name = (backend,), int(rest) if rest.isdecimal() else rest or None
    # A number counts all devices (of its back end), so that it means what `devices` has listed.
    with_outputs = wanted.out_channels > 0 or isinstance(name, int)
    found = _search(backends, with_outputs=with_outputs)
    if isinstance(device, int) and device == len(found):
        return VirtualAdapter(Script(), wanted)
    try:
        context, chosen = _choose(found, device, name, backends, wanted)
    except DeviceError:
        if with_outputs:
            raise
        # The message counts all devices, too.
        context, chosen = _choose(_search(backends), device, name, backends, wanted)
    return MiniaudioAdapter(context, chosen, wanted)


def _choose(
    found: list[tuple[Context, Found]],
    device: str | int | None,
    name: str | int | None,
    backends: tuple[str, ...],
    wanted: Wanted,
) -> tuple[Context, Found]:
    if name is None:
        return _default(found, device, backends, wanted)
    if isinstance(name, int):
        if 0 <= name < len(found):
            return found[name]
        of = f" of {backends[0]}" if isinstance(device, str) else ""
        raise DeviceError(f"there is no device number {name}{of}. " + _what_there_is(found))
    matches = [
        entry
        for entry in found
        if name.lower() in (entry[1].name.lower(), entry[1].identity.lower())
    ] or [
        entry
        for entry in found
        if name.lower() in entry[1].name.lower() or name.lower() in entry[1].identity.lower()
    ]
    if not matches:
        raise DeviceError(f'there is no device "{device}". ' + _what_there_is(found))
    if len(matches) > 1 and len({entry[1].backend for entry in matches}) == 1:
        names = ", ".join(f'"{entry[1].name}"' for entry in matches)
        raise DeviceError(f'"{device}" could be any of {names}: give more of the name')
    return matches[0]


def _default(
    found: list[tuple[Context, Found]],
    device: str | int | None,
    backends: tuple[str, ...],
    wanted: Wanted,
) -> tuple[Context, Found]:
    """The default of the first sound system that has what is wanted.

    Where its default input and its default output are two devices, they are taken as one.
    """
    from .miniaudio import pair

    for backend in backends:
        here = [entry for entry in found if entry[1].backend == backend]
        here.sort(key=lambda entry: not entry[1].is_default)
        ins = [entry for entry in here if entry[1].in_channels > 0]
        outs = [entry for entry in here if entry[1].out_channels > 0]
        if not wanted.out_channels and ins:
            return ins[0]
        if not wanted.has_input and outs:
            return outs[0]
        if ins and outs:
            both = [entry for entry in ins if entry[1].out_channels > 0]
            if both and both[0] is ins[0]:
                return both[0]
            return ins[0][0], pair(ins[0][1], outs[0][1])
    raise DeviceError(_nothing_there(device, found, backends, wanted))


def _nothing_there(
    device: str | int | None,
    found: list[tuple[Context, Found]],
    backends: tuple[str, ...],
    wanted: Wanted,
) -> str:
    where = ", ".join(backends)
    kind = "input" if wanted.has_input else "output"
    what = f"no {kind} device" if device is None else f'no {kind} device for "{device}"'
    return (
        f"{what} was found (looked at: {where}). " + _what_there_is(found) + " To go on without "
        'hardware pass device="virtual"; `tenuto doctor` tells what is missing.'
    )


def _what_there_is(found: list[tuple[Context, Found]]) -> str:
    if not found:
        return 'There is no sound device on this machine, only "virtual".'
    names = "; ".join(f'{i}: "{f.name}" ({f.backend})' for i, (_, f) in enumerate(found))
    return f'There are {names}; and "virtual".'
