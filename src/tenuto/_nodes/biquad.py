# SPDX-License-Identifier: MIT
"""One filter section, and what it shares with an equalizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from .._errors import DesignError
from ..design._cookbook import (
    PASSING,
    RESPONSES,
    WITH_GAIN,
    Section,
    design_section,
    with_poles_only,
)
from .base import Node
from .params import Choice, Param, parameters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


def frequency_param() -> Param:
    """Make the parameter that all of these have."""
    return Param(1000.0, 1, 192_000, "Hz", "Centre or corner; below half the samplerate.")


def gain_param() -> Param:
    """Make the parameter that all of these have."""
    return Param(0.0, -60, 60, "dB", "For peaking and shelves; the others have none.")


def q_param() -> Param:
    """Make the parameter that all of these have."""
    return Param(2**-0.5, 0.02, 200, "", "Narrower with more.")


def coefficients(
    who: str,
    response: str,
    frequency: float,
    gain_db: float,
    q: float,
    enabled: bool,
    samplerate: float,
) -> Section:
    """Design one band of `who`; one that does nothing may be at any frequency."""
    is_flat = not enabled or (gain_db == 0 and response in WITH_GAIN)
    if is_flat and frequency >= samplerate / 2:
        return PASSING  # flat at any samplerate
    try:
        section = design_section(response, frequency, gain_db, q, samplerate)
    except DesignError as error:
        raise DesignError(f"{who}: {error}") from None
    return with_poles_only(section) if is_flat else section


def commit(owner: Any, apply: Callable[[], None]) -> None:
    """Apply what was set; if that cannot be designed, go back to what was there before."""
    names = parameters(type(owner))
    now = {name: owner.__dict__[name] for name in names if name in owner.__dict__}
    try:
        apply()
    except DesignError:
        for name in names:
            owner.__dict__.pop(name, None)
        owner.__dict__.update(owner.__dict__.get("_kept", {}))
        apply()
        raise
    owner.__dict__["_kept"] = now


class Cascade(Node):
    """Second-order sections: what `Biquad` and `Equalizer` share."""

    _targets_together: ClassVar[int] = 5

    def _sections(self, samplerate: float) -> list[Section]:
        raise NotImplementedError

    def _targets(self, samplerate: float) -> list[float]:
        return [number for section in self._sections(samplerate) for number in section]

    def sos(self, samplerate: float) -> NDArray[np.float64]:
        """Design its sections.

        Parameters
        ----------
        samplerate : float
            In hertz.

        Returns
        -------
        ndarray, float64, shape (sections, 6)
            ``b0 b1 b2 a0 a1 a2`` with ``a0 == 1``, as `scipy.signal.sosfilt` takes it.

        Raises
        ------
        DesignError
            A frequency is not below half the samplerate.
        """
        import numpy as np

        rows = [(b0, b1, b2, 1.0, a1, a2) for b0, b1, b2, a1, a2 in self._sections(samplerate)]
        return np.array(rows, np.float64)

    def response_db(self, frequencies: ArrayLike, samplerate: float) -> NDArray[np.float64]:
        """Compute its gain, for plots.

        Parameters
        ----------
        frequencies : array_like
            In hertz.
        samplerate : float
            In hertz.

        Returns
        -------
        ndarray, float64, shape of `frequencies`
            In decibels; not below -600.

        Raises
        ------
        DesignError
            A frequency of the filter is not below half the samplerate.
        """
        import numpy as np

        from ..design.filters import response

        gain = np.abs(response(self.sos(samplerate), frequencies, samplerate))
        decibels: NDArray[np.float64] = 20 * np.log10(np.maximum(gain, 1e-30))
        return decibels


class Biquad(Cascade):
    """One filter section of second order, over all channels.

    Parameters
    ----------
    response : str
        ``"peaking"``, ``"low_shelf"``, ``"high_shelf"``, ``"low_pass"``, ``"high_pass"``,
        ``"band_pass"``, ``"notch"`` or ``"all_pass"``.
    frequency : float
        Centre or corner in hertz, 1 to 192 000, and below half the samplerate it runs at.
    q : float
        0.02 to 200, no unit; more is narrower, steeper, with more of a bump. The default,
        ``1 / sqrt(2)``, is a Butterworth corner.
    gain_db : float
        Of peaking and shelves, in decibels, -60 to 60.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        A parameter is out of its range.
    DesignError
        When it is built, or a running one is set: `frequency` is not below half the samplerate.
        What was set before stays.

    Notes
    -----
    Computed in float64, with no latency. A change takes 10 ms, in a straight line of the
    coefficients. Formulas and sources: `tenuto.design`.

    Examples
    --------
    >>> import tenuto
    >>> low_cut = tenuto.Biquad("high_pass", frequency=80)
    >>> low_cut.response_db([8, 80, 800], samplerate=48_000).round(2).tolist()
    [-40.0, -3.01, -0.0]
    """

    kind = "biquad"
    response = Choice("peaking", RESPONSES, "What it does.")
    frequency = frequency_param()
    q = q_param()
    gain_db = gain_param()

    def __init__(
        self,
        response: str = "peaking",
        frequency: float = 1000.0,
        q: float = 2**-0.5,
        gain_db: float = 0.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, response=response, frequency=frequency, q=q, gain_db=gain_db)

    def _sections(self, samplerate: float) -> list[Section]:
        who = f"{type(self).__name__} {self.name!r}"
        shape = (self.response, self.frequency, self.gain_db, self.q)
        return [coefficients(who, *shape, True, samplerate)]

    def _changed(self) -> None:
        commit(self, super()._changed)
