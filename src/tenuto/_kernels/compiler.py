# SPDX-License-Identifier: MIT
"""From a program that was let in to machine code, with Numba, and a look at what came out.

The function is compiled with bounds checks and without Numba's run time for memory, so it has
nothing to allocate with. Where the compiler proves an index in range, the check is gone; where it
does not, a wrong index ends the call. The entry around it follows the C ABI and never raises: it
tells the node by a marked "not a number" that the function gave up, where Numba's own would take
the GIL to print a traceback. In the end the machine's instructions are looked through: only
mathematics may be called.
"""

from __future__ import annotations

import os
import re
import time
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

from .._errors import KernelError
from .program import Part, Program, refuse
from .vocabulary import EXTERNALS, IN_LOOP

FAILED = 0x7FE00000  # platform/foreign_code.h: kernel_failed
TURNS_PER_SAMPLE = 1 << 15  # nothing that needs more of them can keep up with real time
TURNS_PER_CALL = 1 << 16


@dataclass(frozen=True)
class Shape:
    """What the machine code is made for, besides the function."""

    params: tuple[str, ...]
    state: tuple[int, ...]  # per channel
    state_dtype: str  # float32, float64


@dataclass(frozen=True)
class Machine:
    """Machine code: an object file and the name of its entry."""

    code: bytes
    entry: str
    externals: tuple[str, ...]  # functions that it calls outside
    seconds: float


def _numba() -> Any:
    # Intel's vector library would be one more thing to have at hand when the code is loaded.
    os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")
    try:
        import numba
    except ImportError:
        raise KernelError(
            "kernels are compiled with Numba, which is not installed: pip install 'tenuto[kernels]'"
        ) from None
    return numba


def compile_program(program: Program, label: str, shape: Shape) -> Machine:
    """Compile; `KernelError` names the line that Numba or the inspection cannot accept."""
    numba = _numba()
    began = time.perf_counter()
    own = program.parts[-1]
    files = {part.file for part in program.parts}
    try:
        function = _assemble(program, numba)
        text = _with_entry(function, shape, numba)
    except KernelError:
        raise
    except numba.core.errors.NumbaError as error:
        _explain(error, label, own, files)
    externals = inspect_code(text, label)
    entry = re.search(r'^define [^@\n]*@"?(cfunc\.[^"(]+)', text, re.MULTILINE)
    if entry is None:
        raise KernelError(f'kernel "{label}": this version of Numba names its entry differently')
    code = _assembled(text)
    return Machine(code, entry[1], tuple(sorted(externals)), time.perf_counter() - began)


def _assemble(program: Program, numba: Any) -> Any:
    """The kernel as a Numba dispatcher; nothing is compiled yet."""
    made: dict[str, Any] = {}
    for part in program.parts:
        namespace = {**part.names, **{name: made[name] for name in part.calls}}
        exec(compile(part.tree, part.file, "exec"), namespace)
        made[part.name] = numba.njit(
            boundscheck=True,
            error_model="numpy",  # a division by zero gives infinity, not an exception
            _nrt=False,
            no_cpython_wrapper=True,
            no_cfunc_wrapper=True,
        )(namespace[part.name])
    return made[program.parts[-1].name]


