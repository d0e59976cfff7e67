# SPDX-License-Identifier: MIT
"""A place between left and right."""

from __future__ import annotations

import math

from .._errors import GraphError
from .base import Node
from .params import Choice, Param


class Pan(Node):
    """Put one channel between left and right, or shift the balance of two.

    Gives two channels. Of two incoming channels the one on the far side gets softer, by the same
    law, and the near one stays as it is: nothing ever gets louder. A change takes 10 ms.

    Parameters
    ----------
    position : float
        -1 (left) to 1 (right), no unit.
    law : str
        How loud one channel is in the middle, beside a side's end: ``"constant_power"`` (-3.01 dB:
        the powers of left and right always sum to 1), ``"linear"`` (-6.02 dB: the amplitudes do, as
        it should be when both are summed to mono) or ``"compromise"`` (-4.52 dB: the geometric
        mean of the two).
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        `position` is out of its range, or `law` is none of these.
    GraphError
        More than two channels are connected.

    Examples
    --------
    >>> pan = Pan(-0.25)
    >>> left, right = pan.factors
    >>> round(left**2 + right**2, 12)
    1.0
    """

    kind = "pan"
    position = Param(0.0, -1, 1, "", "Where it is, from left to right.")
    law = Choice(
        "constant_power", ("constant_power", "linear", "compromise"), "How loud the middle is."
    )

    def __init__(
        self, position: float = 0.0, *, law: str = "constant_power", name: str | None = None
    ) -> None:
        super().__init__(name=name, position=position, law=law)

    @property
    def factors(self) -> tuple[float, float]:
        """What one channel is multiplied with for left and right."""
        return self._law(-self.position), self._law(self.position)

    @property
    def balance_factors(self) -> tuple[float, float]:
        """What left and right of two channels are multiplied with."""
        middle = self._law(0.0)
        left, right = self.factors
        return min(1.0, left / middle), min(1.0, right / middle)

    def _law(self, nearness: float) -> float:
        # From 0 (the other side's end) to 1; exact at both ends.
        linear = (1 + nearness) / 2
        power = 0.0 if linear <= 0 else math.sin(linear * math.pi / 2)
        return {
            "constant_power": power,
            "linear": linear,
            "compromise": math.sqrt(linear * power),
        }[self.law]

    def _targets(self, samplerate: float) -> list[float]:
        return [*self.factors, *self.balance_factors]

    def _widths(self, incoming: int) -> tuple[int, int]:
        if incoming > 2:
            raise GraphError(
                f'"{self.name}" gets {incoming} channels; a Pan takes 1 or 2: '
                "use a Mixer for more, or one Pan for each"
            )
        return max(1, incoming), 2
