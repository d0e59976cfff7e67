# SPDX-License-Identifier: MIT
# file length: one table of small functions, each with its line and its message
"""Functions that must not reach the audio thread: each is refused, with its line and a remedy."""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tenuto
from support.kernels import Bad, line_of

pytest.importorskip("numba")

BAD: list[Bad] = []
table = [1.0, 2.0]
constants = np.ones(4)
counter = 0


class Thing:
    gain = 1.0


thing = Thing()


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENUTO_KERNEL_CACHE", str(tmp_path_factory.getbasetemp() / "kernels"))


def bad(words: str, **settings: Any) -> Callable[[Any], Any]:
    """Put a function into the table; the line with `# here` is to be named."""

    def register(function: Any) -> Any:
        BAD.append(Bad(function, settings, words, line_of(function)))
        return function

    return register


# -- memory --------------------------------------------------------------------------------------


@bad("makes an array: write into y[...] in a loop, or use state")
def array_from_arithmetic(x, y, state, params):
    y[:] = np.tanh(x * 2)  # here


@bad("makes an array (np.zeros): write into y[...] in a loop")
def array_from_zeros(x, y, state, params):
    work = np.zeros(4)  # here
    y[0, 0] = work[0]


@bad("makes an array: write into y[...] in a loop")
def array_from_slices(x, y, state, params):
    for c in range(x.shape[0]):
        y[c, :] = x[c, :] * 0.5  # here


@bad("calls the method .copy()")
def array_from_copy(x, y, state, params):
    z = x.copy()  # here
    y[0, 0] = z[0, 0]


@bad("multiplies matrices")
def array_from_matrix_product(x, y, state, params):
    y[0, 0] = (x @ x)[0, 0]  # here


@bad("makes a list")
def makes_list(x, y, state, params):
    past = [0.0, 1.0]  # here
    y[0, 0] = past[0]


@bad("makes a list")
def makes_list_by_comprehension(x, y, state, params):
    y[0, 0] = max([x[c, 0] for c in range(2)])  # here


@bad("makes a list or the like (sorted)")
def sorts(x, y, state, params):
    y[0, 0] = sorted((x[0, 0], 0.0))[0]  # here


@bad("makes a dict")
def makes_dict(x, y, state, params):
    gains = {0: 1.0}  # here
    y[0, 0] = gains[0]


@bad("makes a set")
def makes_set(x, y, state, params):
    seen = {1, 2}  # here
    y[0, 0] = len(seen)


@bad("uses a string")
def uses_string(x, y, state, params):
    mode = "loud"  # here
    if mode == "loud":
        y[0, 0] = 1


@bad("makes a string")
def formats_string(x, y, state, params):
    text = f"{x[0, 0]}"  # here
    y[0, 0] = len(text)


@bad("makes an object (Thing)")
def makes_object(x, y, state, params):
    y[0, 0] = Thing().gain  # here


# -- exceptions ----------------------------------------------------------------------------------


@bad("raises: nobody could catch it on the audio thread")
def raises(x, y, state, params):
    if x[0, 0] > 2:
        raise ValueError("loud")  # here


@bad("can raise (assert)")
def asserts(x, y, state, params):
    assert x[0, 0] < 2  # here


@bad("handles exceptions (try)")
def tries(x, y, state, params):
    try:  # here
        y[0, 0] = 1 / x[0, 0]
    except ZeroDivisionError:
        y[0, 0] = 0


@bad("gives a value that is not finite (divide by zero")
def divides_by_zero(x, y, state, params):
    for c in range(x.shape[0]):
        for n in range(x.shape[1]):
            y[c, n] = 1 / x[c, n]  # here


@bad("q=0: test for zero before dividing", params={"q": (1.0, 0.0, 2.0)})
def divides_by_zero_at_the_end_of_a_range(x, y, state, params):
    for c in range(x.shape[0]):
        for n in range(x.shape[1]):
            y[c, n] = x[c, n] / params.q  # here


@bad("gives a value that is not finite (math domain error)")
def takes_root_of_negative(x, y, state, params):
    for c in range(x.shape[0]):
        for n in range(x.shape[1]):
            y[c, n] = math.sqrt(x[c, n])  # here


@bad("keep feedback below 1", state=1)
def grows_without_bound(x, y, state, params):
    for c in range(x.shape[0]):
        for n in range(x.shape[1]):
            state[c, 0] = 3 * state[c, 0] + x[c, n]
            y[c, n] = state[c, 0]  # here


@bad("reads or writes outside an array (index 1 is out of bounds for axis 1 with size 1)")
def reads_beyond_block(x, y, state, params):
    for c in range(x.shape[0]):
        for n in range(x.shape[1]):
            y[c, n] = x[c, n + 1]  # here