def _with_entry(function: Any, shape: Shape, numba: Any) -> str:
    """Compile the kernel and the C function around it; LLVM's text of both."""
    types = numba.types
    sample = types.float32
    tuple_type = namedtuple("Params", shape.params)  # type: ignore[misc]
    # Seen as float64: 440 / 48000 in single precision would drift audibly.
    params_type = types.NamedUniTuple(types.float64, len(shape.params), tuple_type)
    state_dtype = getattr(types, shape.state_dtype)
    x_type = types.Array(sample, 2, "C", readonly=True)
    y_type = types.Array(sample, 2, "C")
    state_type = types.Array(state_dtype, 1 + len(shape.state), "C")
    supply_type = types.Array(types.int64, 1, "C")
    arguments = (x_type, y_type, state_type, params_type, supply_type)
    function.compile(arguments)
    compiled = function.overloads[arguments]

    from llvmlite import ir

    cgutils, arrayobj = numba.core.cgutils, numba.np.arrayobj

    def view(context: Any, builder: Any, kind: Any, data: Any, extents: list[Any]) -> Any:
        """An array over memory that belongs to somebody else."""
        array = arrayobj.make_array(kind)(context, builder)
        size = context.get_abi_sizeof(context.get_data_type(kind.dtype))
        strides: list[Any] = []
        step = context.get_constant(types.intp, size)
        for extent in reversed(extents):
            strides.insert(0, step)
            step = builder.mul(step, extent)
        arrayobj.populate_array(
            array,
            data=builder.bitcast(data, array.data.type),
            shape=extents,
            strides=strides,
            itemsize=size,
            meminfo=None,
        )
        return array._getvalue()

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        ins, outs, frames, channels, state, params = values
        word = context.get_value_type(types.intp)

        def number(value: int) -> Any:
            return context.get_constant(types.intp, value)

        frames, channels = builder.zext(frames, word), builder.zext(channels, word)
        samples = builder.mul(frames, channels)
        out = builder.load(outs)
        x = view(context, builder, x_type, builder.load(ins), [channels, frames])
        y = view(context, builder, y_type, out, [channels, frames])
        states = view(context, builder, state_type, state, [channels, *map(number, shape.state)])
        turns = builder.add(number(TURNS_PER_CALL), builder.mul(number(TURNS_PER_SAMPLE), samples))
        memory = cgutils.alloca_once(builder, word, size=2)
        loop_slot = builder.gep(memory, [number(1)])
        builder.store(turns, memory)
        builder.store(number(0), loop_slot)
        supply = view(context, builder, supply_type, memory, [number(2)])
        double = context.get_value_type(types.float64)
        floats = [
            builder.fpext(builder.load(builder.gep(params, [number(i)])), double)
            for i in range(len(shape.params))
        ]
        context.add_linking_libs([compiled.library])
        status, _ = context.call_internal_no_propagate(
            builder,
            compiled.fndesc,
            compiled.signature,
            [x, y, states, context.make_tuple(builder, params_type, floats), supply],
        )
        fine = ir.Constant(status.code.type, 0)
        with builder.if_then(builder.icmp_signed("!=", status.code, fine), likely=False):
            bits = ir.IntType(32)
            mark = builder.or_(
                ir.Constant(bits, FAILED), builder.trunc(builder.load(loop_slot), bits)
            )
            with cgutils.for_range(builder, samples) as loop:
                place = builder.gep(builder.bitcast(out, bits.as_pointer()), [loop.index])
                builder.store(mark, place)
        return context.get_dummy_value()

    @numba.extending.intrinsic  # type: ignore[untyped-decorator]
    def call(
        typing: Any, ins: Any, outs: Any, frames: Any, channels: Any, state: Any, params: Any
    ) -> Any:
        return types.void(ins, outs, frames, channels, state, params), generate

    def entry(ins: Any, outs: Any, frames: int, channels: int, state: Any, params: Any) -> None:
        call(ins, outs, frames, channels, state, params)

    pointer = types.CPointer(sample)
    planes = types.CPointer(pointer)
    abi = types.void(planes, planes, types.uint32, types.uint32, pointer, pointer)
    return str(numba.cfunc(abi, error_model="numpy", _nrt=False)(entry).inspect_llvm())


