# SPDX-License-Identifier: MIT
"""What this machine can do: the measurements behind ``tenuto bench``.

All of them run on the virtual device's clock, so that no sound hardware is needed; `busy_python`
takes a sound server where one runs. What is measured are the processor and the kernel, not a sound
card.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ._busy import BusyPython
from ._engine import Engine
from ._errors import DeviceError
from ._nodes.dynamics import Compressor, Limiter
from ._nodes.equalizer import Equalizer
from ._nodes.meter import Meter
from ._nodes.recorder import FileRecorder
from ._recorder import Recorder
from ._stats import Spread, spread
from .testing import VirtualDevice, index_signal

SAMPLERATE = 48_000
BLOCKSIZES = (32, 64, 128, 256, 512)
JITTER_BLOCKSIZE = GIL_BLOCKSIZE = 128
CHAIN = "eight-band equalizer, compressor, limiter, meter, recording"


@dataclass(frozen=True)
class Run:
    """One stream at one block size; times in seconds."""

    what: str
    blocksize: int
    policy: str
    callbacks: int
    late: int
    wake: Spread
    work: Spread

    @property
    def deadline(self) -> float:
        """The time that a block lasts."""
        return self.blocksize / SAMPLERATE

    @property
    def used(self) -> float:
        """Share of the deadline that the worst wake-up and the worst callback took together."""
        return (self.wake.max + self.work.max) / self.deadline

    @property
    def is_fit(self) -> bool:
        """Whether every callback would have been in time."""
        return self.late == 0 and self.used <= 1


@dataclass(frozen=True)
class Busy:
    """What a recording lost while Python was busy."""

    who: str
    where: str
    blocks: int
    late: int
    lost_frames: int
    frames: int
    wrong_samples: int | None

    @property
    def lost_share(self) -> float:
        """Frames that came and were not got."""
        return self.lost_frames / max(1, self.frames + self.lost_frames)

    @property
    def late_share(self) -> float:
        """Callbacks that began more than a block late."""
        return self.late / max(1, self.blocks)


def blocks(seconds: float, sizes: Sequence[int] = BLOCKSIZES) -> Iterator[Run]:
    """A full stereo chain on the virtual device, one block size after the other."""
    for size in sizes:
        engine = Engine("virtual", SAMPLERATE, size)
        engine.connect(engine.input, *_chain(), FileRecorder())
        engine.connect(engine.nodes[-2], engine.output)
        with engine:
            yield _run(engine, CHAIN, size, seconds)


def jitter(seconds: float) -> Iterator[Run]:
    """How late the audio thread wakes up, with and without real-time priority."""
    for realtime in (True, False):
        engine = Engine(
            "virtual", SAMPLERATE, JITTER_BLOCKSIZE, realtime=None if realtime else False
        )
        engine.connect(engine.input, engine.output)
        with engine:
            what = "real-time priority asked for" if realtime else "not asked for"
            yield _run(engine, what, JITTER_BLOCKSIZE, seconds)


def busy_python(seconds: float) -> Iterator[Busy]:
    """Record while two Python threads compute and a third holds the GIL 0.2 s at a time.

    Beside a native callback, a Python one: sounddevice's where a JACK server runs and that package
    is there, else a Python thread on a clock of its own.
    """
    server = _server()
    yield _recording(seconds, server)
    if server is not None and (rival := _sounddevice(seconds, server)) is not None:
        yield rival
    else:
        yield _python_clock(seconds)


def smallest_fit(runs: Sequence[Run]) -> Run | None:
    """The smallest block size that is fit, as all larger ones are."""
    found = None
    for run in sorted(runs, key=lambda run: -run.blocksize):
        if not run.is_fit:
            break
        found = run
    return found


def verdict(runs: Sequence[Run]) -> str:
    """One sentence: for which block sizes this machine is fit."""
    fit = smallest_fit(runs)
    if fit is None:
        largest = max(runs, key=lambda run: run.blocksize)
        return (
            f"This machine is not fit for blocks of {largest.blocksize} frames or fewer: even with "
            "these a callback would have been late; see what tenuto doctor advises."
        )
    return (
        f"This machine is fit for blocks of {fit.blocksize} frames and more "
        f"({fit.deadline * 1e3:.1f} ms at {SAMPLERATE} Hz): there the worst wake-up and the "
        f"longest callback together took {100 * fit.used:.0f} % of a block's time."
    )


def _chain() -> list[Any]:
    return [Equalizer.preset("loudness"), Compressor(), Limiter(), Meter()]


def _run(engine: Engine, what: str, blocksize: int, seconds: float) -> Run:
    until = time.monotonic() + 5
    while engine.scheduling is None and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.05)  # the first blocks found cold caches
    books = engine._stream.engine
    before = books.counts()
    time.sleep(seconds)
    after = books.counts()
    report = engine.scheduling
    return Run(
        what,
        blocksize,
        f"{report.policy} {report.priority}" if report is not None else "unknown",
        after["callbacks"] - before["callbacks"],
        after["late"] - before["late"],
        _spread_since(before["lateness_ns"], after["lateness_ns"]),
        _spread_since(before["duration_ns"], after["duration_ns"]),
    )


def _spread_since(before: dict[float, int], after: dict[float, int]) -> Spread:
    """Of what came in between, in seconds; the largest is its bucket's end (4.4 % above)."""
    counts = {ns: n - before.get(ns, 0) for ns, n in after.items() if n > before.get(ns, 0)}
    return spread(counts, max(counts, default=0.0) * 2 ** (1 / 16), 1e-9)


