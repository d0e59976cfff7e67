# SPDX-License-Identifier: MIT
"""What every device adapter offers, and how a device is named.

An adapter opens a device of one library, hands it the address of a native callback, and afterwards
only starts, stops and asks. No Python runs per block.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from .._checks import is_whole
from .._errors import DeviceError

if TYPE_CHECKING:
    from .. import _core


@dataclass(frozen=True)
class DeviceInfo:
    """One device that can be opened.

    Attributes
    ----------
    index : int
        Its number in the list of `tenuto.devices`.
    backend : str
        For instance ``"jack"``, ``"pulse"``, ``"alsa"`` or ``"virtual"``.
    name : str
        As the sound system calls it.
    in_channels, out_channels : int
        How many channels it has; 0: it has none of that direction.
    samplerates : tuple of int
        Native rates in hertz; empty: any.
    is_default : bool
        Whether ``device=None`` means this one, among those of its back end.
    """

    index: int
    backend: str
    name: str
    in_channels: int
    out_channels: int
    samplerates: tuple[int, ...]
    is_default: bool


@dataclass(frozen=True)
class Wanted:
    """What a stream asks of a device; channels counted from 0.

    ``in_picks``: None leaves it to the device, () means that no input is wanted.
    """

    samplerate: int
    blocksize: int
    in_picks: tuple[int, ...] | None
    in_count: int
    out_channels: int

    @property
    def has_input(self) -> bool:
        """Whether an input is wanted at all."""
        return self.in_picks != ()


@dataclass(frozen=True)
class Offered:
    """What the device will do: the engine is built for this."""

    name: str
    backend: str
    in_channels: int
    out_channels: int
    blocksize: int
    loss_quantum: int
    separate_output: bool = False  # input and output are two devices, each with its own callback
    # How far its clock steps without a loss; a sound card's default. Infinite: it says nothing.
    wobble_blocks: float = 0.5


class Adapter(Protocol):
    """A device of one library, found and checked but perhaps not opened yet."""

    offered: Offered

    def open(self, engine: _core.Engine) -> None:
        """Open the device for `engine`; raises `DeviceError`."""

    def start(self) -> None:
        """Let callbacks begin; raises `DeviceError`."""

    def stop(self) -> None:
        """Wait until the last callback is over."""

    def close(self) -> None:
        """Give the device back."""

    def is_lost(self) -> bool:
        """Whether the library says that the device is gone."""

    def reopen(self, engine: _core.Engine) -> bool:
        """Try to open and start a device that was lost; False while it is away."""

    def device_frame(self) -> int:
        """The device's own position, or -1 when it does not tell."""

    def now_ns(self) -> int | None:
        """The device's own clock, or None: the computer's."""


class LibraryAdapter(ABC):
    """What the devices of all sound libraries share: they tell neither position nor time."""

    @abstractmethod
    def open(self, engine: _core.Engine) -> None:
        """Open the device for `engine`; raises `DeviceError`."""

    @abstractmethod
    def start(self) -> None:
        """Let callbacks begin; raises `DeviceError`."""

    @abstractmethod
    def close(self) -> None:
        """Give the device back."""

    @abstractmethod
    def find_again(self) -> None:
        """Look for the closed device anew; raises `DeviceError` while it is away."""

    def reopen(self, engine: _core.Engine) -> bool:
        """Try to open and start a device that was lost; False while it is away."""
        self.close()
        try:
            self.find_again()
            self.open(engine)
            engine.device_returns()
            self.start()
        except DeviceError:
            self.close()
            return False
        return True

    def device_frame(self) -> int:
        """-1: the device does not tell its position."""
        return -1

    def now_ns(self) -> int | None:
        """None: the computer's clock counts."""
        return None


def channels_asked(channels: int | Sequence[int] | None) -> tuple[tuple[int, ...] | None, int]:
    """Turn ``channels=`` into channels counted from 0, and how many there are.

    Parameters
    ----------
    channels : int, sequence of int or None
        A number of channels, or a selection counted from 1. None: as many as the device has,
        at most two.

    Returns
    -------
    picks : tuple of int or None
        None when it is up to the device.
    count : int
        0 when it is up to the device.

    Raises
    ------
    ValueError
        A number below 1, an empty selection, or a channel twice.

    Examples
    --------
    >>> channels_asked(2)
    ((0, 1), 2)
    >>> channels_asked([1, 3, 4])
    ((0, 2, 3), 3)
    """
    if channels is None:
        return None, 0
    if isinstance(channels, bool):
        raise ValueError(f"channels={channels!r}: give a number of channels, or a list from 1 up")
    if is_whole(channels):
        count = int(channels)
        if not 1 <= count <= 1024:
            raise ValueError(f"channels={channels}: give a number from 1 to 1024")
        return tuple(range(count)), count
    listed = cast("Sequence[int]", channels)
    try:
        numbers = [int(channel) for channel in listed]
        exact = all(n == c for n, c in zip(numbers, listed, strict=True))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"channels={channels!r}: give a number of channels, or a list from 1 up"
        ) from error
    if not numbers or not exact or min(numbers) < 1 or max(numbers) > 1024:
        raise ValueError(f"channels={channels!r}: channels are whole numbers counted from 1")
    if len(set(numbers)) != len(numbers):
        raise ValueError(f"channels={channels!r}: a channel is in the list twice")
    return tuple(n - 1 for n in numbers), len(numbers)


def check_channels(name: str, wanted: Wanted, in_channels: int, out_channels: int) -> None:
    """Raise `DeviceError` when the device has fewer channels than `wanted`."""
    if wanted.in_picks is None and in_channels == 0:
        raise DeviceError(f'"{name}" has no input. Choose another device.')
    highest = max(wanted.in_picks) + 1 if wanted.in_picks else 0
    if highest > in_channels:
        has = f"it has {in_channels}" if in_channels else "it has no input"
        raise DeviceError(
            f'"{name}" has no input channel {highest}: {has}. '
            + (f"Pass channels={in_channels} or less." if in_channels else "Choose another device.")
        )
    if wanted.out_channels > out_channels:
        raise DeviceError(
            f'"{name}" cannot play {wanted.out_channels} channels: it has {out_channels}. '
            "Ask for fewer, turn monitoring off, or choose another device."
        )


def check_samplerate(name: str, samplerate: int, offered: Sequence[int]) -> None:
    """Raise `DeviceError` when the device does not run at this rate."""
    if offered and samplerate not in offered:
        rates = ", ".join(str(rate) for rate in sorted(offered))
        raise DeviceError(
            f'"{name}" cannot run at {samplerate} Hz; it offers {rates} Hz. '
            f"Pass samplerate={min(offered, key=lambda rate: abs(rate - samplerate))}."
        )
