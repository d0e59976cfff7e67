# SPDX-License-Identifier: MIT
"""Kernels written in Python: what they compute, their parameters, state, cost, and containment."""

from __future__ import annotations

import importlib
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import tenuto
from support import kernels
from support.nodes import check_chunks, run
from tenuto import _core
from tenuto._kernels import store, vocabulary

pytest.importorskip("numba")

RATE = 48000
COEFFICIENTS = {"b0": 0.0675, "b1": 0.1349, "b2": 0.0675, "a1": -1.143, "a2": 0.4128}


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENUTO_KERNEL_CACHE", str(tmp_path_factory.getbasetemp() / "kernels"))
        yield


def ring() -> tenuto.KernelFunction:
    hertz = {"frequency": (30.0, 0.1, 5000.0, "Hz")}
    return tenuto.kernel(state=1, params=hertz)(kernels.ring)


def noise(frames: int = 3000, channels: int = 2) -> NDArray[np.float32]:
    return np.random.default_rng(5).uniform(-1, 1, (frames, channels)).astype(np.float32)


# -- against references --------------------------------------------------------------------------


def test_a_ring_modulator_multiplies_with_a_sine_of_the_frequency() -> None:
    x = noise()
    n = np.arange(len(x))
    expected = x * np.sin(2 * np.pi * 440 * n / RATE)[:, None]
    # Half a unit in the last place of a float32 near 1.
    assert np.max(np.abs(run(ring()(frequency=440), x) - expected)) < 6e-8


def test_a_biquad_agrees_with_scipy() -> None:
    signal = pytest.importorskip("scipy.signal")
    biquad = tenuto.kernel(state=2, params=COEFFICIENTS)(kernels.biquad)
    x = noise()
    c = {name: float(np.float32(value)) for name, value in COEFFICIENTS.items()}
    expected = signal.lfilter(
        [c["b0"], c["b1"], c["b2"]], [1, c["a1"], c["a2"]], x.astype(np.float64), axis=0
    )
    assert np.max(np.abs(run(biquad(), x) - expected)) < 6e-8  # as above


def test_a_shaper_agrees_with_numpy() -> None:
    shaper = tenuto.kernel(params={"drive": (1.0, 0.1, 20.0)})(kernels.shaper)
    x = noise()
    assert np.max(np.abs(run(shaper(drive=4), x) - np.tanh(4.0 * x.astype(np.float64)))) < 6e-8


def test_a_delay_agrees_with_its_series() -> None:
    delay = tenuto.kernel(
        state=1001, params={"frames": (700, 1, 1000), "feedback": (0.5, 0.0, 0.9)}
    )(kernels.delay)
    x = noise()
    expected = np.zeros(x.shape)
    for echo in range(1, 5):
        expected[700 * echo :] += 0.5 ** (echo - 1) * x[: -700 * echo]
    assert np.max(np.abs(run(delay(), x) - expected)) < 1e-7  # four float32 sums


def test_the_cuts_between_blocks_are_not_heard() -> None:
    check_chunks(lambda: ring()(frequency=440), noise())
    assert ring().block_difference == 0


def test_a_kernel_that_depends_on_blocks_is_let_in_and_the_difference_told() -> None:
    @tenuto.kernel
    def normalise(x, y, state, params):
        for c in range(x.shape[0]):
            peak = 0.001
            for n in range(x.shape[1]):
                peak = max(peak, abs(x[c, n]))
            for n in range(x.shape[1]):
                y[c, n] = x[c, n] / peak

    assert normalise.block_difference > 0.01
    assert "cut into blocks changes the output" in normalise.report


