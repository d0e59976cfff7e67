# SPDX-License-Identifier: MIT
"""``tenuto record``."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import typer

from .._errors import FileError
from .._recorder import Recorder
from .._take import ledger_path
from ._exit_codes import DEVICE, GAPS

_REFRESH_SECONDS = 0.1


def record(
    path: Path = typer.Argument(help="The file; its suffix chooses the format."),
    device: str | None = typer.Option(None, "--device", "-d", help="Number, piece of a name, back end, or virtual[:PATH|:loopback]."),
    samplerate: int = typer.Option(48_000, "--samplerate", "-r", help="In hertz."),
    channels: str | None = typer.Option(None, "--channels", "-c", help="How many (2), or which (1,3,4)."),
    seconds: float | None = typer.Option(None, "--seconds", "-s", help="Stop after this long; else with Ctrl-C."),
    format: str | None = typer.Option(None, "--format", help="WAV, FLAC, RF64 …; default: from the suffix."),
    subtype: str | None = typer.Option(None, "--subtype", help="PCM_16, PCM_24, FLOAT …"),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace an existing file."),
    monitor: bool = typer.Option(False, "--monitor", help="Hear what is recorded."),
    monitor_gain: float = typer.Option(0.0, "--monitor-gain", help="How loud, in dB."),
    blocksize: int = typer.Option(0, "--blocksize", "-b", help="Frames per callback; 0: up to the device."),
    ring: float = typer.Option(10.0, "--ring", help="Seconds that the disk may stall."),
    no_realtime: bool = typer.Option(False, "--no-realtime", help="Do not ask for real-time priority."),
    cpu: int | None = typer.Option(None, "--cpu", help="Pin the audio thread to this processor."),
    no_reconnect: bool = typer.Option(False, "--no-reconnect", help="End when the device goes away."),
    as_json: bool = typer.Option(False, "--json", help="Print the facts as JSON at the end, nothing else."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No meters."),
) -> None:  # fmt: skip
    """Record a device into a file until Ctrl-C (or for --seconds).

    A second Ctrl-C ends at once; the file is valid even then. Exit code 0 says that nothing was
    lost, 5 that the recording has gaps (they are listed in FILE.tenuto.json), 3 that the device
    and 4 that the file failed.

    Example: tenuto record take.wav --device jack --channels 1,2 --seconds 3600
    """
    recorder = Recorder(
        path,
        _device(device),
        samplerate=samplerate,
        channels=_channels(channels),
        blocksize=blocksize,
        seconds=seconds,
        format=format,
        subtype=subtype,
        overwrite=overwrite,
        monitor="input" if monitor else "off",
        monitor_gain_db=monitor_gain,
        ring_seconds=ring,
        realtime=False if no_realtime else None,
        cpu=cpu,
        reconnect=not no_reconnect,
    )
    with recorder:
        asked_to_stop = _stop_on_signals()
        recorder.start()
        _watch(recorder, asked_to_stop, show=not (quiet or as_json))
        failure = None
        try:
            recorder.stop()
        except FileError as error:
            failure = error  # what is in the file all the same is told before
    with _harmless():
        _report(recorder, failure, as_json=as_json)
    if failure is not None:
        raise failure
    if recorder.warning and "went away" in recorder.warning:
        raise typer.Exit(DEVICE)
    if recorder.gaps:
        raise typer.Exit(GAPS)


def _device(text: str | None) -> str | int | None:
    return int(text) if text is not None and text.isdecimal() else text


def _channels(text: str | None) -> int | list[int] | None:
    if text is None:
        return None
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(
            f"--channels {text!r}: give a number (2), or channels with commas (1,3,4)"
        ) from None
    return numbers if "," in text else numbers[0]


def _stop_on_signals() -> threading.Event:
    """The first Ctrl-C (or SIGTERM, SIGHUP) asks for an end, the second one ends at once."""
    asked = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            os._exit(128 + number)
        asked.set()

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # nohup ignores SIGHUP for us, so that a terminal that closes does not end the program.
        if number is None or (name == "SIGHUP" and signal.getsignal(number) == signal.SIG_IGN):
            continue
        signal.signal(number, handle)
    return asked


@contextlib.contextmanager
def _harmless() -> Iterator[None]:
    """Printing in here may fail (nobody reads, the disk is full): the recording goes on."""
    try:
        yield
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError, SystemExit):  # rich makes a broken pipe the end of the program
        for stream in filter(None, (sys.stdout, sys.stderr)):
            try:
                stream.flush()
            except (OSError, ValueError):
                _discard(stream)


def _discard(stream: TextIO) -> None:
    """What is printed there, now and at the interpreter's end, goes nowhere."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _watch(recorder: Recorder, asked_to_stop: threading.Event, *, show: bool) -> None:
    if show:
        with _harmless():
            _show(recorder, asked_to_stop)
    said = None
    while not asked_to_stop.is_set() and not recorder.wait(_REFRESH_SECONDS):
        if recorder.warning not in (None, said):
            said = recorder.warning
            with _harmless():
                print(f"tenuto: {said}", file=sys.stderr)


