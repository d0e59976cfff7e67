# SPDX-License-Identifier: MIT
"""A node whose samples a function computes: compiled from Python, or taken from elsewhere."""

from __future__ import annotations

import keyword
import sys
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, cast

from .. import _core
from .._checks import is_number
from .._errors import GraphError, KernelError
from .._kernels.pointer import address_of, try_pointer
from .._kernels.trial import Entry, KernelCost, Outcome, Range
from .base import Instance, Node
from .params import Param, check_number

LARGEST = 3.4e38  # what a float32 holds
TAKEN = ("name", "samplerate", "code", "state", "params", "channels", "latency_frames", "check")

Declared = Mapping[str, float | Sequence[Any]]


def declare(who: str, params: Declared | None) -> dict[str, Range]:
    """Check a declaration of parameters; `KernelError` names the one that is wrong."""
    ranges: dict[str, Range] = {}
    if params is not None and not isinstance(params, Mapping):
        raise KernelError(f'{who}: params={params!r}: a dict {{"name": default}} is needed')
    for name, given in (params or {}).items():
        what = f"{who}: params[{name!r}]={given!r}: "
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise KernelError(what + "the name must be a Python identifier")
        if hasattr(Kernel, name) or name.startswith("_") or name in TAKEN:
            raise KernelError(what + "the name is taken: choose another")
        values = tuple(given) if isinstance(given, tuple | list) else (given,)
        unit = ""
        if len(values) == 4 and isinstance(values[3], str):
            *numbers, unit = values
            values = tuple(numbers)
        if len(values) not in (1, 3) or not all(map(is_number, values)):
            raise KernelError(what + "give default, or (default, low, high), or with a unit behind")
        default, low, high = (*map(float, values), -LARGEST, LARGEST)[:3]
        if not -LARGEST <= low <= default <= high <= LARGEST:
            raise KernelError(what + "low ≤ default ≤ high is needed, all finite")
        ranges[name] = Range(default, low, high, unit, is_bounded=len(values) == 3)
    return ranges


