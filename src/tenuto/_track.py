# SPDX-License-Identifier: MIT
"""From a tape to a file or to memory: what recorders of every kind share."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _core, _sndfile
from ._errors import FileError
from ._paths import create
from ._take import Gap, Take, ledger_path

if TYPE_CHECKING:
    from ._stream import Stream

# The books know for sure what was lost after 150 ms at the latest.
_SETTLED_SECONDS = 0.2


def end_tape(tape: _core.Tape, stream: Stream | None) -> None:
    """End a branch's tape, whether its engine runs (`stream`) or not."""
    tape.finish()
    if stream is not None and stream.is_running and stream.is_clocked:
        time.sleep(_SETTLED_SECONDS)
        tape.seal()
    else:
        tape.close()


def open_track(
    tape: _core.Tape,
    path: Path | None,
    file_format: _sndfile.FileFormat | None,
    samplerate: int,
    *,
    overwrite: bool,
) -> _core.Track:
    """Make the file (None: memory) and let the disk thread serve it; raises `FileError`."""
    utc_offset = time.time_ns() - _core.monotonic_ns()
    if path is None:
        track = _core.memory_track(tape, samplerate, utc_offset)
    else:
        assert file_format is not None
        descriptor = create(path, overwrite=overwrite)
        try:
            track = _core.file_track(
                tape,
                _sndfile.api(),
                descriptor,
                file_format.code,
                samplerate,
                file_format.integer_bits,
                file_format.is_packed,
                file_format.most_bytes,
                os.fsencode(ledger_path(path).absolute()),  # wherever the program goes to
                utc_offset,
            )
        except BaseException as error:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            if isinstance(error, RuntimeError):
                raise FileError(f'cannot record to "{path}": {error}') from error
            raise
    _core.serve(track)
    return track


def finish_track(
    track: _core.Track, path: Path | None, samplerate: int, channels: int
) -> tuple[Take, FileError | None]:
    """Wait until everything is written; what was recorded, and why it ended early, if it did."""
    _core.wake_writer()
    while not track.wait_until_over(0.1):
        pass  # the GIL is released meanwhile; Ctrl-C gets through here
    state: dict[str, Any] = track.state()
    failure = None
    if state["phase"] == "failed":
        failure = FileError(
            f'recording to "{path}" ended after {state["frames"] / samplerate:.3f} s: '
            f"{track.error}. The file is valid up to there."
        )
    samples = track.samples(0, state["frames"]) if path is None else None
    gaps = tuple(Gap(*row) for row in track.gaps())
    where = path and Path(os.fsdecode(track.ledger_path)).with_name(path.name)
    return Take(path, state["frames"], samplerate, channels, gaps, samples, where), failure
