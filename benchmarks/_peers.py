# SPDX-License-Identifier: MIT
# file length: one list of who else does the same work, shared by three benches.
"""The same equalizer, compressor and limiter in other people's programs, and what they cost.

Cost is processor time, not wall-clock time: on a machine that is shared, what others do is not
counted then. Programs on the command line run twice, with and without their filters; the
difference is the cost of the filters, as reading and writing are not the question here.
"""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _common import HERE, need
from numpy.typing import NDArray

SAMPLERATE = 48_000
FREQUENCIES = (60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3840.0, 7680.0)
GAINS_DB = (4.0, -3.0, 2.0, -2.0, 3.0, -4.0, 2.0, 5.0)
Q = 2**0.5
THRESHOLD_DB, RATIO, ATTACK, RELEASE = -20.0, 4.0, 0.01, 0.1
CEILING_DB, LIMITER_RELEASE = -1.0, 0.1
GAIN_DB = -3.0

Sound = NDArray[np.float32]
Work = Callable[[], Any]


def noise(seconds: float) -> Sound:
    """Stereo noise at a quarter of full scale, shape (frames, 2)."""
    random = np.random.default_rng(1)
    return random.uniform(-0.25, 0.25, (round(seconds * SAMPLERATE), 2)).astype(np.float32)


# -- in this process -----------------------------------------------------------------------------


def equalizer() -> Any:
    import tenuto

    pairs = zip(FREQUENCIES, GAINS_DB, strict=True)
    return tenuto.Equalizer([tenuto.Band("peaking", f, gain, Q) for f, gain in pairs])


def compressor() -> Any:
    import tenuto

    return tenuto.Compressor(THRESHOLD_DB, RATIO, attack_seconds=ATTACK, release_seconds=RELEASE)


def limiter() -> Any:
    import tenuto

    return tenuto.Limiter(CEILING_DB, release_seconds=LIMITER_RELEASE)


def sections() -> NDArray[np.float64]:
    """The equalizer's sections as SciPy takes them."""
    from tenuto.design import filters

    pairs = zip(FREQUENCIES, GAINS_DB, strict=True)
    made = [filters.peaking(f, gain, Q, samplerate=SAMPLERATE) for f, gain in pairs]
    return np.vstack(made)


def sosfilt(sound: Sound, dtype: type, axis: int) -> Work:
    """SciPy, with arrays as it gets them; axis 0: (frames, 2), else (2, frames)."""
    from scipy import signal

    given = np.ascontiguousarray(sound if axis == 0 else sound.T, dtype=dtype)
    design = sections().astype(dtype)
    return lambda: signal.sosfilt(design, given, axis=axis)


def pedalboard_of(*parts: str) -> Any:
    import pedalboard as pb

    made: list[Any] = []
    if "equalizer" in parts:
        pairs = zip(FREQUENCIES, GAINS_DB, strict=True)
        made += [pb.PeakFilter(cutoff_frequency_hz=f, gain_db=g, q=Q) for f, g in pairs]
    if "compressor" in parts:
        made.append(
            pb.Compressor(
                threshold_db=THRESHOLD_DB,
                ratio=RATIO,
                attack_ms=1e3 * ATTACK,
                release_ms=1e3 * RELEASE,
            )
        )
    if "limiter" in parts:
        made.append(pb.Limiter(threshold_db=CEILING_DB, release_ms=1e3 * LIMITER_RELEASE))
    if "gain" in parts:
        made.append(pb.Gain(gain_db=GAIN_DB))
    return pb.Pedalboard(made)


def pedalboard_work(sound: Sound, *parts: str) -> Work:
    board = pedalboard_of(*parts)
    given = np.ascontiguousarray(sound.T)
    return lambda: board(given, SAMPLERATE, reset=False)


def thread_ns(work: Work) -> float:
    """Processor time of one call, in nanoseconds."""
    began = time.thread_time_ns()
    work()
    return time.thread_time_ns() - began


# -- programs ------------------------------------------------------------------------------------


