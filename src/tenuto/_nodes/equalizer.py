# SPDX-License-Identifier: MIT
"""An equalizer of any number of bands."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..design._cookbook import PASSING, RESPONSES, WITH_GAIN, Section
from .biquad import Cascade, coefficients, commit, frequency_param, gain_param, q_param
from .params import Choice, Switch, check_number, parameters

if TYPE_CHECKING:
    from typing import Self

MAX_BANDS = 64
EIGHT_BANDS = (60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3840.0, 7680.0)
OCTAVE_Q = 2**0.5
"""Of a bell that is one octave wide, as the eight bands are apart: 1 / (2 sinh(ln 2 / 2))."""

_PRESETS: dict[str, tuple[float, ...]] = {
    "flat": (0, 0, 0, 0, 0, 0, 0, 0),
    "bass boost": (6, 5, 3, 1, 0, 0, 0, 0),
    "vocal": (-4, -3, -1, 2, 4, 4, 2, 0),
    "bright": (0, 0, 0, 0, 1, 2, 4, 5),
    "warm": (2, 3, 2, 1, 0, -1, -2, -3),
    "loudness": (6, 4, 1, 0, -1, 0, 2, 4),
}


class Band:
    """One band of an `Equalizer`; may be set while it runs.

    Parameters
    ----------
    response : str
        As of `Biquad`.
    frequency : float
        Centre or corner in hertz, 1 to 192 000, and below half the samplerate it runs at.
    gain_db : float
        Of peaking and shelves, in decibels, -60 to 60.
    q : float
        0.02 to 200, no unit; more is narrower.
    enabled : bool
        A band that is not leaves the signal as it is.

    Raises
    ------
    ValueError
        A parameter is out of its range.
    DesignError
        It belongs to a running equalizer, and what is set cannot be had at its samplerate. What
        was set before stays.
    """

    response = Choice("peaking", RESPONSES, "What it does.")
    frequency = frequency_param()
    gain_db = gain_param()
    q = q_param()
    enabled = Switch(True, "Whether it does anything.")

    def __init__(
        self,
        response: str = "peaking",
        frequency: float = 1000.0,
        gain_db: float = 0.0,
        q: float = 2**-0.5,
        *,
        enabled: bool = True,
    ) -> None:
        self._owner: Callable[[], Equalizer | None] = lambda: None
        self.response, self.frequency = response, frequency
        self.gain_db, self.q, self.enabled = gain_db, q, enabled

    def _changed(self) -> None:
        owner = self._owner()
        commit(self, owner._changed if owner is not None else lambda: None)

    def __repr__(self) -> str:
        gain = f", gain_db={self.gain_db:g}" if self.response in WITH_GAIN else ""
        off = "" if self.enabled else ", enabled=False"
        return f"Band({self.response!r}, {self.frequency:g}{gain}, q={self.q:.4g}{off})"


class Equalizer(Cascade):
    """Any number of filter bands, one after the other, over all channels.

    Parameters
    ----------
    bands : iterable of Band
        Up to 64. Their number is fixed; each may be set at any time.
    name : str, optional
        How messages call it.

    Attributes
    ----------
    bands : tuple of Band

    Raises
    ------
    ValueError
        More than 64 bands, or one that belongs to another equalizer.
    DesignError
        When it is built, or a running one is set: the frequency of a band is not below half the
        samplerate. (A band that does nothing, switched off or with 0 dB, may be anywhere.)

    Notes
    -----
    Computed in float64, with no latency. A change takes 10 ms, in a straight line of the
    coefficients. Bands overlap: their decibels add up.

    Examples
    --------
    >>> import tenuto
    >>> eq = tenuto.Equalizer.eight_band()
    >>> eq.bands[3].gain_db = -6
    >>> eq.response_db([60, 480], samplerate=48_000).round(2).tolist()
    [-0.05, -6.0]
    """

    kind = "equalizer"

    def __init__(self, bands: Iterable[Band] = (), *, name: str | None = None) -> None:
        self.bands = tuple(bands)
        for number, band in enumerate(self.bands):
            if not isinstance(band, Band):
                raise ValueError(f"Equalizer.bands[{number}]={band!r}: must be a tenuto.Band")
            if band._owner() is not None or band in self.bands[:number]:
                raise ValueError(f"Equalizer.bands[{number}] belongs to an equalizer already")
        if len(self.bands) > MAX_BANDS:
            raise ValueError(f"Equalizer: {len(self.bands)} bands: at most {MAX_BANDS}")
        super().__init__(name=name)
        for band in self.bands:
            band._owner = weakref.ref(self)

    @classmethod
    def eight_band(
        cls, gains_db: Sequence[float] | None = None, *, name: str | None = None
    ) -> Self:
        """Make one of eight bells, an octave apart and an octave wide.

        Parameters
        ----------
        gains_db : sequence of 8 floats, optional
            At 60, 120, 240, 480, 960, 1920, 3840 and 7680 Hz, in decibels, -60 to 60; default 0.
        name : str, optional
            How messages call it.

        Raises
        ------
        ValueError
            Not eight gains, or one out of its range.

        Notes
        -----
        At a samplerate of 15 360 Hz or less the last band (or the last two, three) is beyond half
        of it: its gain must stay 0 dB, anything else is a `DesignError`.
        """
        gains = (0.0,) * 8 if gains_db is None else tuple(gains_db)
        if len(gains) != 8:
            raise ValueError(f"gains_db={gains_db!r}: must be 8 numbers")
        for number, gain in enumerate(gains):
            check_number(f"gains_db[{number}]", gain, -60, 60, "dB")
        pairs = zip(EIGHT_BANDS, gains, strict=True)
        return cls([Band("peaking", f, gain, OCTAVE_Q) for f, gain in pairs], name=name)

    @classmethod
    def preset(cls, preset: str, *, name: str | None = None) -> Self:
        """Make an eight-band equalizer with gains that have a name.

        Parameters
        ----------
        preset : str
            One of `presets`; ``_`` or ``-`` may stand for a space.
        name : str, optional
            How messages call it.

        Raises
        ------
        ValueError
            There is no such preset.

        Examples
        --------
        >>> import tenuto
        >>> [band.gain_db for band in tenuto.Equalizer.preset("bass boost").bands[:3]]
        [6.0, 5.0, 3.0]
        """
        gains = _PRESETS.get(preset.replace("_", " ").replace("-", " ").lower())
        if gains is None:
            raise ValueError(
                f"Equalizer.preset={preset!r}: possible are {', '.join(map(repr, _PRESETS))}"
            )
        return cls.eight_band(gains, name=name)

    @staticmethod
    def presets() -> tuple[str, ...]:
        """List the names that `preset` takes.

        >>> Equalizer.presets()
        ('flat', 'bass boost', 'vocal', 'bright', 'warm', 'loudness')
        """
        return tuple(_PRESETS)

    def _sections(self, samplerate: float) -> list[Section]:
        sections = []
        for number, band in enumerate(self.bands):
            who = f"{type(self).__name__} {self.name!r}, bands[{number}]"
            shape = (band.response, band.frequency, band.gain_db, band.q, band.enabled)
            sections.append(coefficients(who, *shape, samplerate))
        return sections or [PASSING]

    def _to_table(self) -> dict[str, Any]:
        names = parameters(Band)
        return {"bands": [{name: getattr(b, name) for name in names} for b in self.bands]}

    @classmethod
    def _from_table(cls, table: dict[str, Any]) -> Self:
        names = parameters(Band)
        for key in table:
            if key != "bands":
                raise ValueError(f'the key "{key}" is not known; possible: bands')
        rows = table.get("bands", [])
        if not isinstance(rows, list):
            raise ValueError(f"bands={rows!r}: must be a list of tables")
        bands = []
        for number, row in enumerate(rows):
            if not isinstance(row, dict):
                raise ValueError(f"bands[{number}]={row!r}: must be a table")
            for key in row:
                if key not in names:
                    raise ValueError(
                        f'bands[{number}]: the key "{key}" is not known; '
                        f"possible: {', '.join(names)}"
                    )
            try:
                bands.append(Band(**row))
            except ValueError as error:
                raise ValueError(f"bands[{number}]: {error}") from None
        return cls(bands)
