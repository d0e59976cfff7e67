# SPDX-License-Identifier: MIT
"""Code that was compiled elsewhere: where it is, and its trial.

It cannot be read, so it is run once in a child process (where the system can fork): a crash or an
endless loop ends the child. Elsewhere it is run in this process, and a crash is a crash.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import json
import os
import select
import signal
import time
import warnings
from typing import TYPE_CHECKING, Any

from .._checks import is_whole
from .._errors import KernelError
from .trial import SAMPLERATE, Entry, Outcome, Range, Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray

PATIENCE_SECONDS = 5.0  # from one run of the trial to the next
GUARD = 64  # floats around each buffer that must not change


def address_of(code: Any) -> int:
    """The address behind `code`; `KernelError` when there is none, or Python is behind it."""
    what = f"Kernel(code={code!r:.80}): "
    if isinstance(code, bool) or code is None:
        raise KernelError(what + "an address, or an object with a C pointer, is needed")
    if is_whole(code):
        found = int(code)
    elif isinstance(code, ctypes._CFuncPtr):  # type: ignore[attr-defined]
        inside = getattr(code, "_objects", None)
        inside = inside.values() if isinstance(inside, dict) else (inside,)
        if any(type(one).__name__ == "CThunkObject" for one in inside):
            raise KernelError(what + "a Python function is behind it: use @tenuto.kernel for that")
        found = ctypes.cast(code, ctypes.c_void_p).value or 0
    elif isinstance(code, ctypes.c_void_p):
        found = code.value or 0
    elif type(code).__module__ == "_cffi_backend":
        if "calling" in repr(code):
            raise KernelError(what + "a Python function is behind it: use @tenuto.kernel for that")
        import cffi

        found = int(cffi.FFI().cast("uintptr_t", code))
    elif type(code).__name__ == "PyCapsule":
        found = _in_capsule(code)
    elif isinstance(code, tuple) and hasattr(code, "function"):  # scipy.LowLevelCallable
        return address_of(code.function)
    elif isinstance(getattr(code, "address", None), int):  # numba.cfunc and others
        found = code.address
    elif hasattr(code, "_class"):
        raise KernelError(what + "it is a kernel already: call it to make a node, name()")
    elif callable(code):
        raise KernelError(what + "that is Python: use @tenuto.kernel for it")
    else:
        raise KernelError(
            what + "an address, a ctypes or cffi function, a capsule or an object with .address "
            "is needed"
        )
    if not 0 < found < 1 << 64:
        raise KernelError(what + "there is no function at this address")
    return found


def _in_capsule(code: Any) -> int:
    python = ctypes.pythonapi
    python.PyCapsule_GetName.restype = ctypes.c_char_p
    python.PyCapsule_GetName.argtypes = [ctypes.py_object]
    python.PyCapsule_GetPointer.restype = ctypes.c_void_p
    python.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    return python.PyCapsule_GetPointer(code, python.PyCapsule_GetName(code)) or 0


def try_pointer(entry: Entry, ranges: dict[str, Range], label: str) -> Outcome:
    """Run it once before it is let in; `KernelError` says what it did."""
    if hasattr(os, "fork"):
        outcome = _in_child(entry, ranges, label)
    else:
        _check_guards(entry, ranges)
        outcome = Trial(entry, ranges).run()
    found = outcome.finding
    if found is not None:
        when = found.circumstances(tuple(ranges))
        what = {
            "gave up": f"gave up ({found.failure})",
            "not finite": "gives values that are not finite",
            "slow": f"takes {found.ns:.0f} ns per frame (at 48 kHz there are 20833)",
        }[found.kind]
        raise KernelError(f'kernel "{label}" {what} {when}: correct it where it was compiled')
    return outcome


class _Telling(Trial):
    """A trial that tells another process where it is."""

    pipe = -1

    def at(self, stage: str) -> None:
        os.write(self.pipe, f"{stage}\n".encode())


def _in_child(entry: Entry, ranges: dict[str, Range], label: str) -> Outcome:
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # The child runs nothing that another thread could hold a lock of.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            faulthandler.disable()
            trial = _Telling(entry, ranges)
            trial.pipe = writer
            trial.at("buffers with guards")
            strayed = _check_guards(entry, ranges)
            facts = {"strayed": strayed} if strayed else trial.run().to_json()
            os.write(writer, b"\0" + json.dumps(facts).encode())
        os._exit(0)
    os.close(writer)
    try:
        said, is_stuck = _listen(reader)
    finally:
        os.close(reader)
        if _runs_still(child):
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    stages, _, result = said.partition(b"\0")
    stage = (stages.decode(errors="replace").strip().splitlines() or ["the start"])[-1]
    if is_stuck:
        raise KernelError(
            f'kernel "{label}" does not return (with {stage}): it loops for ever, or waits for a '
            "lock such as Python's"
        )
    if not result:
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        name = signal.Signals(number).name if number else f"exit code {status >> 8}"
        raise KernelError(
            f'kernel "{label}" crashed ({name}, with {stage}): is it void (const float *const *in, '
            "float *const *out, uint32_t frames, uint32_t channels, float *state, "
            "const float *params), and is state= large enough?"
        )
    facts = json.loads(result)
    if "strayed" in facts:
        raise KernelError(f'kernel "{label}" writes {facts["strayed"]}: it must stay inside')
    return Outcome.from_json(facts)


def _runs_still(child: int) -> bool:
    """Whether a child runs still (it is not waited for here)."""
    try:
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except (OSError, AttributeError):
        return True


def _listen(reader: int) -> tuple[bytes, bool]:
    """Everything the child says; True when it fell silent before its end."""
    said, deadline = b"", time.monotonic() + PATIENCE_SECONDS
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return said, True
        more = os.read(reader, 65536)
        if not more:
            return said, False
        said += more
        deadline = time.monotonic() + PATIENCE_SECONDS


def _check_guards(entry: Entry, ranges: dict[str, Range]) -> str:
    """Call it with guarded buffers; what it wrote into that is not its own, or ""."""
    import numpy as np

    floats = ctypes.POINTER(ctypes.c_float)
    function = ctypes.CFUNCTYPE(
        None,
        ctypes.POINTER(floats),
        ctypes.POINTER(floats),
        ctypes.c_uint32,
        ctypes.c_uint32,
        floats,
        floats,
    )(entry.address)
    random = np.random.default_rng(3)
    params = np.array([*(one.default for one in ranges.values()), SAMPLERATE], np.float32)
    for channels in (1, 2) if entry.channels is None else (entry.channels,):
        for frames in (1, 7, 64):
            size = channels * frames
            buffers: dict[str, NDArray[Any]] = {
                "into the input": random.uniform(-1, 1, size),
                "around the output": np.zeros(size),
                "beyond its state": np.zeros(entry.state_floats * channels),
                "into params": params,
            }
            guarded = {
                name: np.pad(values.astype(np.float32), GUARD, constant_values=np.float32(0.7071))
                for name, values in buffers.items()
            }
            before = {name: values.copy() for name, values in guarded.items()}
            ins, outs, state, given = (
                values[GUARD:].ctypes.data_as(floats) for values in guarded.values()
            )
            first = ctypes.addressof(ins.contents), ctypes.addressof(outs.contents)
            step = frames * 4
            planes = [
                (floats * channels)(
                    *(ctypes.cast(start + step * c, floats) for c in range(channels))
                )
                for start in first
            ]
            function(planes[0], planes[1], frames, channels, state, given)
            for name, values in guarded.items():
                if name in ("around the output", "beyond its state"):
                    values[GUARD:-GUARD] = before[name][GUARD:-GUARD]
                if not np.array_equal(values, before[name]):
                    return f"{name} ({channels} channels, {frames} frames)"
    return ""