@bad("(index 4 is out of bounds for axis 1 with size 4)", state=4)
def writes_beyond_state(x, y, state, params):
    for c in range(x.shape[0]):
        for n in range(x.shape[1]):
            state[c, n % 5] = x[c, n]  # here


@bad("with noise, 1 channel: stay below x.shape")
def needs_two_channels(x, y, state, params):
    for n in range(x.shape[1]):
        y[0, n] = x[1, n]  # here


# -- waiting, Python, the world outside ----------------------------------------------------------


@bad("prints: printing takes the GIL")
def prints(x, y, state, params):
    print(x[0, 0])  # here


@bad("calls os.getpid(): what it does cannot be seen")
def calls_python(x, y, state, params):
    y[0, 0] = os.getpid()  # here


@bad("calls open()")
def opens_file(x, y, state, params):
    file = open(3)  # here  # noqa: SIM115, F841


@bad("enters a context (with)")
def enters_context(x, y, state, params):
    with thing:  # here
        y[0, 0] = 1


@bad("calls time.time(): a kernel has no clock: count frames in state")
def reads_clock(x, y, state, params):
    y[0, 0] = time.time()  # here


@bad("calls math.factorial(): of math there are sin, cos")
def calls_unknown_mathematics(x, y, state, params):
    y[0, 0] = math.factorial(5)  # here


@bad("calls time.sleep()")
def sleeps(x, y, state, params):
    time.sleep(0.01)  # here


@bad("calls random.random(): its generator is shared")
def draws_random_number(x, y, state, params):
    y[0, 0] = random.random()  # here


@bad("calls np.random.uniform(): its generator is shared")
def draws_from_numpy(x, y, state, params):
    y[0, 0] = np.random.uniform(-1, 1)  # here


@bad("imports: import outside")
def imports(x, y, state, params):
    import math  # here

    y[0, 0] = math.pi


@bad("calls numba_cpow")
def calls_opaque_code(x, y, state, params):
    y[0, 0] = ((1j * x[0, 0]) ** 0.3).real


@bad("defines a function")
def defines_function(x, y, state, params):
    def half(v):  # here
        return v / 2

    y[0, 0] = half(x[0, 0])


# -- state of the program ------------------------------------------------------------------------


@bad("changes a global variable: keep it in state")
def changes_global(x, y, state, params):
    global counter  # here
    counter += 1


@bad("uses table, a list that others may change")
def reads_global_list(x, y, state, params):
    y[0, 0] = table[0]  # here


@bad("writes into the input or a constant array")
def writes_global_array(x, y, state, params):
    constants[0] = x[0, 0]  # here


@bad("uses thing.gain, an attribute of a Thing that others may change")
def reads_object(x, y, state, params):
    y[0, 0] = thing.gain  # here


def _over_list() -> Any:
    past = [0.0]

    def closes_over_list(x, y, state, params):
        y[0, 0] = past[0]  # here

    return closes_over_list


bad("uses past, a list that others may change")(_over_list())


@bad("writes into the input, which other nodes hear")
def writes_input(x, y, state, params):
    x[0, 0] = 0  # here


@bad("writes into the input or a constant array")
def writes_input_by_another_name(x, y, state, params):
    row = x[0]
    row[0] = 0  # here


@bad("sets a parameter: parameters are set from outside", params={"gain": 1.0})
def writes_parameter(x, y, state, params):
    params[0] = 1  # here


# -- without an end ------------------------------------------------------------------------------


@bad("does not come to an end")
def loops_for_ever(x, y, state, params):
    while True:  # here
        y[0, 0] = 1


@bad("does not come to an end")
def counts_for_hours(x, y, state, params):
    for n in range(10**15):  # here
        y[0, 0] += 0.5 * n


def _wait(v: float) -> float:
    while v < 1:  # here
        v *= 0.5
    return v


@bad("does not come to an end")
def loops_for_ever_in_a_function(x, y, state, params):
    y[0, 0] = _wait(x[0, 0])


BAD[-1].line = line_of(_wait)


@bad("calls itself: use a loop")
def recurses(x, y, state, params):
    recurses(x, y, state, params)  # here


def _one(v: float) -> float:
    return _other(v)


def _other(v: float) -> float:
    return _one(v)  # here


@bad("calls _one(), which calls it: use a loop")
def recurses_through_two(x, y, state, params):
    y[0, 0] = _one(x[0, 0])


BAD[-1].line = line_of(_other)


@bad("ns per frame; at 48 kHz there are 20833")
def takes_too_long(x, y, state, params):
    for c in range(x.shape[0]):
        for n in range(x.shape[1]):
            sum_ = 0.0
            for k in range(20000):
                sum_ += math.sin(sum_ + x[c, n] + k)
            y[c, n] = sum_


