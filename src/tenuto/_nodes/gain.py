# SPDX-License-Identifier: MIT
"""Louder or softer."""

from __future__ import annotations

from .base import Node
from .params import Param, decibels_to_factor


class Gain(Node):
    """Make all channels louder or softer.

    Parameters
    ----------
    gain_db : float
        In decibels, -120 (silence) to 60. A change takes 10 ms, in a straight line of the factor.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        `gain_db` is out of its range.

    Examples
    --------
    >>> import tenuto
    >>> float(tenuto.render([1.0, 1.0], tenuto.Gain(gain_db=-20), samplerate=48000)[1, 0])
    0.10000000149011612
    """

    kind = "gain"
    gain_db = Param(0.0, -120, 60, "dB", "How loud.")

    def __init__(self, gain_db: float = 0.0, *, name: str | None = None) -> None:
        super().__init__(name=name, gain_db=gain_db)

    def _targets(self, samplerate: float) -> list[float]:
        return [decibels_to_factor(self.gain_db)]