def _show(recorder: Recorder, asked_to_stop: threading.Event) -> None:
    """Say what is recorded; on a terminal, show it until it is over."""
    from . import _output

    out = _output.console()
    if not out.is_terminal:
        line = f"recording {recorder.device} ({recorder.backend}) to {recorder.path}"
        out.print(line, markup=False)
        return
    from rich.live import Live

    out.print(
        f"[bold]{_output.plain(recorder.path)}[/] ← {_output.plain(recorder.device)} "
        f"({recorder.backend}), "
        f"{recorder.channels} ch, {recorder.samplerate} Hz.  Ctrl-C ends."
    )
    with Live(console=out, auto_refresh=False, transient=True) as live:
        while not asked_to_stop.is_set() and not recorder.wait(_REFRESH_SECONDS):
            live.update(_output.recording_view(recorder), refresh=True)


def _report(recorder: Recorder, failure: FileError | None, *, as_json: bool) -> None:
    from . import _output

    if as_json:
        _output.print_json(facts(recorder, failure))
        return
    gaps, path = recorder.gaps, recorder.path
    assert path is not None
    out = _output.console()
    loudest = max(level.since_start.peak_db for level in recorder.levels)
    clipped = sum(level.clipped for level in recorder.levels)
    well = "" if failure is not None else ", nothing lost"
    lost = sum(gap.frames for gap in gaps)
    out.print(
        f"{path}: {_output.clock(recorder.seconds)}, {recorder.frames} frames, "
        f"{recorder.channels} ch, {recorder.samplerate} Hz, peak {_output.decibel(loudest).strip()} dBFS"
        + (f", {clipped} samples clipped" if clipped else "")
        + (f", lost {lost} frames in {len(gaps)} gaps" if gaps else well),
        markup=False,
    )
    if gaps:
        out.print(_output.gap_table(gaps, recorder.samplerate))
        out.print(f"The ledger is in {ledger_path(path)}", markup=False)
    scheduling = recorder.scheduling
    if scheduling is not None and scheduling.error:
        print(
            f"tenuto: no real-time priority ({scheduling.error}): {scheduling.remedy}",
            file=sys.stderr,
        )


def facts(recorder: Recorder, failure: FileError | None) -> dict[str, Any]:
    """All that is known about a recording that is over, for ``--json``."""
    return {
        "path": str(recorder.path) if recorder.path else None,
        "device": recorder.device,
        "backend": recorder.backend,
        "state": recorder.state,
        "error": str(failure) if failure is not None else None,
        "frames": recorder.frames,
        "seconds": recorder.seconds,
        "samplerate": recorder.samplerate,
        "channels": recorder.channels,
        "dropped_frames": sum(gap.frames for gap in recorder.gaps),
        "xruns": recorder.xruns,
        "gaps": [dataclasses.asdict(gap) for gap in recorder.gaps],
        "levels": [dataclasses.asdict(level.since_start) for level in recorder.levels],
        "stats": dataclasses.asdict(recorder.stats()),
        "scheduling": dataclasses.asdict(recorder.scheduling) if recorder.scheduling else None,
    }
