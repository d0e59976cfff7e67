# SPDX-License-Identifier: MIT
"""What an index-coded recording says about itself, held against its ledger and the player's log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenuto import Gap

PERIOD = 1 << 24
HALF = 1 << 23
CHANNEL_STEP = 1 << 20  # between the codes of neighbouring channels of the player

# Frames. What the smallest wake-up latenesses of two stretches differ by; how well the length of a
# loss is measured by them; and a loss that the books cannot tell from a late wake-up (0.5 ms).
CLOCK_ERROR, SHORT_OF, TOO_SHORT_TO_SEE = 8, 8, 24

Codes = NDArray[np.int64]


def codes(samples: NDArray[np.float32], channel: int = 0, of_player: int = 0) -> Codes:
    """Frame numbers that channel `channel` carries, when it hears the player's `of_player`."""
    exact = samples[:, channel].astype(np.float64) * HALF + HALF
    whole = np.rint(exact).astype(np.int64)
    assert np.array_equal(whole, exact), "samples that are no index codes"
    return (whole - of_player * CHANNEL_STEP) % PERIOD


@dataclass(frozen=True)
class PlayerLog:
    """What the index player wrote down, one entry per cycle of the server."""

    ns: Codes
    frame_time: Codes
    index: Codes
    xruns: Codes

    @classmethod
    def read(cls, path: Path) -> PlayerLog:
        """Read the file that the player wrote at its end."""
        return cls(*np.loadtxt(path, dtype=np.int64, ndmin=2).T)

    def index_at(self, ns: int) -> int:
        """The first frame of the cycle that was running at a monotonic time."""
        return int(self.index[np.searchsorted(self.ns, ns, side="right") - 1])


@dataclass(frozen=True)
class Content:
    """The frames of a recording that are not filled gaps, from the first index on."""

    places: Codes  # where in the file
    index: Codes  # what they say
    gaps: tuple[Gap, ...]  # those after the first index

    @classmethod
    def of(cls, samples: NDArray[np.float32], gaps: Sequence[Gap], **which: int) -> Content:
        """Take the gaps out; they must be silent. Silence before the first index is left out."""
        heard = np.ones(len(samples), bool)
        for gap in gaps:
            assert not samples[gap.frame : gap.frame + gap.frames].any(), f"sound in {gap}"
            heard[gap.frame : gap.frame + gap.frames] = False
        audible = np.flatnonzero(samples.any(axis=1))
        assert len(audible), "nothing but silence was recorded"
        places = np.flatnonzero(heard)
        places = places[places >= audible[0]]
        index = codes(samples[places], **which)
        later = tuple(gap for gap in gaps if gap.frame > audible[0])
        return cls(places, index, later)

    def breaks(self) -> list[tuple[int, int]]:
        """Where the index does not go on: (place in the file, frames of the player left out).

        Below 0: so many came again.
        """
        left_out = (np.diff(self.index) - 1 + HALF) % PERIOD - HALF
        return [(int(self.places[at + 1]), int(left_out[at])) for at in np.flatnonzero(left_out)]

    def untold(self, period: int) -> list[tuple[int, int]]:
        """Breaks that no gap explains; `period` is the length of the server's cycles.

        A break stands at its gap, or one cycle behind; no gap is shorter than what is missing
        there. And a client of JACK that is late by nearly a cycle finds the sound of the next one
        in its buffer, and then finds it again: of that no client is told, and no time is lost.
        """
        breaks = self.breaks()
        ahead = {
            place
            for place, missing in breaks
            if 0 < missing <= period and (place + period, -missing) in breaks
        }
        return [
            (place, missing)
            for place, missing in breaks
            if place not in ahead
            and place - period not in ahead
            and not any(
                0 <= place - (gap.frame + gap.frames) <= period
                and -period <= missing <= gap.frames + SHORT_OF
                for gap in self.gaps
            )
        ]

    def file_time_error(self, log: PlayerLog, samplerate: int) -> float:
        """By how many frames the file's time runs away from the clock, at the worst.

        Each cycle of the player has a place in the file and a time on the clock. Wake-ups are late
        at random, so the early ones of each stretch of cycles are what counts.
        """
        inside = np.isin(log.index, self.index)
        place = self.places[np.searchsorted(self.index, log.index[inside])]
        error = place - (log.ns[inside] - log.ns[inside][0]) * 1e-9 * samplerate
        stretch = 50
        count = len(error) // stretch
        assert count >= 2, "too short to judge"
        early = np.percentile(error[: count * stretch].reshape(count, stretch), 90, axis=1)
        return float(np.abs(early - early[0]).max())


def assert_ledger_explains(
    samples: NDArray[np.float32],
    gaps: Sequence[Gap],
    log: PlayerLog,
    counts: dict[str, int],
    samplerate: int,
) -> str:
    """Hold content, ledger and the server's own word against each other; returns a summary.

    Without an xrun of the server: every frame is there and there is no gap. With xruns: the content
    breaks only where a gap tells of it, and the file's time still is the clock's: so the gaps
    together are as long as what was lost.
    """
    content = Content.of(samples, gaps)
    breaks = content.breaks()
    error = content.file_time_error(log, samplerate)
    summary = (
        f"{len(content.index)} frames, {counts['xruns']} xruns of the server, "
        f"{counts['skipped']} cycles skipped by the player, {len(content.gaps)} gaps of "
        f"{sum(gap.frames for gap in content.gaps)} frames, {len(breaks)} breaks in the content, "
        f"file time within {error:.1f} frames of the clock"
    )
    print(summary)
    if counts["xruns"] == 0 and counts["skipped"] == 0:
        assert not gaps, f"gaps, but the server lost nothing: {gaps}; {summary}"
        assert not breaks, f"{breaks[:5]}; {summary}"
    untold = content.untold(int(log.index[1] - log.index[0]))
    assert not untold, f"frames are missing without a word (place, how many): {untold}; {summary}"
    assert error <= CLOCK_ERROR + (SHORT_OF + TOO_SHORT_TO_SEE) * counts["xruns"], summary
    return summary
