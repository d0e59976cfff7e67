# SPDX-License-Identifier: MIT
"""Everything that reads what tenuto did not write, as functions of bytes.

Each may raise the errors that its documentation names, and nothing else: whatever else comes out
of here is a finding.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tenuto
from tenuto import _devices
from tenuto._devices.base import Wanted, channels_asked
from tenuto._devices.miniaudio import BACKENDS, Found
from tenuto.cli.record import _channels

_FOLDER = tempfile.TemporaryDirectory(prefix="tenuto-fuzz-")
HERE = Path(_FOLDER.name)
WANTED = Wanted(48_000, 128, (0, 1), 2, 2)
# Devices that are not here, so that names are compared with something.
LISTED: list[tuple[Any, Found]] = [
    (None, Found(backend, f"{backend} Scarlett 2i2 (hw:{n})", f"hw:{n}", 2, 2, (48_000,)))
    for n, backend in enumerate(BACKENDS)
]


def text_of(data: bytes) -> str:
    """Any text, also with what no file name can hold."""
    return data.decode("utf-8", "surrogatepass" if len(data) % 2 else "replace")


def chain(data: bytes) -> None:
    """A chain or preset file."""
    path = HERE / "chain.toml"
    path.write_bytes(data)
    with contextlib.suppress(tenuto.FileError):
        loaded = tenuto.Chain.load(path)
        # What could be read can be written, and read again.
        assert len(tenuto.Chain.from_toml(loaded.to_toml())) == len(loaded)


def ledger(data: bytes) -> None:
    """The ledger beside a recording."""
    path = HERE / "take.wav"
    (HERE / "take.tenuto.json").write_bytes(data)
    with contextlib.suppress(tenuto.FileError):
        for gap in tenuto.read_ledger(path):
            assert gap.frame >= 0 and gap.frames > 0


def device(data: bytes) -> None:
    """What a user may call a device."""
    try:
        name = text_of(data)
    except UnicodeDecodeError:
        return
    with contextlib.suppress(tenuto.DeviceError, tenuto.FileError):
        if name.partition(":")[0] in ("virtual", "portaudio"):
            _devices.find_adapter(name, WANTED)
        else:
            _devices._choose(LISTED, name, name, BACKENDS, WANTED)


def channels(data: bytes) -> None:
    """A selection of channels: as Python gives it, and as the command line does."""
    import typer

    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    with contextlib.suppress(ValueError, RecursionError):
        asked = json.loads(text)
        with contextlib.suppress(ValueError):
            picks, count = channels_asked(asked)
            assert picks is None or len(picks) == count
    with contextlib.suppress(typer.BadParameter):
        _channels(text)


def sound(data: bytes) -> None:
    """A sound file, to be played, and to be the virtual device's input."""
    path = HERE / "sound.wav"
    path.write_bytes(data)
    with contextlib.suppress(tenuto.FileError):
        tenuto.FilePlayer(path)
    with contextlib.suppress(tenuto.FileError, tenuto.DeviceError):
        _devices.find_adapter(f"virtual:{path}", Wanted(48_000, 128, None, 0, 0))


def mapped(data: bytes) -> None:
    """A WAV file that is looked at in place."""
    path = HERE / "mapped.wav"
    path.write_bytes(data)
    with contextlib.suppress(tenuto.FileError):
        view = tenuto.open_mapped(path)
        assert view.ndim in (2, 3)  # 24-bit samples are three bytes each
        view.max(initial=0)  # touches every page


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (chain, ledger, device, channels, sound)
}
if hasattr(tenuto, "open_mapped"):
    TARGETS["mapped"] = mapped
