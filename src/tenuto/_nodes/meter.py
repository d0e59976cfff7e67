# SPDX-License-Identifier: MIT
"""A meter in the graph."""

from __future__ import annotations

import weakref

from .. import _core
from .._levels import Level, level
from .base import Instance, Node
from .params import Param, Switch


class Meter(Node):
    """Show how loud sound is that passes through, unchanged and not late.

    Parameters
    ----------
    true_peak : bool
        Whether the peaks between the samples are measured, too. An engine takes it when it builds
        the node; a later change is for the next one.
    rms_seconds : float
        Time constant of the RMS, 0.001 to 60 seconds; taken when the node is built, too.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        `true_peak` is not True or False, or `rms_seconds` is out of its range.

    Notes
    -----
    RMS: ``ms[n] = ms[n-1] + a (x[n]² - ms[n-1])`` with ``a = 1 - exp(-1 / (rms_seconds
    samplerate))``, and the root of that; peaks held for 1.5 s, then falling by 20 dB in 1.7 s; true
    peak by the interpolator of ITU-R BS.1770-4, Annex 2.

    Examples
    --------
    >>> import tenuto
    >>> tenuto.Meter(true_peak=False).levels
    ()
    """

    kind = "meter"
    true_peak = Switch(True, "Whether the peaks between the samples are measured, too.")

    rms_seconds = Param(0.3, 0.001, 60, "s", "Time constant of the RMS.")

    def __init__(
        self, *, true_peak: bool = True, rms_seconds: float = 0.3, name: str | None = None
    ) -> None:
        super().__init__(name=name, true_peak=true_peak, rms_seconds=rms_seconds)
        self._built: list[weakref.ref[Instance]] = []  # the newest last
        self._newest: _core.Meter | None = None

    @property
    def levels(self) -> tuple[Level, ...]:
        """One `Level` for each channel; resets "since the last look". Empty until it ran.

        Of several engines and renderings it is the newest that still runs; when none does, what the
        last one left behind.
        """
        self._built = [built for built in self._built if built() is not None]
        for built in reversed(self._built):
            instance = built()
            if instance is not None:
                return self._look(instance.core)
        return self._look(self._newest) if self._newest is not None else ()

    def _look(self, core: _core.Meter) -> tuple[Level, ...]:
        return tuple(level(row, with_true_peak=core.has_true_peak) for row in core.look())

    def _instance(self, samplerate: float, channels: int, max_block: int) -> Instance:
        instance = super()._instance(samplerate, channels, max_block)
        self._built.append(weakref.ref(instance))
        self._newest = instance.core  # a `Meter`: that is this kind's class in the core
        return instance

    def _options(self, samplerate: float) -> list[float]:
        return [float(self.true_peak), self.rms_seconds]
