# SPDX-License-Identifier: MIT
"""Sweeps, and the filters that turn them into impulses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from .._errors import DesignError
from ._check import check_range

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Curve = Literal["linear", "exponential"]


def is_exponential(curve: str, start_frequency: float, stop_frequency: float) -> bool:
    """Whether the formula of the exponential sweep is used.

    Between nearly equal frequencies it would lose its precision, and a straight line is the same.
    """
    return curve == "exponential" and abs(math.log(stop_frequency / start_frequency)) > 1e-5


def _check(
    start_frequency: float, stop_frequency: float, seconds: float, samplerate: float, curve: str
) -> int:
    """Give the number of frames; `DesignError` for what is out of range."""
    check_range("samplerate", samplerate, 1, 1e7, "Hz")
    check_range("start_frequency", start_frequency, 1e-3, samplerate / 2, "Hz")
    check_range("stop_frequency", stop_frequency, 1e-3, samplerate / 2, "Hz")
    check_range("seconds", seconds, 1 / samplerate, 1e5, "s")
    if curve not in ("linear", "exponential"):
        raise DesignError(f"curve={curve!r}: possible are 'linear', 'exponential'")
    return max(1, round(seconds * samplerate))


def sweep(
    start_frequency: float,
    stop_frequency: float,
    seconds: float,
    samplerate: float,
    *,
    curve: Curve = "exponential",
    level_db: float = 0.0,
    fade_in: float = 0.0,
    fade_out: float = 0.0,
) -> NDArray[np.float64]:
    """Compute a sine that glides from one frequency to another.

    Parameters
    ----------
    start_frequency, stop_frequency : float
        In hertz, 0.001 to half the samplerate; the first may be the higher one.
    seconds : float
        Its length, rounded to whole frames.
    samplerate : float
        In hertz.
    curve : {"exponential", "linear"}
        Equal time for each octave, or for each hertz.
    level_db : float
        Of the peak, in dBFS.
    fade_in, fade_out : float
        Seconds of a raised cosine at the ends.

    Returns
    -------
    ndarray, float64, shape (frames,)
        The sweep.

    Raises
    ------
    DesignError
        A number is out of its range.

    Notes
    -----
    With T seconds, f1 and f2, the phase at t in cycles is f1 L (exp(t/L) - 1), L = T / ln(f2/f1)
    (A. Farina, *Simultaneous measurement of impulse response and distortion with a swept-sine
    technique*, 108th AES Convention, 2000), or f1 t + (f2 - f1) t² / 2T.

    Examples
    --------
    >>> sweep(20, 20000, 2, samplerate=48000).shape
    (96000,)
    """
    import numpy as np

    frames = _check(start_frequency, stop_frequency, seconds, samplerate, curve)
    n = np.arange(frames)
    begin, end = start_frequency / samplerate, stop_frequency / samplerate
    if is_exponential(curve, start_frequency, stop_frequency):
        rate = np.log(end / begin) / frames
        cycles = begin / rate * np.expm1(rate * n)
    else:
        cycles = begin * n + (end - begin) / (2 * frames) * n**2
    out = np.sin(2 * np.pi * (cycles % 1)) * 10 ** (level_db / 20)
    for length, distance in ((fade_in, n), (fade_out, frames - n)):
        check_range("fade", length, 0, frames / samplerate, "s")
        faded = round(length * samplerate)
        if faded:
            out *= np.sin(np.pi / 2 * np.minimum(distance / faded, 1)) ** 2
    return np.asarray(out)


def inverse(
    start_frequency: float,
    stop_frequency: float,
    seconds: float,
    samplerate: float,
    *,
    curve: Curve = "exponential",
    level_db: float = 0.0,
) -> NDArray[np.float64]:
    """Compute the filter that turns `sweep` (same arguments) into an impulse.

    Parameters
    ----------
    start_frequency, stop_frequency, seconds, samplerate, curve, level_db
        As for `sweep`.

    Returns
    -------
    ndarray, float64, shape (frames,)
        Convolved with the sweep it gives, ``frames - 1`` frames from the begin, an impulse whose
        spectrum is 1 between the two frequencies and falls off outside: so its peak is
        ``2 * abs(stop_frequency - start_frequency) / samplerate``, 1 for the whole band. Convolved
        with a recording of the sweep it gives the impulse response of what is between.

    Raises
    ------
    DesignError
        A number is out of its range, or the two frequencies are equal.

    Notes
    -----
    The sweep backwards, softer the lower the frequency, 6 dB per octave, for it spends as much time
    in each octave (Farina 2000). Where a sweep's frequency changes by r (of the samplerate) per
    frame, its spectrum has a magnitude of 1 / (2 sqrt(r)): method of the stationary phase. So 4 r
    is the factor of each frame that makes the product 1.

    Examples
    --------
    >>> arguments = dict(samplerate=48000, curve="linear")
    >>> import numpy as np
    >>> whole = np.convolve(sweep(0.001, 24000, 0.1, **arguments),
    ...                     inverse(0.001, 24000, 0.1, **arguments))
    >>> int(whole.argmax()), round(float(whole.max()), 2)
    (4799, 0.99)
    """
    import numpy as np

    arguments = (start_frequency, stop_frequency, seconds)
    frames = _check(*arguments, samplerate, curve)
    if start_frequency == stop_frequency:
        raise DesignError(f"start_frequency=stop_frequency={start_frequency:g}: no band to invert")
    backwards = sweep(*arguments, samplerate=samplerate, curve=curve)[::-1]
    span = abs(stop_frequency - start_frequency) / samplerate
    if is_exponential(curve, start_frequency, stop_frequency):
        ratio = np.log(stop_frequency / start_frequency)
        # r = f |ratio| / frames, and f of each frame of the sweep as it goes backwards.
        frequency = stop_frequency / samplerate * np.exp(-ratio * (np.arange(frames) + 1) / frames)
        change = frequency * abs(ratio) / frames
    else:
        change = np.full(frames, span / frames)
    return np.asarray(backwards * 4 * change * 10 ** (-level_db / 20))
