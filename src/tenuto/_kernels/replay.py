# SPDX-License-Identifier: MIT
"""Finds the line at fault: what went wrong in machine code is done again in Python, slowly."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any, NoReturn

from .._errors import KernelError
from .compiler import Shape
from .program import Program, refuse
from .trial import SAMPLERATE, Finding, signals

MOST_SAMPLES = 8192


def explain(finding: Finding, function: Any, program: Program, shape: Shape) -> NoReturn:
    """Raise the `KernelError` for a finding of the trial."""
    label = function.__name__
    when = finding.circumstances(shape.params)
    if finding.kind == "slow":
        raise KernelError(
            f'kernel "{label}" takes {finding.ns:.0f} ns per frame; at 48 kHz there are 20833: '
            "do less for each sample, or use a PythonNode"
        )
    if finding.failure:
        file, line = program.loops[finding.failure - 1]
        elsewhere = "" if file == program.parts[-1].file else file
        refuse(
            label,
            line,
            f"does not come to an end ({when})",
            "more turns than any block has time for; loop over range(x.shape[1])",
            elsewhere,
        )
    error, line, file = _again(finding, function, program, shape)
    elsewhere = "" if file == program.parts[-1].file else file
    reason = f" ({error})" if error else ""
    if finding.kind == "not finite":
        what = f"gives a value that is not finite{reason} {when}"
        remedy = "test for zero before dividing, keep feedback below 1, or narrow the range"
    elif isinstance(error, IndexError) or error is None:
        what = f"reads or writes outside an array{reason} {when}"
        remedy = "stay below x.shape and state.shape; wrap a position with %, clip it with min"
    else:
        what, remedy = f"can raise{reason} {when}", "test for that case with if"
    if line:
        refuse(label, line, what, remedy, elsewhere)
    raise KernelError(f'kernel "{label}" {what}: {remedy}')


def _again(
    finding: Finding, function: Any, program: Program, shape: Shape
) -> tuple[Exception | None, int, str]:
    """Run the Python function as the machine code was run; the exception, its line and file."""
    import numpy as np

    x = signals(finding.frames, finding.channels)[finding.signal]
    x.flags.writeable = False
    state = np.zeros((finding.channels, *shape.state), shape.state_dtype)
    make = namedtuple("Params", shape.params)  # type: ignore[misc]
    params = make(*[float(np.float32(value)) for value in (*finding.values, SAMPLERATE)])
    most = max(finding.blocks, MOST_SAMPLES // finding.channels)
    files = [part.file for part in program.parts]
    for at in range(0, min(finding.frames, most), finding.blocks):
        block = x[:, at : at + finding.blocks]
        try:
            with np.errstate(divide="raise", invalid="raise", over="raise", under="ignore"):
                function(block, np.zeros_like(block), state, params)
        except Exception as error:
            return error, *_place(error, files)
    return None, 0, files[-1]


def _place(error: Exception, files: Sequence[str]) -> tuple[int, str]:
    line, file, trace = 0, files[-1], error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in files:
            line, file = trace.tb_lineno, trace.tb_frame.f_code.co_filename
        trace = trace.tb_next
    return line, file
