# SPDX-License-Identifier: MIT
"""A mixing desk: any number of sources, any number of outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import GraphError
from .base import Node, Port
from .params import check_number, decibels_to_factor

if TYPE_CHECKING:
    from typing import Self

    import numpy as np
    from numpy.typing import NDArray

    Matrix = Sequence[Sequence[float | None]] | NDArray[np.float64]

OFF = -120.0
MOST = 256


class Mixer(Node):
    """Sum sources into outputs, each pair with its own gain.

    The main input has `sources` channels. Connect something to a place among them with `source`:
    ``engine.connect(voice, mixer.source(3))``. Channels that nothing is connected to are silent. A
    change of a gain takes 10 ms, in a straight line of the factor.

    Parameters
    ----------
    sources : int
        Channels of the input, 1 to 256.
    outputs : int
        Channels of the output, 1 to 256.
    gains_db : nested sequence or ndarray, shape (sources, outputs), optional
        In decibels, -120 (off) to 60; None is off too. Default: source k is heard at 0 dB in output
        ``k % outputs``, and nowhere else.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        A number is out of its range, or the matrix has another shape.
    GraphError
        More channels are connected than there are sources.

    Examples
    --------
    >>> desk = Mixer(3, 2)
    >>> desk.gains_db
    ((0.0, -120.0), (-120.0, 0.0), (0.0, -120.0))
    >>> desk.set_gain_db(2, 1, -6)
    >>> desk.gains_db[2]
    (0.0, -6.0)
    """

    kind = "mixer"

    def __init__(
        self,
        sources: int,
        outputs: int = 2,
        gains_db: Matrix | None = None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self._sources = int(check_number("Mixer.sources", sources, 1, MOST, "", whole=True))
        self._outputs = int(check_number("Mixer.outputs", outputs, 1, MOST, "", whole=True))
        if gains_db is None:
            gains_db = [
                [0.0 if out == k % self._outputs else None for out in range(self._outputs)]
                for k in range(self._sources)
            ]
        self._gains = self._checked(gains_db)

    @property
    def sources(self) -> int:
        """Channels of the input."""
        return self._sources

    @property
    def outputs(self) -> int:
        """Channels of the output."""
        return self._outputs

    @property
    def gains_db(self) -> tuple[tuple[float, ...], ...]:
        """A row for each source with its gain to each output, in decibels; -120 is off.

        To change one gain use `set_gain_db`; to change all, set the matrix.
        """
        return tuple(tuple(row) for row in self._gains)

    @gains_db.setter
    def gains_db(self, matrix: Matrix) -> None:
        self._gains = self._checked(matrix)
        self._changed()

    def set_gain_db(self, source: int, output: int, gain_db: float | None) -> None:
        """Set the gain from one source to one output.

        Parameters
        ----------
        source, output : int
            Counted from 0.
        gain_db : float or None
            In decibels, -120 (off) to 60; None is off.

        Raises
        ------
        ValueError
            There is no such source or output, or the gain is out of its range.
        """
        source = self._place("source", source, self._sources)
        output = self._place("output", output, self._outputs)
        self._gains[source][output] = self._gain(source, output, gain_db)
        self._changed()

    def source(self, number: int) -> Port:
        """Where to connect one channel: source `number`, counted from 0.

        Raises
        ------
        ValueError
            There is no such source.
        """
        return Port(self, "main", self._place("source", number, self._sources), 1)

    def _place(self, what: str, number: int, count: int) -> int:
        who = f'Mixer "{self.name}": {what}'
        return int(check_number(who, number, 0, count - 1, "", whole=True))

    def _gain(self, source: int, output: int, gain_db: Any) -> float:
        if gain_db is None:
            return OFF
        return check_number(f"Mixer.gains_db[{source}][{output}]", gain_db, OFF, 60, "dB")

    def _checked(self, matrix: Iterable[Iterable[Any]]) -> list[list[float]]:
        rows = [list(row) if isinstance(row, Iterable) else [row] for row in matrix]
        if len(rows) != self._sources or any(len(row) != self._outputs for row in rows):
            widths = sorted({len(row) for row in rows})
            raise ValueError(
                f"Mixer.gains_db has {len(rows)} rows of {' or '.join(map(str, widths))} gains: "
                f"must be {self._sources} (sources) of {self._outputs} (outputs)"
            )
        return [
            [self._gain(source, output, gain) for output, gain in enumerate(row)]
            for source, row in enumerate(rows)
        ]

    def _targets(self, samplerate: float) -> list[float]:
        return [decibels_to_factor(gain) for row in self._gains for gain in row]

    def _options(self, samplerate: float) -> list[float]:
        return [self._outputs]

    def _widths(self, incoming: int) -> tuple[int, int]:
        if incoming > self._sources:
            raise GraphError(
                f'"{self.name}" gets {incoming} channels, but has {self._sources} sources: '
                f"make it a Mixer({incoming}, {self._outputs})"
            )
        return self._sources, self._outputs

    def _to_table(self) -> dict[str, Any]:
        return {
            "sources": self._sources,
            "outputs": self._outputs,
            "gains_db": [list(row) for row in self._gains],
        }

    @classmethod
    def _from_table(cls, table: dict[str, Any]) -> Self:
        known = ("sources", "outputs", "gains_db")
        for key in table:
            if key not in known:
                raise TypeError(f'the key "{key}" is not known; possible: {", ".join(known)}')
        if "sources" not in table:
            raise TypeError('the key "sources" is missing: how many channels the mixer takes')
        return cls(**table)
