# SPDX-License-Identifier: MIT
"""Runs a kernel before anybody hears it, in the very node that the audio thread will run.

It meets noise, silence, an impulse, full scale, denormals, what is not finite and what is far too
loud, every block size from 1 to 64 and larger ones, one to three channels, and both ends of each
parameter's range. What it may not do there, it may not do later; what it costs is measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from .. import _core

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_BLOCK = 1024
BLOCKS = (*range(1, 65), 65, 100, 127, 128, 256, 480, 512, 1000, 1024)
SAMPLERATE = 48000.0
BUDGET_NS = 4e6  # for one of some hundred runs
CHANNELS = (2, 1, 3)


@dataclass(frozen=True)
class Range:
    """A parameter as declared."""

    default: float
    low: float
    high: float
    unit: str = ""
    is_bounded: bool = True


@dataclass(frozen=True)
class Entry:
    """Code that a kernel node calls, and what it needs to be called with."""

    address: int
    state_floats: int = 0  # for each channel
    latency_frames: int = 0
    channels: int | None = None  # None: as many as come
    owner: Any = None  # what must stay alive with the code

    def options(self) -> list[float]:
        """What the core is told once."""
        low, high = self.address & 0xFFFFFFFF, self.address >> 32
        return [float(low), float(high), float(self.state_floats), float(self.latency_frames)]

    def node(self, channels: int, values: Sequence[float], samplerate: float) -> _core.KernelNode:
        """A node of its own."""
        made = _core.make_node(
            "kernel", samplerate, channels, MAX_BLOCK, list(values), self.options(), None
        )
        assert isinstance(made, _core.KernelNode)
        return made


@dataclass(frozen=True)
class KernelCost:
    """What a kernel costs, measured on this machine before it was let in.

    Attributes
    ----------
    median_ns : float
        Nanoseconds per frame (all channels together): the middle of all measured runs.
    worst_ns : float
        The same for the slowest signal and setting.
    worst_case : str
        Which those are.
    channels, blocksize : int
        What it was measured with.
    """

    median_ns: float
    worst_ns: float
    worst_case: str
    channels: int
    blocksize: int

    def __str__(self) -> str:
        return (
            f"{self.median_ns:.1f} ns per frame, {self.worst_ns:.1f} at worst ({self.worst_case}); "
            f"{self.channels} channels, blocks of {self.blocksize}"
        )


@dataclass(frozen=True)
class Finding:
    """Why a kernel is not let in."""

    kind: str  # "gave up", "not finite", "slow"
    signal: str
    channels: int
    frames: int
    blocks: int
    values: list[float]
    failure: int = 0
    ns: float = 0

    def circumstances(self, names: Sequence[str]) -> str:
        """When it happened, in words."""
        given = ", ".join(f"{n}={v:g}" for n, v in zip(names, self.values, strict=False))
        many = "channel" if self.channels == 1 else "channels"
        return f"with {self.signal}, {self.channels} {many}" + (f", {given}" if given else "")


@dataclass
class Outcome:
    """What the trial found."""

    finding: Finding | None = None
    cost: KernelCost | None = None
    block_difference: float = 0.0
    block_worst: int = 0  # frames of the block with that difference
    runs: int = 0
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As plain values, for the disk or another process."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Outcome:
        """The reverse."""
        given = dict(given)
        finding, cost = given.pop("finding"), given.pop("cost")
        return cls(
            Finding(**finding) if finding else None, KernelCost(**cost) if cost else None, **given
        )


def signals(frames: int, channels: int) -> dict[str, NDArray[np.float32]]:
    """What a kernel has to bear: planar arrays, by name."""
    import numpy as np

    random = np.random.default_rng(20)
    noise = random.uniform(-1, 1, (channels, frames)).astype(np.float32)
    silence = np.zeros_like(noise)
    impulse = silence.copy()
    impulse[:, 0] = 1
    strange = noise.copy()
    strange[:, 1::7], strange[:, 2::11], strange[:, 3::13] = np.nan, np.inf, -np.inf
    return {
        "noise": noise,
        "silence": silence,
        "an impulse": impulse,
        "full scale": np.where(noise > 0, 1, -1).astype(np.float32),
        "denormals": (noise * 1e-38).astype(np.float32),
        "1e30": (noise * 1e30).astype(np.float32),
        "NaN and infinity": strange,
    }


MAY_OVERFLOW = ("1e30", "NaN and infinity")


def corners(ranges: dict[str, Range]) -> Iterator[list[float]]:
    """Settings to try: the defaults, then each parameter and all of them at the ends."""
    defaults = [one.default for one in ranges.values()]
    yield defaults
    bounded = [i for i, one in enumerate(ranges.values()) if one.is_bounded]
    every = list(ranges.values())
    for end in ("low", "high"):
        for i in bounded:
            yield [*defaults[:i], getattr(every[i], end), *defaults[i + 1 :]]
        if len(bounded) > 1:
            yield [getattr(one, end) if one.is_bounded else one.default for one in every]


class Trial:
    """One kernel's trial."""

    def __init__(self, entry: Entry, ranges: dict[str, Range]) -> None:
        self.entry, self.ranges = entry, ranges
        self.outcome = Outcome()
        self.stage = ""
        self.channels = CHANNELS if entry.channels is None else (entry.channels,)

    def once(
        self,
        signal: str,
        channels: int,
        frames: int,
        blocks: int,
        values: list[float],
        samplerate: float = SAMPLERATE,
    ) -> tuple[NDArray[np.float32], int, Finding | None]:
        """Run it; give the output, the nanoseconds, and what was wrong."""
        self.stage = f"{signal}, {channels} channels, blocks of {blocks}"
        self.at(self.stage)
        node = self.entry.node(channels, values, samplerate)
        x = signals(frames, channels)[signal]
        began = time.perf_counter_ns()
        y = _core.run_node(node, x, [blocks])
        took = time.perf_counter_ns() - began
        self.outcome.runs += 1
        where = (signal, channels, frames, blocks, values)
        if node.failed:
            return y, took, Finding("gave up", *where, failure=node.failure)
        if node.contained and signal not in MAY_OVERFLOW:
            return y, took, Finding("not finite", *where)
        return y, took, None

    def at(self, stage: str) -> None:
        """Called before each run; a child process tells its parent."""

    def run(self) -> Outcome:
        """Everything, until the first finding."""
        self.outcome.finding = self.find()
        return self.outcome

    def find(self) -> Finding | None:
        defaults = [one.default for one in self.ranges.values()]
        per_frame = 0.0
        for channels in self.channels:
            found = None
            for frames in (1, 64):
                _, took, found = self.once("noise", channels, frames, 64, defaults)
                if found:
                    return found
            per_frame = max(per_frame, took / 64)
        # At 48 kHz a frame lasts 20833 ns; more than that for one channel is hopeless.
        if per_frame > 1e9 / SAMPLERATE:
            times = [self.once("noise", self.channels[-1], 64, 64, defaults)[1] for _ in range(5)]
            per_frame = min(times) / 64
            if per_frame / self.channels[-1] > 1e9 / SAMPLERATE:
                where = ("noise", self.channels[-1], 64, 64, defaults)
                return Finding("slow", *where, ns=per_frame)
        frames = int(min(2048, max(64, BUDGET_NS / max(per_frame, 1))))
        return self.find_signals(frames) or self.find_blocks(frames) or self.measure(frames)

    def find_signals(self, frames: int) -> Finding | None:
        for channels in self.channels:
            for values in corners(self.ranges):
                for signal in signals(1, 1):
                    found = self.once(signal, channels, frames, 64, values)[2]
                    if found and signal not in MAY_OVERFLOW:
                        return found
                    if found:
                        self.note(f"it gives up with {signal}: such calls are silent")
        defaults = [one.default for one in self.ranges.values()]
        for samplerate in (8000.0, 44100.0, 96000.0, 192000.0):
            found = self.once("noise", self.channels[0], frames, 64, defaults, samplerate)[2]
            if found:
                problem = "it gives up" if found.kind == "gave up" else "its output is not finite"
                self.note(f"at {samplerate:g} Hz {problem}: such calls are silent")
        return None

    def note(self, text: str) -> None:
        if text not in self.outcome.notes:
            self.outcome.notes.append(text)

    def find_blocks(self, frames: int) -> Finding | None:
        import numpy as np

        defaults = [one.default for one in self.ranges.values()]
        frames = min(frames, MAX_BLOCK)
        whole, _, found = self.once("noise", self.channels[0], frames, frames, defaults)
        for blocks in BLOCKS:
            if found:
                return found
            if blocks > frames:
                break
            cut, _, found = self.once("noise", self.channels[0], frames, blocks, defaults)
            difference = float(np.max(np.abs(cut - whole)))
            if difference > self.outcome.block_difference:
                self.outcome.block_difference, self.outcome.block_worst = difference, blocks
        if self.outcome.block_difference > 0:
            self.note(
                f"how sound is cut into blocks changes the output by up to "
                f"{self.outcome.block_difference:.2g} (blocks of {self.outcome.block_worst}): keep "
                "in state what passes from sample to sample"
            )
        return None

    def measure(self, frames: int) -> Finding | None:
        import numpy as np

        channels = self.channels[0]
        times: list[float] = []
        slowest, case = 0.0, ""
        for values in corners(self.ranges):
            for signal in signals(1, 1):
                took = [
                    self.once(signal, channels, frames, 64, values)[1] / frames for _ in range(3)
                ]
                times += took
                # The shortest of three: the others may have waited for another thread.
                if min(took) > slowest:
                    slowest = min(took)
                    here = Finding("", signal, channels, frames, 64, values)
                    case = here.circumstances(tuple(self.ranges)).removeprefix("with ")
        self.outcome.cost = KernelCost(float(np.median(times)), slowest, case, channels, 64)
        return None
