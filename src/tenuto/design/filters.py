# SPDX-License-Identifier: MIT
"""Filters of one second-order section, and the response of any number of them.

All by R. Bristow-Johnson, Audio EQ Cookbook: analogue prototypes through the bilinear transform,
so a response is squeezed towards half the samplerate; at `frequency` it is exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._cookbook import check_gain, design_section, q_from_slope

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

BUTTERWORTH_Q = 2**-0.5


def _rows(
    response: str, frequency: float, gain_db: float, q: float, samplerate: float
) -> NDArray[np.float64]:
    import numpy as np

    b0, b1, b2, a1, a2 = design_section(response, frequency, gain_db, q, samplerate)
    return np.array([[b0, b1, b2, 1.0, a1, a2]])


def _shelf(
    response: str,
    frequency: float,
    gain_db: float,
    q: float | None,
    slope: float | None,
    samplerate: float,
) -> NDArray[np.float64]:
    check_gain(response, gain_db)
    if q is None:
        q = BUTTERWORTH_Q if slope is None else q_from_slope(slope, gain_db)
    elif slope is not None:
        raise TypeError(f"{response}: give q or slope, not both")
    return _rows(response, frequency, gain_db, q, samplerate)


def peaking(
    frequency: float, gain_db: float, q: float, *, samplerate: float
) -> NDArray[np.float64]:
    """Design a bell: louder or softer around one frequency.

    Parameters
    ----------
    frequency : float
        Centre, in hertz; above 0 and below ``samplerate / 2``.
    gain_db : float
        Gain at the centre, in decibels, -300 to 300; 0 leaves the signal as it is.
    q : float
        Centre divided by the bandwidth between the points of half the gain (in decibels); no
        unit, above 0.
    samplerate : float
        In hertz.

    Returns
    -------
    ndarray, float64, shape (1, 6)
        ``b0 b1 b2 a0 a1 a2`` with ``a0 == 1``, as `scipy.signal.sosfilt` takes it.

    Raises
    ------
    DesignError
        `frequency`, `gain_db` or `q` is out of range.

    Notes
    -----
    The bandwidth is that of the analogue prototype: near half the samplerate the bell is narrower.
    Source: Audio EQ Cookbook, peakingEQ.

    Examples
    --------
    >>> section = peaking(1000.0, 6.0, 1.0, samplerate=48_000)
    >>> section.shape
    (1, 6)
    >>> round(float(abs(response(section, [1000.0], 48_000)[0])), 3)  # 6 dB
    1.995
    """
    return _rows("peaking", frequency, gain_db, q, samplerate)


def low_shelf(
    frequency: float,
    gain_db: float,
    q: float | None = None,
    *,
    slope: float | None = None,
    samplerate: float,
) -> NDArray[np.float64]:
    """Design a shelf: louder or softer below one frequency.

    Parameters
    ----------
    frequency : float
        Where half of the gain (in decibels) is reached, in hertz; above 0 and below
        ``samplerate / 2``.
    gain_db : float
        Gain far below `frequency`, in decibels, -300 to 300.
    q : float, optional
        Above 0; more makes it steeper, above 0.71 with a bump. Default: ``1 / sqrt(2)``.
    slope : float, optional
        Instead of `q`; 1 is as steep as possible without a bump, less is flatter.
    samplerate : float
        In hertz.

    Returns
    -------
    ndarray, float64, shape (1, 6)
        ``b0 b1 b2 a0 a1 a2`` with ``a0 == 1``.

    Raises
    ------
    DesignError
        `frequency`, `gain_db`, `q` or `slope` is out of range.
    TypeError
        Both `q` and `slope` are given.

    Notes
    -----
    Source: Audio EQ Cookbook, lowShelf.

    Examples
    --------
    >>> section = low_shelf(200.0, -12.0, slope=1.0, samplerate=48_000)
    >>> round(float(abs(response(section, [0.0], 48_000)[0])), 4)  # -12 dB
    0.2512
    """
    return _shelf("low_shelf", frequency, gain_db, q, slope, samplerate)


def high_shelf(
    frequency: float,
    gain_db: float,
    q: float | None = None,
    *,
    slope: float | None = None,
    samplerate: float,
) -> NDArray[np.float64]:
    """Design a shelf: louder or softer above one frequency.

    Parameters
    ----------
    frequency : float
        Where half of the gain (in decibels) is reached, in hertz; above 0 and below
        ``samplerate / 2``.
    gain_db : float
        Gain far above `frequency`, in decibels, -300 to 300.
    q : float, optional
        Above 0; more makes it steeper, above 0.71 with a bump. Default: ``1 / sqrt(2)``.
    slope : float, optional
        Instead of `q`; 1 is as steep as possible without a bump, less is flatter.
    samplerate : float
        In hertz.

    Returns
    -------
    ndarray, float64, shape (1, 6)
        ``b0 b1 b2 a0 a1 a2`` with ``a0 == 1``.

    Raises
    ------
    DesignError
        `frequency`, `gain_db`, `q` or `slope` is out of range.
    TypeError
        Both `q` and `slope` are given.

    Notes
    -----
    Source: Audio EQ Cookbook, highShelf.
    """
    return _shelf("high_shelf", frequency, gain_db, q, slope, samplerate)


def low_pass(
    frequency: float, q: float = BUTTERWORTH_Q, *, samplerate: float
) -> NDArray[np.float64]:
    """Design a low-pass of second order: 12 dB less an octave above `frequency`.

    Parameters
    ----------
    frequency : float
        Corner, in hertz; above 0 and below ``samplerate / 2``.
    q : float
        Gain at the corner (as a factor), above 0. The default is Butterworth: -3 dB.
    samplerate : float
        In hertz.

    Returns
    -------
    ndarray, float64, shape (1, 6)
        ``b0 b1 b2 a0 a1 a2`` with ``a0 == 1``.

    Raises
    ------
    DesignError
        `frequency` or `q` is out of range.

    Notes
    -----
    Source: Audio EQ Cookbook, LPF.

    Examples
    --------
    >>> gain = response(low_pass(1000.0, samplerate=48_000), [1000.0], 48_000)[0]
    >>> round(float(abs(gain)), 4)
    0.7071
    """
    return _rows("low_pass", frequency, 0.0, q, samplerate)


def high_pass(
    frequency: float, q: float = BUTTERWORTH_Q, *, samplerate: float
) -> NDArray[np.float64]:
    """Design a high-pass of second order: 12 dB less an octave below `frequency`.

    Parameters
    ----------
    frequency : float
        Corner, in hertz; above 0 and below ``samplerate / 2``.
    q : float
        Gain at the corner (as a factor), above 0. The default is Butterworth: -3 dB.
    samplerate : float
        In hertz.

    Returns
    -------
    ndarray, float64, shape (1, 6)
        ``b0 b1 b2 a0 a1 a2`` with ``a0 == 1``.

    Raises
    ------
    DesignError
        `frequency` or `q` is out of range.

    Notes
    -----
    Source: Audio EQ Cookbook, HPF.
    """
    return _rows("high_pass", frequency, 0.0, q, samplerate)


def band_pass(frequency: float, q: float, *, samplerate: float) -> NDArray[np.float64]:
    """Design a band-pass: 0 dB at its centre, far away from it 6 dB less an octave.

    Parameters
    ----------
    frequency : float
        Centre, in hertz; above 0 and below ``samplerate / 2``.
    q : float
        Centre divided by the bandwidth between the points of -3 dB; above 0.
    samplerate : float
        In hertz.

    Returns
    -------
    ndarray, float64, shape (1, 6)
        ``b0 b1 b2 a0 a1 a2`` with ``a0 == 1``.

    Raises
    ------
    DesignError
        `frequency` or `q` is out of range.

    Notes
    -----
    Source: Audio EQ Cookbook, BPF with constant 0 dB peak gain.
    """
    return _rows("band_pass", frequency, 0.0, q, samplerate)


def notch(frequency: float, q: float, *, samplerate: float) -> NDArray[np.float64]:
    """Design a notch: nothing at its centre, 0 dB far away from it.

    Parameters
    ----------
    frequency : float
        Centre, in hertz; above 0 and below ``samplerate / 2``.
    q : float
        Centre divided by the bandwidth between the points of -3 dB; above 0.
    samplerate : float
        In hertz.

    Returns
    -------
    ndarray, float64, shape (1, 6)
        ``b0 b1 b2 a0 a1 a2`` with ``a0 == 1``.

    Raises
    ------
    DesignError
        `frequency` or `q` is out of range.

    Notes
    -----
    Source: Audio EQ Cookbook, notch.
    """
    return _rows("notch", frequency, 0.0, q, samplerate)


def all_pass(frequency: float, q: float, *, samplerate: float) -> NDArray[np.float64]:
    """Design an all-pass: 0 dB everywhere, its phase turns by 180 degrees at `frequency`.

    Parameters
    ----------
    frequency : float
        In hertz; above 0 and below ``samplerate / 2``.
    q : float
        How quickly the phase turns; above 0.
    samplerate : float
        In hertz.

    Returns
    -------
    ndarray, float64, shape (1, 6)
        ``b0 b1 b2 a0 a1 a2`` with ``a0 == 1``.

    Raises
    ------
    DesignError
        `frequency` or `q` is out of range.

    Notes
    -----
    Source: Audio EQ Cookbook, APF.
    """
    return _rows("all_pass", frequency, 0.0, q, samplerate)


def response(sos: ArrayLike, frequencies: ArrayLike, samplerate: float) -> NDArray[np.complex128]:
    """Compute the complex gain of second-order sections, one after the other.

    Parameters
    ----------
    sos : array_like, shape (sections, 6)
        ``b0 b1 b2 a0 a1 a2`` in each row.
    frequencies : array_like
        In hertz.
    samplerate : float
        In hertz.

    Returns
    -------
    ndarray, complex128, shape of `frequencies`
        Output divided by input; ``20 * log10(abs(...))`` is in decibels.

    Raises
    ------
    ValueError
        `sos` has another shape.

    Notes
    -----
    Where the terms of a polynomial cancel (filters of low frequency, evaluated far below half the
    samplerate), they are added up in an order that keeps the digits.

    Examples
    --------
    >>> sections = [[0.5, 0.5, 0.0, 1.0, 0.0, 0.0]]  # the mean of two samples
    >>> [round(float(abs(gain)), 4) for gain in response(sections, [0, 12_000], 48_000)]
    [1.0, 0.7071]
    """
    import numpy as np

    rows = np.asarray(sos, np.float64)
    if rows.ndim != 2 or rows.shape[1] != 6:
        raise ValueError(f"sos has shape {rows.shape}: must be (sections, 6)")
    w = 2 * np.pi * np.asarray(frequencies, np.float64) / samplerate
    gain = np.ones(w.shape, np.complex128)
    for b0, b1, b2, a0, a1, a2 in rows:
        gain *= _polynomial(b0, b1, b2, w) / _polynomial(a0, a1, a2, w)
    return gain


def _polynomial(c0: float, c1: float, c2: float, w: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Compute ``exp(jw) * (c0 + c1 exp(-jw) + c2 exp(-2jw))``.

    That is ``c1 + (c0 + c2) cos w + j (c0 - c2) sin w``, and with ``cos w = 1 - 2 sin²(w/2)`` the
    sum of the coefficients, tiny for filters of low frequency, is taken before anything is rounded.
    """
    import numpy as np

    real = (c0 + c1 + c2) - 2 * (c0 + c2) * np.sin(w / 2) ** 2
    result: NDArray[np.complex128] = real + 1j * (c0 - c2) * np.sin(w)
    return result