def _server() -> str | None:
    from ._devices import devices

    try:
        found = {device.backend for device in devices()}
    except DeviceError:
        return None
    return "jack" if "jack" in found else None


def _recording(seconds: float, server: str | None) -> Busy:
    import numpy as np

    device: Any = server or VirtualDevice("index")
    with BusyPython(), Recorder(None, device, channels=1, blocksize=GIL_BLOCKSIZE) as recorder:
        recorder.start()
        time.sleep(seconds)
        stats = recorder.stats()
        take = recorder.stop()
    wrong = None
    if server is None:
        # Each sample tells its own index: one that is missing would move all behind it.
        heard = take.to_numpy()[:, 0]
        start = _index_of(float(heard[0])) if len(heard) else 0
        wrong = int(np.count_nonzero(heard != index_signal(start, len(heard))))
    lost = sum(gap.frames for gap in take.gaps)
    where = server or "virtual device"
    frames = take.frames - lost
    return Busy("tenuto", where, stats.callbacks, stats.late, lost, frames, wrong)


def _index_of(sample: float) -> int:
    return round(sample * 2**23) + 2**23


def _python_clock(seconds: float) -> Busy:
    """A Python thread that wants to run once a block, as a Python callback does."""
    period = GIL_BLOCKSIZE / SAMPLERATE
    blocks = late = lost = 0
    over = threading.Event()

    def run() -> None:
        nonlocal blocks, late, lost
        due = time.monotonic() + period
        while not over.is_set():
            time.sleep(max(0.0, due - time.monotonic()))
            behind = int((time.monotonic() - due) / period)
            blocks += 1
            late += behind > 0
            lost += behind  # a device would have overwritten so many
            due += (behind + 1) * period

    with BusyPython():
        thread = threading.Thread(target=run)
        thread.start()
        time.sleep(seconds)
        over.set()
        thread.join()
    frames = blocks * GIL_BLOCKSIZE
    return Busy("a Python callback", "a clock", blocks, late, lost * GIL_BLOCKSIZE, frames, None)


def _sounddevice(seconds: float, server: str) -> Busy | None:
    """A stream with a Python callback; None when sounddevice cannot use the server."""
    try:
        import sounddevice
    except (ImportError, OSError):  # the package, or PortAudio itself, is not there
        return None
    try:
        jack = next(api for api in sounddevice.query_hostapis() if "JACK" in api["name"])
        begins: list[tuple[float, int]] = []

        def callback(_data: Any, frames: int, _time: Any, _status: Any) -> None:
            begins.append((time.monotonic(), frames))

        stream = sounddevice.InputStream(
            device=jack["default_input_device"],
            channels=1,
            blocksize=GIL_BLOCKSIZE,
            callback=callback,
        )
        with BusyPython(), stream:
            time.sleep(seconds)
    except (StopIteration, sounddevice.PortAudioError):
        return None
    if len(begins) < 2:
        return None
    rate, period = float(stream.samplerate), begins[0][1] / float(stream.samplerate)
    late = sum(
        later - earlier > 2 * period for (earlier, _), (later, _) in itertools.pairwise(begins)
    )
    frames = sum(count for _, count in begins[1:])
    lost = max(0, round((begins[-1][0] - begins[0][0]) * rate) - frames)
    return Busy("sounddevice, Python callback", server, len(begins), late, lost, frames, None)