# -- types, names, shapes ------------------------------------------------------------------------


@bad("puts a whole array where one number belongs")
def wrong_type(x, y, state, params):
    y[0, 0] = x  # here


@bad("gives a whole array to sin()")
def wrong_argument(x, y, state, params):
    y[0, 0] = math.sin(x)  # here


@bad("gives z two types")
def two_types(x, y, state, params):
    z = 1.0
    if x[0, 0] > 0:
        z = y
    y[0, 0] = z  # here


@bad("indexes with a number that is no integer")
def index_is_float(x, y, state, params):
    y[0, 0] = x[0, x[0, 0]]  # here


@bad("indexes an array of 2 dimensions with 3")
def too_many_indexes(x, y, state, params):
    y[0, 0, 0] = 1  # here


@bad("returns a value: write the output into y[channel, frame]")
def returns_value(x, y, state, params):
    return x * 2  # here


@bad("is a generator (yield)")
def is_generator(x, y, state, params):
    yield 1  # here


@bad("defines a coroutine (async def): a kernel may not wait")
async def is_coroutine(x, y, state, params):  # here
    pass


@bad("gives the name y to something else: write into y[...]")
def rebinds_output(x, y, state, params):
    y = x  # here  # noqa: F841


@bad("uses params.frequency, which is not declared: there is samplerate")
def undeclared_parameter(x, y, state, params):
    y[0, 0] = params.frequency  # here


@bad("uses undefined, which is not defined")
def undefined_name(x, y, state, params):
    y[0, 0] = undefined  # here  # noqa: F821


@bad("has the signature (x, y, state): it must be (x, y, state, params)")
def three_arguments(x, y, state):
    pass


@bad("it must be (x, y, state, params)")
def any_arguments(*arguments):
    pass


@bad("has default values: declare parameters with")
def has_defaults(x, y, state, params=None):
    pass


bad("a lambda: give it a name with def")(lambda x, y, state, params: None)


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.function.__name__)
def test_a_bad_kernel_is_refused_with_its_line_and_a_remedy(case: Bad) -> None:
    with pytest.raises(tenuto.KernelError) as caught:
        tenuto.kernel(**case.settings)(case.function)
    message = str(caught.value)
    assert case.words in message
    assert case.line is None or f" line {case.line} " in message, message
    assert ": " in message  # a remedy behind what is wrong


@pytest.mark.parametrize("thing", [print, 42, Thing, None, Thing.__init__, "def f(): pass"])
def test_what_is_no_function_is_refused(thing: Any) -> None:
    with pytest.raises(tenuto.KernelError, match=r"is needed, not|signature"):
        tenuto.kernel(state=1)(thing)


def test_a_function_without_source_is_refused() -> None:
    names: dict[str, Any] = {}
    exec("def made_up(x, y, state, params): pass", names)
    with pytest.raises(tenuto.KernelError, match=r"source of made_up\(\) cannot be read"):
        tenuto.kernel(names["made_up"])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"params": {"gain": "loud"}}, "give default, or .default, low, high."),
        ({"params": {"gain": (1.0, 2.0, 3.0)}}, "low ≤ default ≤ high"),
        ({"params": {"gain": float("nan")}}, "low ≤ default ≤ high"),
        ({"params": {"no name": 1.0}}, "must be a Python identifier"),
        ({"params": {"samplerate": 1.0}}, "the name is taken"),
        ({"params": {"bypassed": 1.0}}, "the name is taken"),
        ({"params": ["gain"]}, "a dict"),
        ({"state": -1}, "must be between 0"),
        ({"state": 1.5}, "whole number"),
        ({"state_dtype": "int16"}, '"float32" or "float64"'),
        ({"channels": 0}, "must be between 1"),
    ],
)
def test_a_wrong_declaration_is_refused(settings: dict[str, Any], words: str) -> None:
    def silent(x, y, state, params):
        pass

    with pytest.raises(tenuto.KernelError, match=words):
        tenuto.kernel(**settings)(silent)


def test_a_parameter_out_of_its_range_is_refused() -> None:
    @tenuto.kernel(params={"gain": (1.0, 0.0, 2.0, "times")})
    def louder(x, y, state, params):
        for c in range(x.shape[0]):
            for n in range(x.shape[1]):
                y[c, n] = params.gain * x[c, n]

    node = louder(gain=0.5)
    with pytest.raises(ValueError, match=r"gain=3: must be between 0 and 2 times"):
        node.gain = 3
    with pytest.raises(TypeError, match="has no parameter 'volume'; it has gain"):
        louder(volume=1.0)
    assert node.gain == 0.5