def inspect_code(text: str, label: str) -> set[str]:
    """Names of outside functions in LLVM's text; `KernelError` when one is not mathematics."""
    names = set(re.findall(r'^declare [^@\n]*@"?([^"(]+)"?\(', text, re.MULTILINE))
    names = {name for name in names if not name.startswith("llvm.")}
    strange = sorted(
        name for name in names if name not in EXTERNALS and not name.startswith("__svml_")
    )
    if strange:
        raise KernelError(
            f'kernel "{label}": its machine code calls {", ".join(strange)}, which may allocate, '
            "wait or run Python: use arithmetic and the functions of math on single numbers"
        )
    # A call through a pointer could lead anywhere.
    if re.search(r"^[^;\n]*\b(?:call|invoke)\b[^@\n]*%[\w.\"]+\(", text, re.MULTILINE):
        raise KernelError(
            f'kernel "{label}": its machine code calls through a pointer: call functions by name'
        )
    return names


def processor() -> tuple[str, str]:
    """Name and features of this machine's processor, as LLVM knows them."""
    import llvmlite.binding as llvm

    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def target_machine() -> Any:
    """LLVM's code generator for this machine."""
    import llvmlite.binding as llvm

    try:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
    except RuntimeError:  # newer versions do it by themselves
        pass
    name, features = processor()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=name, features=features, opt=3, reloc="default", codemodel="jitdefault"
    )


def _assembled(text: str) -> bytes:
    import llvmlite.binding as llvm

    target = target_machine()
    module = llvm.parse_assembly(text)
    module.verify()
    return bytes(target.emit_object(module))


def _explain(error: Exception, label: str, own: Part, files: set[str]) -> None:
    """Say it as `KernelError`: Numba's messages speak of Numba."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    place = getattr(error, "loc", None)
    line = place.line if place is not None and place.filename in files else 0
    if not line:  # the last place that is the user's
        found = re.findall(r"\bat (\S+) \((\d+)\)", text)
        line = next((int(number) for name, number in reversed(found) if name in files), 0)
    what, remedy = _meaning(text)
    refuse(label, line or own.tree.body[0].lineno, what, remedy)


ONE_BY_ONE = "take one number at a time, with x[channel, frame] in a loop"
MEANINGS = (
    (r"NRT|_nrt|require[sd]? .*runtime", "makes an array", IN_LOOP),
    (r"Cannot modify readonly", "writes into the input or a constant array",
     "write into y or state"),
    (r"setitem\(array.*, (?:readonly )?array\([^()]*\)\)\s", "puts a whole array where one number "
     "belongs", ONE_BY_ONE),
    (r"Function\(<(?:built-in function|class|ufunc) '?(?!setitem|getitem)(\w+)'?>\)[^\n]*\s*>>> "
     r"\1\([^\n]*array\(",
     "gives a whole array to {0}()", ONE_BY_ONE),
    (r"Unsupported array index type float", "indexes with a number that is no integer",
     "turn it into one with int()"),
    (r"cannot index array\([^,]*, (\d+)d[^)]*\) with (\d+) indices", "indexes an array of {0} "
     "dimensions with {1}", "x and y are [channel, frame], state is [channel, ...]"),
    (r"Unknown attribute '(\w+)' of type (?:readonly )?array", "uses .{0}, which no array here has",
     "there are .shape and .size"),
    (r"Cannot unify (\S.*?) and (\S.*?) for '([^'.]+)", "gives {2} two types ({0}, {1})",
     "let a variable be one kind of number all the time"),
)  # fmt: skip


def _meaning(text: str) -> tuple[str, str]:
    """What Numba complains about, in words about kernels."""
    for pattern, what, remedy in MEANINGS:
        found = re.search(pattern, text)
        if found:
            return what.format(*found.groups()), remedy
    reason = re.search(r"raised a specific error:\s*\w*: ([^\n]+)", text)
    lines = [line.strip(" >-") for line in text.splitlines() if line.strip(" >-")]
    lines = [line for line in lines if not line.startswith(("Failed in", "There are"))]
    first = reason[1] if reason else lines[0] if lines else type(text).__name__
    if first.startswith("No implementation of function") and len(lines) > 1:
        first = f"there is no {lines[1]}"
    first = re.sub(r"Literal\[(\w+)\]\([^)]*\)", r"\1", first)
    return f"is not possible in a kernel ({first})", "use numbers, x, y, state, arithmetic and math"