def test_functions_constants_tuples_arrays_and_every_allowed_name_can_be_used() -> None:
    weights, offset, curve = (0.5, 0.25), 0.125, np.array([0.0, 1.0, 4.0])

    def lookup(v: float) -> float:
        place = min(int(abs(v) * 2), 1)
        return curve[place] + (curve[place + 1] - curve[place]) * (abs(v) * 2 - place)

    @tenuto.kernel
    def mixed(x, y, state, params):
        for c in range(x.shape[0]):
            row = x[c]
            for n in range(x.shape[1]):
                total = offset
                for weight in weights:
                    total += weight * row[n]
                y[c, n] += total + lookup(row[n]) + np.float32(math.pi) * 0

    x = noise(100)
    expected = 0.125 + 0.75 * x + np.interp(np.abs(x) * 2, [0, 1, 2], curve)
    assert np.max(np.abs(run(mixed(), x) - expected)) < 1e-6
    # int() of 1e30 has no meaning; the place it gives is noticed.
    assert mixed.notes == [
        "it gives up with 1e30: such calls are silent",
        "it gives up with NaN and infinity: such calls are silent",
    ]
    assert mixed.function(x.T, np.zeros_like(x.T), None, None) is None  # still plain Python


def test_every_function_of_the_vocabulary_computes_what_python_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"math.{name}" for name in vocabulary.MATH]
    names += [f"np.{name}" for name in vocabulary.NUMPY]
    names += ["abs", "int", "float", "bool", "round", "pow", "min", "max", "divmod", "len"]
    two = "atan2 arctan2 pow power copysign hypot minimum maximum fmin fmax mod fmod remainder min"
    two += " floor_divide max divmod"
    lines = ["import math", "import numpy as np", "def every(x, y, state, params):"]
    lines += ["    for n in range(x.shape[1]):", "        v = 0.25 + 0.2 * x[0, n]"]
    for i, name in enumerate(names):
        short = name.split(".")[-1]
        given = (
            "v + 1" if short in ("acosh", "arccosh") else "v, 2.0" if short in two.split() else "v"
        )
        call = f"{name}({'x' if name == 'len' else given})" + ("[1]" if name == "divmod" else "")
        lines.append(f"        {'el' if i else ''}if n % {len(names)} == {i}:")
        lines.append(f"            y[0, n] = {call}")
    (tmp_path / "every_function.py").write_text("\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    every: Any = importlib.import_module("every_function").every
    x = noise(4 * len(names), 1)
    expected = np.zeros(x.T.shape)
    every(x.T.astype(np.float64), expected, None, None)
    made = run(tenuto.kernel(channels=1)(every)(), x, blocks=[len(names)])
    assert made[:, 0] == pytest.approx(expected[0], rel=3e-7)  # float32


def test_two_kernels_of_one_source_differ_by_the_constants_that_they_close_over() -> None:
    def make(gain: float) -> tenuto.KernelFunction:
        @tenuto.kernel
        def louder(x, y, state, params):
            for c in range(x.shape[0]):
                for n in range(x.shape[1]):
                    y[c, n] = gain * x[c, n]

        return louder

    two, three = make(2.0), make(3.0)
    assert run(two(), np.ones(4))[0, 0] == 2
    assert run(three(), np.ones(4))[0, 0] == 3


# -- parameters and state ------------------------------------------------------------------------


def test_a_parameter_moves_in_a_straight_line_in_steps_of_sixteen_frames() -> None:
    shaper = tenuto.kernel(params={"drive": (1.0, 0.1, 20.0)})(kernels.shaper)
    node = shaper(drive=1)
    instance = node._instance(RATE, 1, 64)
    x = np.full((1, 16), 0.01, np.float32)
    _core.run_node(instance.core, x, [16])
    node.drive = 11
    blocks = [_core.run_node(instance.core, x, [16])[0] for _ in range(32)]
    # The engine's frame is 0 in each call here: a step at each begin. 480 frames of way.
    seen = [np.arctanh(float(block[0])) / 0.01 for block in blocks]
    assert all(np.all(block == block[0]) for block in blocks)
    assert seen == pytest.approx([1 + 10 * min(16 * i, 480) / 480 for i in range(32)], rel=1e-5)


def test_each_node_has_parameters_and_state_of_its_own() -> None:
    make = ring()
    low, high = make(frequency=100), make(frequency=1000, name="high")
    low.frequency = 200
    assert (low.frequency, high.frequency, high.name) == (200, 1000, "high")
    x = np.ones(500, np.float32)
    first = run(low, x)
    assert np.array_equal(run(low, x), first)  # another instance starts anew


def test_reset_forgets_and_keeps_parameters() -> None:
    node = ring()(frequency=440)
    instance = node._instance(RATE, 1, 1024)
    x = np.ones((1, 100), np.float32)
    first = _core.run_node(instance.core, x, [100])
    assert not np.array_equal(_core.run_node(instance.core, x, [100]), first)
    node.reset()
    assert np.array_equal(_core.run_node(instance.core, x, [100]), first)


def test_a_fixed_number_of_channels_is_kept_to() -> None:
    @tenuto.kernel(channels=2)
    def swap(x, y, state, params):
        for n in range(x.shape[1]):
            y[0, n], y[1, n] = x[1, n], x[0, n]

    x = noise(50)
    assert np.array_equal(run(swap(), x), x[:, ::-1])
    with pytest.raises(tenuto.GraphError, match=r'"swap" takes 2 channels and got 1'):
        swap()._widths(1)


# -- what goes wrong later -----------------------------------------------------------------------


def test_what_is_not_finite_becomes_silence_is_counted_and_forgotten() -> None:
    biquad = tenuto.kernel(state=2, params=COEFFICIENTS)(kernels.biquad)
    node = biquad()
    instance = node._instance(RATE, 1, 64)
    clean = noise(512, 1).T.copy()
    expected = run(biquad(), clean[0])[:, 0]
    dirty = clean.copy()
    dirty[0, 10], dirty[0, 20] = np.nan, np.inf
    assert np.all(np.isfinite(_core.run_node(instance.core, dirty, [64])))
    assert node.contained >= 1
    node.reset()
    assert np.array_equal(_core.run_node(instance.core, clean, [64])[0], expected)


def test_an_index_that_leaves_the_array_later_silences_the_call_and_is_counted() -> None:
    @tenuto.kernel(state=4, params={"place": 0.0})
    def reader(x, y, state, params):
        place = int(params.place)  # no range was declared: the trial knows the default only
        for c in range(x.shape[0]):
            for n in range(x.shape[1]):
                y[c, n] = x[c, n] + state[c, place]

    node = reader(place=1000000)
    instance = node._instance(RATE, 2, 64)
    x = np.ones((2, 640), np.float32)
    assert np.all(_core.run_node(instance.core, x, [64]) == 0)
    assert node.failed == 10
    assert not node.bypassed  # nobody waits for this rendering
    node._watch(instance)
    _core.run_node(instance.core, x, [64])
    assert node.bypassed
    assert node.bypasses == 1
    assert np.all(_core.run_node(instance.core, x, [64])[:, 240:] == 1)  # its input, faded over
    node.place = 0
    node.rearm()
    # The way back to 0 passes places that are not there either: look after the ramp.
    _core.run_node(instance.core, x, [64])
    assert node.bypassed
    node.rearm()
    assert np.all(_core.run_node(instance.core, x, [64])[:, 240:] == 1)
    assert not node.bypassed


def test_a_kernel_without_an_end_returns_within_its_supply_of_turns() -> None:
    @tenuto.kernel(params={"stop": 1.0})
    def waits(x, y, state, params):
        v = params.stop
        while v < 1:
            v *= 0.5
        y[0, 0] = v

    node = waits(stop=0.5)
    instance = node._instance(RATE, 1, 64)
    assert np.all(_core.run_node(instance.core, np.ones((1, 1), np.float32), [1]) == 0)
    assert (node.failed, instance.core.failure) == (1, 1)  # the first loop


# -- compiling once ------------------------------------------------------------------------------


def test_compiled_code_is_kept_on_the_disk_and_a_damaged_file_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENUTO_KERNEL_CACHE", str(tmp_path / "own"))
    fresh = ring()
    assert fresh.compile_seconds > 0
    assert not fresh.from_cache
    kept = ring()
    assert kept.from_cache
    assert kept.compile_seconds == 0
    assert kept.cost == fresh.cost
    x = noise(200)
    assert np.array_equal(run(kept(frequency=440), x), run(fresh(frequency=440), x))
    (file,) = store.folder().iterdir()
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    assert not ring().from_cache


def test_a_disk_that_cannot_be_written_is_no_reason_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TENUTO_KERNEL_CACHE", str(tmp_path / "file" / "below"))
    assert not ring().from_cache


def test_cost_is_measured_and_shown() -> None:
    cost = ring().cost
    assert 0 < cost.median_ns < 20833  # a frame at 48 kHz
    assert cost.worst_ns > 0
    assert cost.worst_case
    assert "ns per frame" in ring().report


def test_numba_is_not_loaded_by_the_package_nor_for_code_that_is_on_the_disk() -> None:
    ring()
    drive = {"drive": (1.0, 0.1, 20.0)}
    tenuto.kernel(params=drive)(kernels.much_mathematics)
    program = (
        "import sys, tenuto\n"
        "assert 'numba' not in sys.modules and 'llvmlite' not in sys.modules\n"
        "from support import kernels\n"
        "made = tenuto.kernel(state=1, params={'frequency': (30.0, 0.1, 5000.0, 'Hz')})"
        "(kernels.ring)\n"
        "assert made.from_cache\n"
        f"made = tenuto.kernel(params={drive})(kernels.much_mathematics)\n"
        "assert made.from_cache\n"
        "assert 'numba' not in sys.modules\n"
    )
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {here!r})\n{program}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_without_numba_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENUTO_KERNEL_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(tenuto.KernelError, match=r"pip install 'tenuto\[kernels\]'"):
        ring()


