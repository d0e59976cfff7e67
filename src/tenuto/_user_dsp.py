# SPDX-License-Identifier: MIT
"""`@tenuto.kernel`: a Python function that runs on the audio thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

from ._errors import KernelError
from ._kernels.trial import Entry, KernelCost, Outcome, Range, Trial
from ._nodes.kernel import Declared, Kernel, declare, kernel_class
from ._nodes.params import check_number

if TYPE_CHECKING:
    from ._kernels.compiler import Machine, Shape
    from ._kernels.program import Program

FLOATS = {"float32": 1, "float64": 2}


class KernelFunction:
    """A Python function that was let in to the audio thread; calling it makes a node.

    Made by `tenuto.kernel`. ``ring(frequency=30)`` gives a `Kernel` node with the parameters as
    attributes, each with a state of its own; ``name=`` and ``time_limit=`` are those of `Kernel`.

    Attributes
    ----------
    function : callable
        The Python function as it was written, to call it on arrays: ``function(x, y, state,
        params)``.
    parameters : dict
        Name to (default, low, high, unit).
    cost : KernelCost
        Nanoseconds per frame, measured on this machine.
    compile_seconds : float
        How long compiling took this time; 0 when the code was on the disk already.
    from_cache : bool
        Whether it was.
    block_difference : float
        How much the output depends on how sound is cut into blocks: 0 as it should be, otherwise
        the largest difference, for noise of full scale.
    notes : list of str
        What the trial found that is no reason to refuse it.
    """

    def __init__(
        self,
        function: Any,
        ranges: dict[str, Range],
        shape: Shape,
        channels: int | None,
        latency_frames: int,
    ) -> None:
        import math

        from ._kernels import store
        from ._kernels.compiler import compile_program
        from ._kernels.source import read

        program = read(function, shape.params)
        function = getattr(function, "py_func", function)
        name = function.__name__
        floats = math.prod(shape.state) * FLOATS[shape.state_dtype]
        began = time.perf_counter()
        key = store.key(program.digest(), shape, (sorted(ranges.items()), channels))
        kept = store.load(key)
        machine: Machine
        if kept is None:
            machine = compile_program(program, name, shape)
            self.compile_seconds = time.perf_counter() - began
        else:
            machine, self.compile_seconds = kept[0], 0.0
        address = store.address(machine, name)
        entry = Entry(address, floats, latency_frames, channels)
        if kept is None:
            outcome = _try(entry, ranges, function, program, shape)
            store.save(key, machine, outcome.to_json())
        else:
            outcome = Outcome.from_json(kept[1])
        assert outcome.cost is not None
        self.function = function
        self.from_cache = kept is not None
        self.parameters = {
            parameter: (one.default, one.low, one.high, one.unit)
            for parameter, one in ranges.items()
        }
        self.cost: KernelCost = outcome.cost
        self.block_difference = outcome.block_difference
        self.notes = outcome.notes
        self._class = kernel_class(Kernel, name, ranges, __init__=_begin)
        self._class._entry, self._class._outcome = entry, outcome
        self._class._function = f"{function.__module__}:{function.__qualname__}"
        self.__name__, self.__qualname__ = name, function.__qualname__
        self.__module__, self.__doc__ = function.__module__, function.__doc__
        self.__wrapped__ = function

    def __call__(
        self, *, name: str | None = None, time_limit: float = 0.8, **parameters: float
    ) -> Kernel:
        """Make a node; parameters that are not given have their defaults."""
        node: Kernel = self._class(
            name=name or self.__name__, time_limit=time_limit, parameters=parameters
        )
        return node

    @property
    def report(self) -> str:
        """What there is to say about it, a line each."""
        how = "from the disk" if self.from_cache else f"compiled in {self.compile_seconds:.2f} s"
        exact = f"differs by up to {self.block_difference:.2g} with the size of blocks"
        blocks = exact if self.block_difference else "blocks of any size give the same samples"
        return "\n".join([f"{self.__name__}: {how}", f"cost: {self.cost}", blocks, *self.notes])

    def __repr__(self) -> str:
        return f"<kernel {self.__name__}({', '.join(self.parameters)})>"


def _begin(
    self: Kernel, *, name: str | None, time_limit: float, parameters: dict[str, float]
) -> None:
    """`__init__` of the nodes of a kernel function."""
    self._set_up(name, time_limit, parameters)


def _try(
    entry: Entry, ranges: dict[str, Range], function: Any, program: Program, shape: Shape
) -> Outcome:
    outcome = Trial(entry, ranges).run()
    if outcome.finding is not None:
        from ._kernels.replay import explain

        explain(outcome.finding, function, program, shape)
    return outcome


@overload
def kernel(function: Callable[..., Any], /) -> KernelFunction: ...
@overload
def kernel(
    *,
    state: int | Sequence[int] = ...,
    params: Declared | None = ...,
    state_dtype: str = ...,
    channels: int | None = ...,
    latency_frames: int = ...,
) -> Callable[[Callable[..., Any]], KernelFunction]: ...
def kernel(
    function: Any = None,
    /,
    *,
    state: int | Sequence[int] = 0,
    params: Declared | None = None,
    state_dtype: str = "float64",
    channels: int | None = None,
    latency_frames: int = 0,
) -> Any:
    """Let a Python function run on the audio thread.

    The function takes ``(x, y, state, params)`` and writes ``y``. It is compiled with Numba (extra
    ``kernels``) when it is defined, and refused, with the line at fault, if it could allocate,
    raise, wait, call Python or never end; see docs/kernels.md. Indexes are checked: one that is out
    of range ends the call, which is then silent.

    ==========  ===================================================================================
    ``x``       float32, (channels, frames), read-only
    ``y``       float32, (channels, frames), zero at first
    ``state``   (channels, *state), zero at first, kept from block to block; a node's own
    ``params``  numbers by name (float64), and ``params.samplerate``
    ==========  ===================================================================================

    Parameters
    ----------
    state : int or sequence of int
        Shape of the memory for each channel.
    params : mapping, optional
        Name to default, or to (default, low, high), or to (default, low, high, unit). Changes take
        10 ms, in steps of 16 frames.
    state_dtype : {"float64", "float32"}
        float32 halves the memory of long delays; float64 keeps what is computed in float64 exact
        from block to block.
    channels : int, optional
        The only number of channels that it takes; default: any.
    latency_frames : int
        How much later sound comes out than it went in.

    Returns
    -------
    KernelFunction
        Call it to make a node.

    Raises
    ------
    KernelError
        The function cannot run on the audio thread: which line, and what to do instead.

    Examples
    --------
    >>> import math
    >>> import tenuto
    >>> @tenuto.kernel(state=1, params={"frequency": (30.0, 0.1, 5000.0, "Hz")})
    ... def ring(x, y, state, params):
    ...     for c in range(x.shape[0]):
    ...         phase = state[c, 0]
    ...         for n in range(x.shape[1]):
    ...             y[c, n] = x[c, n] * math.sin(2 * math.pi * phase)
    ...             phase += params.frequency / params.samplerate
    ...             phase -= math.floor(phase)
    ...         state[c, 0] = phase
    >>> node = ring(frequency=440)
    >>> node.frequency, ring.block_difference
    (440.0, 0.0)
    """

    def let_in(given: Any) -> KernelFunction:
        from ._kernels.compiler import Shape

        label = getattr(given, "__name__", None) or repr(given)
        who = f'kernel "{label}"'
        extents = tuple(state) if isinstance(state, tuple | list) else (state,)
        for extent in extents:
            _whole(f"{who}: state", extent, 0, 1 << 26)
        if state_dtype not in FLOATS:
            raise KernelError(f'{who}: state_dtype={state_dtype!r}: "float32" or "float64"')
        if channels is not None:
            _whole(f"{who}: channels", channels, 1, 1024)
        _whole(f"{who}: latency_frames", latency_frames, 0, 1 << 24)
        ranges = declare(who, params)
        shape = Shape((*ranges, "samplerate"), tuple(map(int, extents)), state_dtype)
        return KernelFunction(given, ranges, shape, channels, int(latency_frames))

    return let_in if function is None else let_in(function)


def _whole(who: str, value: Any, low: int, high: int) -> None:
    try:
        check_number(who, value, low, high, "", whole=True)
    except ValueError as error:
        raise KernelError(str(error)) from None
