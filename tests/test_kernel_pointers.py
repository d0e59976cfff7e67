# SPDX-License-Identifier: MIT
"""Kernels that were compiled elsewhere: every kind of pointer, and their trial."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cffi
import numpy as np
import pytest

import tenuto
from support.nodes import check_chunks, run
from tenuto._kernels import pointer

SIGNATURE = (
    "(const float *const *in, float *const *out, uint32_t frames, uint32_t channels, "
    "float *state, const float *params)"
)
SOURCE = r"""
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#define KERNEL(name) void name SIGNATURE
#define EACH for (uint32_t c = 0; c < channels; c++) for (uint32_t n = 0; n < frames; n++)
KERNEL(gain) { EACH out[c][n] = params[0] * in[c][n]; }
KERNEL(rate) { EACH out[c][n] = params[1] / 96000; }
KERNEL(smooth) { EACH out[c][n] = state[c] += 0.25f * (in[c][n] - state[c]); }
KERNEL(one_behind) { EACH out[c][n] = in[0][c * frames + n]; }
KERNEL(crashes) { *(volatile int *)0 = 1; }
KERNEL(loops) { for (volatile int i = 0;; i++) {} }
KERNEL(leaves) { exit(3); }
KERNEL(strays) { EACH out[c][n + 1] = in[c][n]; }
KERNEL(strays_state) { state[3] += 1; }
KERNEL(changes_input) { ((float *)in[0])[0] = 0; }
KERNEL(divides) { EACH out[c][n] = 1 / in[c][n]; }
KERNEL(idles) { volatile float x = 0; for (uint32_t i = 0; i < frames * 200000; i++) x += 1; }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("needs a C compiler (Debian: gcc)")
    folder = tmp_path_factory.mktemp("kernels")
    (folder / "kernels.c").write_text(SOURCE.replace("SIGNATURE", SIGNATURE))
    made = folder / "kernels.so"
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(made), str(folder / "kernels.c")]
    subprocess.run(command, check=True)
    return made


GAIN = {"factor": (1.0, 0.0, 4.0)}


def _capsule(address: int) -> Any:
    new = ctypes.pythonapi.PyCapsule_New
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    name = b"void (...)"
    capsule = new(address, name, None)
    _names.append(name)  # a capsule only borrows it
    return capsule


_names: list[bytes] = []


@pytest.mark.parametrize("kind", ["ctypes", "void pointer", "address", "cffi", "capsule", "scipy"])
def test_any_kind_of_c_pointer_is_taken(library: Path, kind: str) -> None:
    function = ctypes.CDLL(str(library)).gain
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    code: Any = function
    if kind == "void pointer":
        code = ctypes.c_void_p(address)
    elif kind == "address":
        code = address
    elif kind == "cffi":
        ffi = cffi.FFI()
        ffi.cdef(f"void gain{SIGNATURE};")
        code = ffi.addressof(ffi.dlopen(str(library)), "gain")
    elif kind == "capsule":
        code = _capsule(address)
    elif kind == "scipy":
        code = pytest.importorskip("scipy").LowLevelCallable(_capsule(address))
    node = tenuto.Kernel(code, params=GAIN, factor=2)
    assert node.factor == 2
    assert isinstance(node, tenuto.Kernel)
    assert np.all(run(node, np.full((100, 2), 0.25)) == 0.5)


def test_a_numba_cfunc_is_taken() -> None:
    numba = pytest.importorskip("numba")
    types = numba.types
    row, number = types.CPointer(types.float32), types.uint32
    rows = types.CPointer(row)

    @numba.cfunc(types.void(rows, rows, number, number, row, row))
    def negative(ins, outs, frames, channels, state, params):
        for c in range(channels):
            for n in range(frames):
                outs[c][n] = -ins[c][n]

    assert np.all(run(tenuto.Kernel(negative), np.ones(10)) == -1)


def test_state_and_samplerate_arrive_and_channels_lie_one_behind_the_other(library: Path) -> None:
    c = ctypes.CDLL(str(library))
    x = np.random.default_rng(2).uniform(-1, 1, (1000, 2)).astype(np.float32)
    check_chunks(lambda: tenuto.Kernel(c.smooth, state=1), x)
    a, level = np.float32(0.25), np.zeros(2, np.float32)
    expected = []
    for frame in x:
        level = level + a * (frame - level)
        expected.append(level)
    assert np.max(np.abs(run(tenuto.Kernel(c.smooth, state=1), x) - expected)) < 1e-6
    assert np.all(run(tenuto.Kernel(c.rate, params=GAIN), x, 48000) == 0.5)
    assert np.array_equal(run(tenuto.Kernel(c.one_behind), x), x)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the trial has no child process here")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("crashes", r"crashed \(SIGSEGV, with buffers with guards\)"),
        ("leaves", "crashed .exit code 3"),
        ("loops", "does not return .with buffers with guards.: it loops for ever"),
        ("strays", "writes around the output .1 channels, 1 frames.: it must stay inside"),
        ("strays_state", "writes beyond its state"),
        ("changes_input", "writes into the input"),
        ("divides", "values that are not finite with silence"),
        ("idles", "ns per frame .at 48 kHz there are 20833."),
    ],
)
def test_bad_code_is_refused_and_harms_nobody(
    library: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    monkeypatch.setattr(pointer, "PATIENCE_SECONDS", 2.0)
    with pytest.raises(tenuto.KernelError, match=f'kernel "{name}" .*{words}'):
        tenuto.Kernel(getattr(ctypes.CDLL(str(library)), name), state=2)


def _python(*arguments: Any) -> None:
    pass


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_python), "a Python function is behind it"),
        (cffi.FFI().callback("void(void *)", _python), "a Python function is behind it"),
        (_python, "that is Python: use @tenuto.kernel"),
        (None, "an address, or an object with a C pointer"),
        (True, "an address, or an object with a C pointer"),
        (0, "no function at this address"),
        (-8, "no function at this address"),
        ("gain", "an address, a ctypes or cffi function"),
    ],
)
def test_what_is_no_c_pointer_is_refused(code: Any, words: str) -> None:
    with pytest.raises(tenuto.KernelError, match=words):
        tenuto.Kernel(code)


def test_the_trial_can_be_left_out(library: Path) -> None:
    node = tenuto.Kernel(ctypes.CDLL(str(library)).gain, params=GAIN, check=False)
    assert node.cost is None
    assert tenuto.Kernel(ctypes.CDLL(str(library)).gain, params=GAIN).cost is not None
