# SPDX-License-Identifier: MIT
"""Machine code on the disk, and from there into this process: without Numba, in a few milliseconds.

An entry's name is a hash of all that it depends on: the function and what it calls, its shape, the
versions of the tools, and the processor. Beside the code lies what the trial found. A file that is
damaged, or belongs to somebody else, counts as missing.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from .._errors import KernelError
from .compiler import Machine, Shape, processor, target_machine

LIBM = ("libm.so.6", "libSystem.dylib", "ucrtbase", "libm.so")
FORMAT = 1  # raise it when the ABI changes


def folder() -> Path:
    """Where compiled kernels are kept: $TENUTO_KERNEL_CACHE, else the user's cache."""
    named = os.environ.get("TENUTO_KERNEL_CACHE")
    if named:
        return Path(named)
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "tenuto" / "kernels"


def key(digest: str, shape: Shape, more: object) -> str:
    """The name of an entry; `more` is what the trial depends on besides."""
    tools = [metadata.version(name) for name in ("numba", "llvmlite", "numpy")]
    # What compiles and tries it counts too.
    own = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        own.update(path.read_bytes())
    parts = [
        FORMAT,
        own.hexdigest(),
        digest,
        repr(shape),
        repr(more),
        tools,
        sys.version,
        processor(),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def load(name: str) -> tuple[Machine, dict[str, Any]] | None:
    """What was kept under this name: the code and the facts beside it."""
    path = folder() / name
    try:
        if hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
            return None
        content = path.read_bytes()
        head, code = content.split(b"\n", 1)
        facts = json.loads(head)
        if facts["sha256"] != hashlib.sha256(code).hexdigest():
            return None
        machine = Machine(code, facts["entry"], tuple(facts["externals"]), facts["seconds"])
        return machine, facts["more"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save(name: str, machine: Machine, more: dict[str, Any]) -> None:
    """Keep it; a disk that cannot is no reason to fail."""
    facts = {
        "sha256": hashlib.sha256(machine.code).hexdigest(),
        "entry": machine.entry,
        "externals": machine.externals,
        "seconds": machine.seconds,
        "more": more,
    }
    with contextlib.suppress(OSError):
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=folder())
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps(facts).encode() + b"\n" + machine.code)
        os.replace(temporary, folder() / name)


def address(machine: Machine, label: str) -> int:
    """Load the code into this process, for good; the address of its entry."""
    import llvmlite.binding as llvm

    target = target_machine()
    for name in machine.externals:
        if llvm.address_of_symbol(name) is None and not _provide(name):
            # LLVM would end the process.
            raise KernelError(
                f'kernel "{label}": this system has no function {name}(): use another one'
            )
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
    engine.add_object_file(llvm.ObjectFileRef.from_data(machine.code))
    engine.finalize_object()
    found = int(engine.get_function_address(machine.entry))
    # Never freed, at exit neither: a device may still be calling.
    engine.detach()
    return found


def _provide(name: str) -> bool:
    """Tell LLVM where a function of the mathematics library is: Python may keep that to itself."""
    import llvmlite.binding as llvm

    for library in (None, *LIBM):
        try:
            function = getattr(ctypes.CDLL(library), name)
        except (OSError, AttributeError, TypeError):  # (None is no library on Windows)
            continue
        found = ctypes.cast(function, ctypes.c_void_p).value
        if found:
            llvm.add_symbol(name, found)
            return True
    if name.startswith("__svml_"):
        import numba  # noqa: F401  (it loads that library)
    return llvm.address_of_symbol(name) is not None
