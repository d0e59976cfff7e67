# SPDX-License-Identifier: MIT
"""Timing of the audio thread, as percentiles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Spread:
    """A distribution in short.

    The values come from a histogram of 16 steps per octave, so each is right within 4.4 %;
    `max` is exact.
    """

    median: float
    p90: float
    p99: float
    max: float


@dataclass(frozen=True)
class Stats:
    """What the audio thread did since the device was started.

    Attributes
    ----------
    callbacks, frames : int
        Blocks served, and frames in them.
    late : int
        Callbacks that began more than one block after they were due.
    xruns : int
        Places where the device lost something, or its library said so.
    lost_frames : int
        Frames lost there.
    load : Spread
        Share of a block's time that a callback took (1.0: all of it).
    jitter : Spread
        How late callbacks began, in seconds.
    not_finite : int
        Samples that came in or would have gone out as infinite or not a number. In a graph, in
        meters and in what is heard they became 0; a `Recorder` keeps them as the device gave them,
        where its format can (floats, and memory).
    late_events : int
        Changes that were scheduled for a frame that had passed; they were made at once.
    samplerate : float
        The device's true rate in hertz, as measured against the computer's clock.
    drift_ppm : float
        The same as a deviation from the nominal rate, in parts per million.
    histogram : dict of float to int
        Begin of each occupied bucket of `jitter`, in seconds, and how many callbacks fell into it.
    bypassed : tuple of str
        Names of the kernels that took too long or gave up repeatedly: their input passes instead.
    """

    callbacks: int
    frames: int
    late: int
    xruns: int
    lost_frames: int
    load: Spread
    jitter: Spread
    not_finite: int
    late_events: int
    samplerate: float
    drift_ppm: float
    histogram: dict[float, int] = field(repr=False)
    bypassed: tuple[str, ...] = ()


def spread(histogram: dict[float, int], largest: float, scale: float) -> Spread:
    """Percentiles of a histogram (bucket's begin → count), each times `scale`.

    >>> spread({1.0: 98, 2.0: 1, 9.0: 1}, 9.5, 10.0)
    Spread(median=10.0, p90=10.0, p99=20.0, max=95.0)
    """
    total = sum(histogram.values())

    def quantile(share: float) -> float:
        seen = 0
        for begin, count in sorted(histogram.items()):
            seen += count
            if seen >= share * total:
                return begin * scale
        return 0.0

    return Spread(quantile(0.5), quantile(0.9), quantile(0.99), largest * scale)


def stats(summary: dict[str, Any], samplerate: int) -> Stats:
    """From the core's numbers."""
    true = summary["true_samplerate"] or float(samplerate)
    of_block = samplerate / (summary["blocksize"] or 1)
    return Stats(
        callbacks=summary["callbacks"],
        frames=summary["frames"],
        late=summary["late"],
        xruns=summary["losses"] + summary["flagged"],
        lost_frames=summary["lost_frames"],
        load=Spread(*[seconds * of_block for seconds in summary["duration"]]),
        jitter=Spread(*summary["lateness"]),
        not_finite=summary["not_finite"],
        late_events=summary["late_events"],
        samplerate=true,
        drift_ppm=(true / samplerate - 1) * 1e6,
        histogram=summary["lateness_counts"],
    )