def ffmpeg_filters(*parts: str, kind: str = "equalizer") -> str:
    made: list[str] = []
    pairs = list(zip(FREQUENCIES, GAINS_DB, strict=True))
    if "equalizer" in parts and kind == "equalizer":
        made += [f"equalizer=f={f:g}:t=q:w={Q:.6f}:g={g:g}" for f, g in pairs]
    elif "equalizer" in parts:
        rows = [f"c{c} f={f:g} w={f / Q:.4f} g={g:g} t=0" for f, g in pairs for c in (0, 1)]
        made.append("anequalizer=" + "|".join(rows))
    if "compressor" in parts:
        made.append(
            f"acompressor=threshold={10 ** (THRESHOLD_DB / 20):.6f}:ratio={RATIO:g}"
            f":attack={1e3 * ATTACK:g}:release={1e3 * RELEASE:g}:knee=1"
        )
    if "limiter" in parts:
        made.append(
            f"alimiter=limit={10 ** (CEILING_DB / 20):.6f}:attack=1.5"
            f":release={1e3 * LIMITER_RELEASE:g}:level=0"
        )
    if "gain" in parts:
        made.append(f"volume={GAIN_DB:g}dB")
    return ",".join(made) or "anull"


def ffmpeg(source: Path, filters: str, target: Path | None = None) -> list[str]:
    """Raw floats in; nowhere or raw floats out."""
    end = ["-f", "f32le", str(target)] if target else ["-f", "null", "-"]
    return [
        need("ffmpeg", "ffmpeg"),
        *("-nostdin", "-v", "error", "-y", "-threads", "1", "-filter_threads", "1"),
        *("-f", "f32le", "-ar", str(SAMPLERATE), "-ac", "2", "-i", str(source)),
        *("-af", filters, *end),
    ]


def sox_effects(*parts: str) -> list[str]:
    made: list[str] = []
    if "equalizer" in parts:
        for f, g in zip(FREQUENCIES, GAINS_DB, strict=True):
            made += ["equalizer", f"{f:g}", f"{Q:.6f}q", f"{g:g}"]
    if "compressor" in parts:
        # sox has one compander for both; its points give the same static curve.
        made += ["compand", f"{ATTACK:g},{RELEASE:g}", f"{THRESHOLD_DB:g},{THRESHOLD_DB:g},0,-15"]
    if "limiter" in parts:
        made += [
            "compand",
            f"0,{LIMITER_RELEASE:g}",
            f"{CEILING_DB:g},{CEILING_DB:g},0,{CEILING_DB:g}",
        ]
        made += ["0", "0", "0.0015"]
    if "gain" in parts:
        made += ["gain", f"{GAIN_DB:g}"]
    return made


def sox(source: Path, effects: list[str], target: Path | None = None) -> list[str]:
    raw = ["-t", "f32", "-r", str(SAMPLERATE), "-c", "2"]
    end = [*raw, str(target)] if target else ["-n"]
    return [need("sox", "sox"), "-V1", "-D", *raw, str(source), *end, *effects]


def process_ns(command: list[str]) -> float:
    """Processor time of a whole process, in nanoseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1e9 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


# -- what the processor could do at best ---------------------------------------------------------


def compile_cpp(source: str, folder: Path, *options: str, libraries: tuple[str, ...] = ()) -> Path:
    """Build one of the C++ programs beside this file."""
    out = folder / Path(source).stem
    command = [need(os.environ.get("CXX", "c++"), "g++"), "-std=c++20", "-O3", "-Wall", "-Wextra"]
    command += [f"-I{HERE.parent / 'core'}", *options, "-o", str(out), str(HERE / source)]
    subprocess.run([*command, *libraries], check=True)
    return out


def turns(
    works: dict[str, Callable[[], float]], repeat: int, frames: int
) -> dict[str, list[float]]:
    """Everyone `repeat` times, by turns in an order that changes; nanoseconds per frame."""
    found: dict[str, list[float]] = {who: [] for who in works}
    for work in works.values():
        work()  # once to warm up
    for i in range(repeat):
        for who in list(works) if i % 2 else list(works)[::-1]:
            found[who].append(works[who]() / frames)
    return found


def without(costs: list[float], base: list[float]) -> list[float]:
    """What is left when the median cost of doing nothing is taken off."""
    nothing = sorted(base)[len(base) // 2]
    return [cost - nothing for cost in costs]
