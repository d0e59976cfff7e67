# SPDX-License-Identifier: MIT
"""What a kernel is after reading and before compiling, and the shape that it must have."""

from __future__ import annotations

import ast
import hashlib
import inspect
import types
from dataclasses import dataclass, field
from typing import Any, NoReturn

from .._errors import KernelError

SUPPLY = "tenuto_supply"
STOP, COUNT = "tenuto_stop", "tenuto_count"
ARGUMENTS = ("x", "y", "state", "params")


@dataclass
class Part:
    """One function: the kernel, or one that it calls."""

    name: str  # as the tree calls it
    label: str  # as people call it
    file: str
    tree: ast.Module
    names: dict[str, Any]  # constants and modules that it uses
    calls: dict[str, Part]  # other parts, by the name in the tree


@dataclass
class Program:
    """A kernel and all that it calls, parts before who calls them."""

    parts: list[Part] = field(default_factory=list)
    loops: list[tuple[str, int]] = field(default_factory=list)  # file and line of each
    known: dict[types.FunctionType, Part] = field(default_factory=dict)

    def digest(self) -> str:
        """What the machine code depends on; not where in a file it is written."""
        import numpy as np

        seen = hashlib.sha256()
        for part in self.parts:
            seen.update(ast.dump(part.tree).encode())
            for name, value in sorted(part.names.items()):
                text = f"{name}={type(value).__name__}:"
                if isinstance(value, np.ndarray):
                    seen.update(f"{text}{value.dtype}{value.shape}".encode() + value.tobytes())
                else:
                    text += value.__name__ if inspect.ismodule(value) else repr(value)
                    seen.update(text.encode())
        return seen.hexdigest()


def refuse(label: str, line: int, what: str, remedy: str, file: str = "") -> NoReturn:
    """Raise `KernelError` about a line."""
    place = f"line {line} of {file}" if file else f"line {line}"
    raise KernelError(f'kernel "{label}": {place} {what}: {remedy}')


def plain(function: Any) -> types.FunctionType:
    """The Python function, also out of a Numba dispatcher; a kernel's shape is checked here."""
    function = getattr(function, "py_func", function)
    what = 'kernel: a function "def name(x, y, state, params)" is needed, not '
    if isinstance(function, types.MethodType):
        raise KernelError(what + f"the method {function.__name__}: define it outside the class")
    if not isinstance(function, types.FunctionType):
        kind = f"the class {function.__name__}" if isinstance(function, type) else repr(function)
        raise KernelError(what + kind)
    label, code = function.__name__, function.__code__
    if label == "<lambda>":
        raise KernelError(what + "a lambda: give it a name with def")
    names = code.co_varnames[: code.co_argcount]
    stars = code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    if len(names) != 4 or stars or code.co_kwonlyargcount:
        raise KernelError(
            f'kernel "{label}" has the signature {inspect.signature(function)}: it must be '
            f"({', '.join(ARGUMENTS)}). Parameters are declared with "
            "@tenuto.kernel(params={...}), and read as params.name"
        )
    if function.__defaults__:
        raise KernelError(
            f'kernel "{label}" has default values: declare parameters with '
            '@tenuto.kernel(params={"name": default})'
        )
    return function
