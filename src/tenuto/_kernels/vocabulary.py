# SPDX-License-Identifier: MIT
"""The words of a kernel: what it may call, and why not the rest."""

from __future__ import annotations

import ast
import builtins
import math
from typing import Any

IN_LOOP = "write into y[...] in a loop, or use state"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


BUILTINS = ("range", "len", "abs", "min", "max", "int", "float", "bool", "round", "pow", "divmod")
MATH = _words("""
    sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh exp expm1 log log2 log10 log1p
    sqrt pow fabs floor ceil trunc copysign hypot degrees radians isnan isinf isfinite erf erfc
""")
NUMPY = _words("""
    sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh exp exp2 expm1
    log log2 log10 log1p sqrt cbrt abs absolute fabs floor ceil trunc rint sign minimum maximum
    fmin fmax power square hypot isnan isinf isfinite copysign mod fmod remainder floor_divide
    float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool_ deg2rad rad2deg
""")

# What a mathematics library has to offer when the machine code asks for it by name.
_LIBM = _words("""
    sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh exp exp2 expm1 log log2 log10
    log1p pow sqrt cbrt hypot fmod fabs floor ceil trunc rint nearbyint round copysign erf erfc fmin
    fmax fma
""")
EXTERNALS = {name + suffix for name in _LIBM for suffix in ("", "f")} | {
    "memcpy", "memmove", "memset", "sincos", "sincosf", "_hypot", "_hypotf",
}  # fmt: skip

# Statements and expressions that no kernel may have: what it does, what to do instead.
REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Raise: (
        "raises",
        "nobody could catch it on the audio thread: clip, or keep a flag in state",
    ),
    ast.Assert: ("can raise (assert)", "clip the value, or check it where the parameter is set"),
    ast.Try: ("handles exceptions (try)", "nothing raises in a kernel: test values with if"),
    ast.With: ("enters a context (with)", "open and close things outside"),
    ast.AsyncFor: ("waits (async for)", "a kernel may not wait: use a plain loop"),
    ast.AsyncWith: ("waits (async with)", "a kernel may not wait"),
    ast.Await: ("waits (await)", "a kernel may not wait"),
    ast.AsyncFunctionDef: ("defines a coroutine (async def)", "a kernel may not wait: use def"),
    ast.FunctionDef: ("defines a function", "define it outside, and call it by its name"),
    ast.ClassDef: ("defines a class", "use plain variables and state"),
    ast.Lambda: (
        "makes a function (lambda)",
        "define it outside with def, and call it by its name",
    ),
    ast.Yield: ("is a generator (yield)", "write into y[...] instead"),
    ast.YieldFrom: ("is a generator (yield)", "write into y[...] instead"),
    ast.List: ("makes a list", f"a list takes memory: {IN_LOOP}"),
    ast.ListComp: ("makes a list", f"a list takes memory: {IN_LOOP}"),
    ast.Dict: ("makes a dict", "a dict takes memory: use state, or one variable for each value"),
    ast.DictComp: (
        "makes a dict",
        "a dict takes memory: use state, or one variable for each value",
    ),
    ast.Set: ("makes a set", "a set takes memory: compare with or"),
    ast.SetComp: ("makes a set", "a set takes memory: compare with or"),
    ast.GeneratorExp: ("makes a generator", "use a loop"),
    ast.JoinedStr: ("makes a string", "strings take memory: numbers only"),
    ast.Global: ("changes a global variable", "keep it in state, which each node has for itself"),
    ast.Nonlocal: (
        "changes a variable outside",
        "keep it in state, which each node has for itself",
    ),
    ast.Import: ("imports", "import outside the function"),
    ast.ImportFrom: ("imports", "import outside the function"),
    ast.Delete: ("deletes a name", "leave it out: nothing here needs to be freed"),
    ast.Match: ("matches patterns", "use if and elif"),
    ast.Starred: ("unpacks with a star", "name each value"),
    ast.MatMult: ("multiplies matrices", f"the result would be a new array: {IN_LOOP}"),
    ast.In: ("searches (in)", "compare with == and or"),
    ast.NotIn: ("searches (not in)", "compare with != and and"),
    ast.Is: ("compares objects (is)", "compare numbers with =="),
    ast.IsNot: ("compares objects (is not)", "compare numbers with !="),
}

FILES = ("open", "input", "exec", "eval", "compile", "__import__")
STRINGS = (
    "str",
    "repr",
    "format",
    "chr",
    "ord",
    "ascii",
    "bytes",
    "bytearray",
    "hex",
    "bin",
    "oct",
)
LISTS = ("list", "dict", "set", "frozenset", "sorted", "tuple", "reversed", "map", "filter")


def is_allowed(called: Any) -> bool:
    """Whether a kernel may call this object of Python's, `math` or NumPy."""
    import numpy as np

    allowed = [getattr(builtins, name) for name in BUILTINS]
    allowed += [getattr(math, name) for name in MATH]
    allowed += [getattr(np, name) for name in NUMPY if hasattr(np, name)]
    return any(called is one for one in allowed)


def why_not(called: Any, words: str) -> tuple[str, str]:
    """What is wrong with calling this object (written as `words`), and what to do instead."""
    import numpy as np

    name = words.rsplit(".", 1)[-1]
    module = getattr(called, "__module__", None) or ""
    if called is print:
        return "prints", (
            "printing takes the GIL and waits: call the plain function "
            "(.function) to look at numbers"
        )
    if called is getattr(builtins, name, None):
        if name in FILES:
            return f"calls {words}()", "a kernel may not wait or run Python: do it outside"
        if name in STRINGS:
            return f"makes a string ({words})", "strings take memory: numbers only"
        if name in LISTS:
            return f"makes a list or the like ({words})", f"that takes memory: {IN_LOOP}"
        if name in ("enumerate", "zip"):
            return f"calls {words}()", "loop over range(x.shape[1]), and index"
        return f"calls {words}()", "Python is not there: use arithmetic, math, and if"
    owner = getattr(called, "__self__", None)
    if (
        "random" in words.split(".")
        or module.startswith("random")
        or isinstance(owner, np.random.RandomState | np.random.Generator)
    ):
        return f"calls {words}()", (
            "its generator is shared by the whole program: keep a seed in state and compute "
            "the next number yourself"
        )
    if words.split(".")[0] == "time" or module == "time":
        return f"calls {words}()", "a kernel has no clock: count frames in state"
    if module == "math":
        return f"calls {words}()", f"of math there are {', '.join(MATH)}"
    if module.split(".")[0] == "numpy" or isinstance(called, np.ufunc):
        if hasattr(math, name):
            return f"calls {words}()", f"use math.{name}() on one number" if name in MATH else (
                "there is no such function in a kernel"
            )
        return f"makes an array ({words})", IN_LOOP
    if isinstance(called, type):
        return f"makes an object ({words})", "objects take memory: numbers only"
    return f"calls {words}()", (
        "what it does cannot be seen: use arithmetic, math, or a function written in Python"
    )