# -- in graphs -----------------------------------------------------------------------------------


def test_rendering_is_the_same_in_blocks_of_any_size_also_while_a_parameter_moves() -> None:
    x = noise(3000)
    results = []
    for blocksize in (16, 100, 512, 4096):
        node = ring()(frequency=440)
        events = [(777, node, {"frequency": 2000}), (1500, node, {"frequency": 100})]
        results.append(tenuto.render(x, node, samplerate=RATE, blocksize=blocksize, events=events))
    for result in results:
        assert np.array_equal(result, results[0])
    n = np.arange(777)
    expected = x[:777] * np.sin(2 * np.pi * 440 * n / RATE)[:, None]
    assert np.max(np.abs(results[0][:777] - expected)) < 6e-8


def test_an_engine_runs_a_kernel_and_does_not_time_it_on_a_stepped_device() -> None:
    x = noise(2000, 1)
    device = tenuto.testing.VirtualDevice(x, clocked=False)
    eng = tenuto.Engine(device, channels=(1, 0))
    recorder = eng.connect(eng.input, ring()(frequency=440), tenuto.FileRecorder())
    with eng:
        device.step(2000)
        taken = recorder.stop().to_numpy()
        assert eng.stats().bypassed == ()
    assert np.array_equal(taken, tenuto.render(x, ring()(frequency=440), samplerate=RATE))


module_ring = None


def test_a_chain_file_names_the_function_and_finds_it_among_imported_modules() -> None:
    global module_ring
    module_ring = ring()
    type(module_ring())._function = f"{__name__}:module_ring"  # where a decorator would put it
    text = tenuto.Chain([module_ring(frequency=123)]).to_toml()
    (again,) = tenuto.Chain.from_toml(text).nodes
    assert again.frequency == 123
    with pytest.raises(tenuto.FileError, match="of a module that is imported already"):
        tenuto.Chain.from_toml(text.replace("module_ring", "os:system"))