class Kernel(Node):
    """A node that runs code which was compiled elsewhere (C, Cython, Rust, ...).

    The code is a C function ``void (const float *const *in, float *const *out, uint32_t frames,
    uint32_t channels, float *state, const float *params)``. `in` and `out` have one pointer for
    each channel; the channels lie one behind the other and never overlap; `out` comes zeroed.
    `state` is this node's own memory, zero at first, 64-byte aligned. `params` holds the
    parameters in their order, then the samplerate. It must not allocate, wait, or call Python.

    Before it is let in, it is run once: in a child process where the system can fork (a crash or an
    endless loop ends the child, and is a `KernelError`), else in this one. The code stays loaded
    until the process ends. For functions written in Python there is `tenuto.kernel`.

    Parameters
    ----------
    code : int or object
        An address; a ctypes function; a cffi function pointer; a capsule (Cython's
        ``module.__pyx_capi__["name"]``, `scipy.LowLevelCallable`); or anything with an
        integer `address`, such as a `numba.cfunc`.
    state : int
        Floats of memory for each channel.
    params : mapping, optional
        Name to default, or to (default, low, high), or to (default, low, high, unit). Each becomes
        an attribute of the node; changes take 10 ms, in steps of 16 frames.
    channels : int, optional
        The only number of channels that it takes; default: any.
    latency_frames : int
        How much later sound comes out than it went in.
    time_limit : float
        The share of a block's time that it may take on a device, 0.01 to 100. When 8 of the last 64
        blocks took longer, the node passes its input on (`bypassed`).
    check : bool
        False: no trial run.
    name : str, optional
        How messages call it.

    Raises
    ------
    KernelError
        `code` has no C pointer, or the trial run went wrong.

    Examples
    --------
    >>> import tenuto
    >>> tenuto.Kernel(print)
    Traceback (most recent call last):
    tenuto._errors.KernelError: Kernel(code=<built-in function print>): that is Python: use \
@tenuto.kernel for it
    """

    kind = "kernel"
    has_voice = True

    _entry: Entry
    _ranges: ClassVar[dict[str, Range]] = {}
    _outcome: Outcome

    def __new__(cls, code: Any = None, **settings: Any) -> Self:
        if "_entry" not in vars(cls):  # made for one piece of code: `kernel_class`
            params = settings.get("params")
            label = settings.get("name") or getattr(code, "__name__", None) or "kernel"
            cls = cast(type[Self], kernel_class(cls, str(label), declare(str(label), params)))
        return super().__new__(cls)

    def __init__(
        self,
        code: Any,
        *,
        state: int = 0,
        params: Declared | None = None,
        channels: int | None = None,
        latency_frames: int = 0,
        time_limit: float = 0.8,
        check: bool = True,
        name: str | None = None,
        **parameters: float,
    ) -> None:
        label = name or getattr(code, "__name__", None) or "kernel"
        floats = check_number("Kernel.state", state, 0, 1 << 28, "floats", whole=True)
        late = check_number("Kernel.latency_frames", latency_frames, 0, 1 << 24, "", whole=True)
        if channels is not None:
            channels = int(check_number("Kernel.channels", channels, 1, 1024, "", whole=True))
        self._entry = Entry(address_of(code), int(floats), int(late), channels, code)
        self._outcome = Outcome()
        if check:
            self._outcome = try_pointer(self._entry, self._ranges, label)
        _kept.append(code)
        self._set_up(name or label, time_limit, parameters)

    def _set_up(self, name: str | None, time_limit: float, parameters: dict[str, float]) -> None:
        self._time_limit = check_number("time_limit", time_limit, 0.01, 100, "blocks")
        self._told = 0  # bypasses that are in the log
        self._watched: weakref.WeakSet[Instance] = weakref.WeakSet()
        Node.__init__(self, name=name, **parameters)

    # -- for people -----------------------------------------------------------------------------

    @property
    def cost(self) -> KernelCost | None:
        """What it costs, as measured by the trial; None when there was none."""
        return self._outcome.cost

    @property
    def time_limit(self) -> float:
        """The share of a block's time that it may take on a device."""
        return self._time_limit

    @time_limit.setter
    def time_limit(self, value: float) -> None:
        self._time_limit = check_number("time_limit", value, 0.01, 100, "blocks")
        for instance in list(self._watched):
            instance.core.watch(self._time_limit)

    @property
    def bypassed(self) -> bool:
        """Whether it took too long or gave up repeatedly, so that its input passes instead."""
        return any(core.is_bypassed for core in self._cores())

    @property
    def bypasses(self) -> int:
        """How often that has happened."""
        return sum(core.bypasses for core in self._cores())

    @property
    def late(self) -> int:
        """Blocks on a device that took longer than `time_limit`."""
        return sum(core.late for core in self._cores())

    @property
    def failed(self) -> int:
        """Calls in which it gave up: an index out of range, or a loop without an end."""
        return sum(core.failed for core in self._cores())

    @property
    def contained(self) -> int:
        """How often its output was not finite and its state was forgotten."""
        return sum(core.contained for core in self._cores())

    @property
    def slowest_seconds(self) -> float:
        """The longest that it took for a block on a device."""
        return max((core.worst_ns for core in self._cores()), default=0) / 1e9

    def rearm(self) -> None:
        """Let it run again after it was bypassed, from an empty state, faded in."""
        for core in self._cores():
            core.rearm()

    def reset(self) -> None:
        """Forget what was heard, at the next block; parameters stay."""
        for core in self._cores():
            core.ask_reset()

    # -- for engines ----------------------------------------------------------------------------

    def _watch(self, instance: Instance) -> None:
        """Keep time for an instance that a device waits for; never for a rendering."""
        instance.core.watch(self._time_limit)
        self._watched.add(instance)

    def _poll(self, instance: Instance) -> None:
        if instance not in self._watched:
            self._watch(instance)
        count = instance.core.bypasses
        if count > self._told:
            import logging

            core = instance.core
            logging.getLogger("tenuto").warning(
                "kernel %s is bypassed, its input passes: %d blocks took longer than %g of their "
                "time (%.3g ms at most), it gave up %d times; rearm() lets it run again",
                self.name,
                core.late,
                self._time_limit,
                core.worst_ns / 1e6,
                core.failed,
            )
        self._told = count

    def _cores(self) -> list[_core.KernelNode]:
        return [instance.core for instance in list(self._instances)]

    def _to_table(self) -> dict[str, Any]:
        function = getattr(type(self), "_function", "")
        if not function:
            raise KernelError(
                f"{self.name}: code at an address cannot be written to a file; functions that "
                "@tenuto.kernel has compiled can"
            )
        return {"function": function, **super()._to_table()}

    @classmethod
    def _from_table(cls, table: dict[str, Any]) -> Self:
        given = dict(table)
        words = given.pop("function", None)
        module, _, path = str(words).partition(":")
        # Not imported from here: a file with settings must not decide which code is run.
        found: Any = sys.modules.get(module)
        for part in path.split("."):
            found = getattr(found, part, None)
        if getattr(found, "_class", None) is None:
            raise TypeError(
                f'function = {words!r} is no kernel: "module:name" is needed, of a module that is '
                "imported already"
            )
        node: Self = found(**given)
        return node

    def _targets(self, samplerate: float) -> list[float]:
        return [float(getattr(self, name)) for name in self._ranges]

    def _options(self, samplerate: float) -> list[float]:
        return self._entry.options()

    def _widths(self, incoming: int) -> tuple[int, int]:
        wanted = self._entry.channels
        width = max(1, incoming)
        if wanted is not None and incoming not in (0, wanted):
            raise GraphError(
                f'"{self.name}" takes {wanted} channels and got {incoming}: choose channels with a '
                "map on the connection"
            )
        return (wanted or width,) * 2


_kept: list[Any] = []  # owners of foreign code: the audio thread may run it as long as it likes


def kernel_class(base: type[Kernel], name: str, ranges: dict[str, Range], **more: Any) -> Any:
    """A class of nodes with these parameters."""
    members: dict[str, Any] = {
        parameter: Param(one.default, one.low, one.high, one.unit, f"Parameter of {name}.")
        for parameter, one in ranges.items()
    }
    members |= {"_ranges": ranges, "_entry": None, "__module__": base.__module__, **more}
    return type(base.__name__ if base is not Kernel else "Kernel", (base,), members)
