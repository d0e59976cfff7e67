# SPDX-License-Identifier: MIT
"""``tenuto generate``."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .. import _core, _paths, _sndfile
from .._errors import DeviceError, FileError
from .._nodes.generators import MOST_CHANNELS, Generator, Noise, Oscillator
from .._nodes.params import check_number
from .._nodes.tones import MultiTone, Sweep
from ._exit_codes import GAPS

if TYPE_CHECKING:
    import soundfile

_REFRESH_SECONDS = 0.02
_BLOCK = 1 << 15  # frames in memory at a time
_MUCH = 1 << 22  # bytes; a full disk has no room for
_COMMON = ("seconds", "level", "samplerate", "channels")
# Which options each signal takes, besides the common ones.
_OPTIONS: dict[str, tuple[str, ...]] = {
    "sine": ("frequency",),
    "square": ("frequency", "duty"),
    "saw": ("frequency",),
    "triangle": ("frequency", "duty"),
    "white": ("seed",),
    "pink": ("seed",),
    "sweep": ("from", "to", "curve"),
    "multitone": ("frequencies",),
}


def generate(
    signal: str = typer.Argument(help="sine, square, saw, triangle, white, pink, sweep or multitone."),
    path: Path | None = typer.Argument(None, help="The file; its suffix chooses the format."),
    device: str | None = typer.Option(None, "--device", "-d", help="Play it there instead: number, piece of a name, back end."),
    seconds: float = typer.Option(5.0, "--seconds", "-s", help="How long."),
    level: float = typer.Option(-20.0, "--level", "-l", help="In dBFS: peak; RMS for noise; of each tone for multitone."),
    samplerate: int = typer.Option(48_000, "--samplerate", "-r", help="In hertz."),
    channels: int = typer.Option(1, "--channels", "-c", help="How many; noise is another one on each."),
    frequency: float | None = typer.Option(None, "--frequency", "-f", help="In hertz; 440 if none is given."),
    duty: float | None = typer.Option(None, "--duty", help="Square, triangle: share of the cycle that is high or rises."),
    seed: int | None = typer.Option(None, "--seed", help="Noise: the same seed gives the same samples."),
    start: float | None = typer.Option(None, "--from", help="Sweep: first frequency; 20 Hz."),
    stop: float | None = typer.Option(None, "--to", help="Sweep: last frequency; 20000 Hz."),
    curve: str | None = typer.Option(None, "--curve", help="Sweep: exponential (also if none is given) or linear."),
    frequencies: str | None = typer.Option(None, "--frequencies", help="Multitone: hertz with commas (100,200,400)."),
    format: str | None = typer.Option(None, "--format", help="WAV, FLAC, RF64 …; default: from the suffix."),
    subtype: str | None = typer.Option(None, "--subtype", help="PCM_16, PCM_24, FLOAT …"),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace an existing file."),
    as_json: bool = typer.Option(False, "--json", help="Print the facts as JSON at the end, nothing else."),
) -> None:  # fmt: skip
    """Write a test signal into a file, or play it.

    Oscillators have no aliases, noise can be repeated, sweeps can be inverted; see docs/dsp. The
    file appears when it is complete. Exit code 5 when a device lost something while it played.

    Example: tenuto generate sweep sweep.wav --from 20 --to 20000 --seconds 10 --level -6
    """
    given: dict[str, Any] = {
        "frequency": frequency,
        "duty": duty,
        "seed": seed,
        "from": start,
        "to": stop,
        "curve": curve,
        "frequencies": frequencies,
    }
    check_number("--samplerate", samplerate, 1000, 768_000, "Hz", whole=True)
    check_number("--seconds", seconds, 1 / samplerate, 1e6, "s")
    check_number("--channels", channels, 1, MOST_CHANNELS, "", whole=True)
    given = {name: value for name, value in given.items() if value is not None}
    node = _node(signal, given, seconds, level, channels)
    frames = max(1, round(seconds * samplerate))
    if (path is None) == (device is None):
        raise typer.BadParameter("give a PATH to write to, or a --device to play on")
    if path is None:
        if format or subtype or overwrite:
            raise typer.BadParameter("--format, --subtype and --overwrite are for files")
        _play(signal, node, device, frames, samplerate, as_json=as_json)
        return
    core = node._instance(samplerate, channels, _BLOCK).core  # checks what depends on the rate
    written = _sndfile.format_for(path, format, subtype, samplerate, channels)
    _check_size(path, written, frames * channels)
    _paths.check_target(path, overwrite=overwrite)
    facts = {
        "path": str(path),
        "signal": signal,
        "format": written.name,
        "subtype": written.subtype,
        "frames": frames,
        "seconds": frames / samplerate,
        "samplerate": samplerate,
        "channels": channels,
        **_write(path, core, written, frames, samplerate, channels, show=not as_json),
    }
    _tell(facts, as_json=as_json)


def _node(
    signal: str, given: dict[str, Any], seconds: float, level: float, channels: int
) -> Generator:
    if signal not in _OPTIONS:
        raise typer.BadParameter(f"{signal!r} is no signal; possible are {', '.join(_OPTIONS)}")
    for name in given:
        if name not in _OPTIONS[signal]:
            takes = ", ".join(f"--{option}" for option in (*_OPTIONS[signal], *_COMMON))
            raise typer.BadParameter(f"--{name} means nothing to {signal}; it takes {takes}")
    common: dict[str, Any] = {"level_db": level, "channels": channels}
    if signal == "sweep":
        names = {"from": "start_frequency", "to": "stop_frequency", "curve": "curve"}
        return Sweep(seconds=seconds, **{names[k]: v for k, v in given.items()}, **common)
    if signal == "multitone":
        if "frequencies" not in given:
            raise typer.BadParameter("multitone needs --frequencies, as 100,200,400")
        return MultiTone(_numbers(given["frequencies"]), **common)
    if signal in ("white", "pink"):
        return Noise(signal, **given, **common)
    return Oscillator(signal, **given, **common)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(
            f"--frequencies {text!r}: give hertz with commas (100,200,400)"
        ) from None


def _check_size(path: Path, written: _sndfile.FileFormat, samples: int) -> None:
    wide = {"FLOAT": 4, "DOUBLE": 8}.get(written.subtype, written.integer_bits // 8)
    if written.most_bytes and samples * wide > written.most_bytes:
        raise FileError(
            f'"{path}": {samples * wide / 1e9:.1f} GB do not fit into {written.name}; '
            "pass --format RF64 or W64, or choose a shorter time"
        )


def _write(
    path: Path,
    core: _core.Node,
    written: _sndfile.FileFormat,
    frames: int,
    samplerate: int,
    channels: int,
    *,
    show: bool,
) -> dict[str, Any]:
    """Write under another name, then rename; give the levels of what was written."""
    import soundfile

    with _paths.unfinished(path) as part:
        try:
            with soundfile.SoundFile(
                _sndfile.name_of(part),
                "w",
                samplerate,
                channels,
                written.subtype,
                format=written.name,
            ) as file:
                return _fill(file, core, frames, clip=written.integer_bits > 0, show=show)
        except soundfile.LibsndfileError as error:
            raise FileError(f'cannot write "{path}": {_reason(part, error)}') from error


def _reason(part: Path, error: Exception) -> str:
    """Why it failed: libsndfile says "System error." for all that the system says."""
    try:
        with part.open("ab") as file:
            file.write(bytes(_MUCH))  # more than it was asked for, so it fails as libsndfile did
    except OSError as told:
        return told.strerror or str(told)
    return str(error)


def _fill(
    file: soundfile.SoundFile, core: _core.Node, frames: int, *, clip: bool, show: bool
) -> dict[str, Any]:
    import numpy as np
    from rich.progress import Progress

    from . import _output

    peak, power, clipped = 0.0, 0.0, 0
    out = _output.console()
    with Progress(console=out, transient=True, disable=not (show and out.is_terminal)) as progress:
        task = progress.add_task("writing", total=frames)
        for at in range(0, frames, _BLOCK):
            some = min(_BLOCK, frames - at)
            block = _core.run_node(core, np.zeros((0, some), np.float32), [some]).T
            size = np.abs(block)
            peak = max(peak, float(size.max()))
            clipped += int(np.count_nonzero(size > 1))
            power += float(np.square(block, dtype=np.float64).sum())
            # Tables (µ-law, A-law) end at full scale, codecs of integers wrap there.
            file.write(block.clip(-1, 1) if clip else block)
            progress.advance(task, some)
    rms = math.sqrt(power / (frames * file.channels))
    return {"peak_db": _decibels(peak), "rms_db": _decibels(rms), "over_full_scale": clipped}


def _decibels(value: float) -> float:
    return 20 * math.log10(value) if value > 0 else -math.inf


def _play(
    signal: str,
    node: Generator,
    device: str | None,
    frames: int,
    samplerate: int,
    *,
    as_json: bool,
) -> None:
    from .._engine import Engine
    from . import _output
    from .record import _device, _stop_on_signals

    with Engine(_device(device), samplerate, channels=(0, node.channels)) as engine:
        asked_to_stop = _stop_on_signals()
        engine.connect(node, engine.output)
        end = engine.frame + frames
        engine.at(end).set(node, playing=False)
        if not as_json:
            print(f"playing {signal} on {engine.device} ({engine.backend})", flush=True)
        # Not `wait`: it holds the event's lock for moments, in which a signal's handler, on this very
        # thread, would wait for that lock for ever.
        while engine.frame < end and engine.state != "lost" and not asked_to_stop.is_set():
            time.sleep(_REFRESH_SECONDS)
        played = min(frames, engine.frame)
        node.stop()
        faded = engine.frame + samplerate // 20  # 10 ms, and what a device holds back
        while engine.frame < faded and engine.state != "lost":
            time.sleep(_REFRESH_SECONDS)
        is_lost, stats = engine.state == "lost", engine.stats()
    if is_lost:
        raise DeviceError(f'"{engine.device}" went away after {played} frames')
    if as_json:
        facts = {
            "signal": signal,
            "device": engine.device,
            "backend": engine.backend,
            "frames": played,
            "seconds": played / samplerate,
            "samplerate": samplerate,
            "channels": node.channels,
            "xruns": stats.xruns,
            "lost_frames": stats.lost_frames,
        }
        _output.print_json(facts)
    if stats.xruns:
        print(f"tenuto: {engine.device} lost {stats.lost_frames} frames", file=sys.stderr)
        raise typer.Exit(GAPS)


def _tell(facts: dict[str, Any], *, as_json: bool) -> None:
    from . import _output

    if as_json:
        _output.print_json(facts)
        return
    over = facts["over_full_scale"]
    _output.console().print(
        f"{facts['path']}: {facts['signal']}, {_output.clock(facts['seconds'])}, "
        f"{facts['frames']} frames, {facts['channels']} ch, {facts['samplerate']} Hz, "
        f"{facts['format']} {facts['subtype']}, peak {facts['peak_db']:.1f} dBFS, "
        f"RMS {facts['rms_db']:.1f} dBFS" + (f", {over} samples above full scale" if over else ""),
        markup=False,
    )
