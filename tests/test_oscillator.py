# SPDX-License-Identifier: MIT
"""The oscillator against closed forms: Fourier series, Bessel functions, phases in float64.

Samples are float32: a full-scale one is off by up to 3e-8 for that alone, 6e-8 with what the tables
and the sine's polynomial add (2e-9 each). Where a bound is another one, the test says why.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal as scipy_signal
from scipy import special

import tenuto
from support.nodes import CHUNKINGS, check_chunks, run
from tenuto import Oscillator, _core

RATE = 48000
SHAPES = ["sine", "square", "saw", "triangle"]
ROUNDING = 1e-7


def play(node: Oscillator, frames: int, **inputs: NDArray[Any]) -> NDArray[np.float64]:
    """Channel 0; `am` and `fm` as they are given."""
    x = np.zeros((frames, 2), np.float32)
    for name, values in inputs.items():
        x[:, ("am", "fm").index(name)] = values
    return run(node, x if inputs else x[:, :0], RATE)[:, 0].astype(np.float64)


def spectrum(y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Amplitudes of sines, and their frequencies; the window's side lobes are below -200 dB."""
    window = scipy_signal.windows.kaiser(len(y), 24)
    return np.abs(np.fft.rfft(y * window)) * 2 / window.sum(), np.fft.rfftfreq(len(y), 1 / RATE)


def series(shape: str, k: int, duty: float) -> complex:
    """The factor of exp(2πi k t) in the Fourier series of the unlimited waveform, k > 0."""
    turn = 2j * np.pi * k
    pulse = (1 - np.exp(-turn * duty)) / turn  # 1 for `duty` of the cycle
    bends = 2 / duty + 2 / (1 - duty)
    return complex(
        {
            "sine": -0.5j * (k == 1),
            "square": 2 * pulse,
            "saw": -2 / turn,
            "triangle": bends * pulse / turn,
        }[shape]
    )


# -- what it gives ----------------------------------------------------------------------------


@pytest.mark.parametrize("frequency", [441.3, 1234.5, 3333.3, 4987.1])
@pytest.mark.parametrize(
    ("shape", "duty"),
    [("square", 0.5), ("square", 0.1), ("saw", 0.5), ("triangle", 0.5), ("triangle", 0.05)],
)
def test_aliases_are_below_minus_100_db_of_the_fundamental(
    shape: str, duty: float, frequency: float
) -> None:
    amplitudes, at = spectrum(play(Oscillator(shape, frequency, duty=duty, level_db=0), 1 << 17))
    nearest = np.round(at / frequency) * frequency
    away = np.abs(at - nearest) > 6  # hertz: beyond the window's main lobe, 16 bins of 0.37 Hz
    fundamental = amplitudes[np.abs(at - frequency) < 1].max()
    assert amplitudes[away].max() < 1e-5 * fundamental


@pytest.mark.parametrize("duty", [0.5, 0.13])
@pytest.mark.parametrize("shape", SHAPES)
def test_harmonics_up_to_20_khz_are_those_of_the_fourier_series(shape: str, duty: float) -> None:
    # 64,000 frames: each harmonic lies on a bin. Rounding to float32 leaves less than 1e-8 there.
    amplitudes, _ = spectrum(play(Oscillator(shape, 150.0, duty=duty, level_db=0), 64_000))
    k = np.arange(1, int(20_000 / 150) + 1)
    expected = [2 * abs(series(shape, int(i), duty)) for i in k]
    # The low-pass has lost 1e-5 of the amplitude at 20 kHz.
    assert amplitudes[k * 200] == pytest.approx(expected, rel=2e-5, abs=2e-7)


@pytest.mark.parametrize("shape", SHAPES)
def test_waveform_is_its_fourier_series_up_to_half_the_samplerate(shape: str) -> None:
    # At 4900 Hz the fourth harmonic is the last that the low-pass lets through, and the fifth
    # (24,500 Hz) is stopped: its attenuation, 1e-5, is the bound.
    t, duty = 4900 / RATE * np.arange(2000), 0.3
    expected = np.full(len(t), 2 * duty - 1 if shape == "square" else 0.0)
    for k in range(1, 5):
        expected += 2 * (series(shape, k, duty) * np.exp(2j * np.pi * k * t)).real
    found = play(Oscillator(shape, 4900, duty=duty, level_db=0), 2000)
    assert np.abs(found - expected).max() < 1e-5


def test_sine_is_exact_after_ten_minutes() -> None:
    # 1e-6 of the frequency would be a quarter of a cycle off by then.
    core = Oscillator("sine", 441.37, level_db=0)._instance(RATE, 1, 1024).core
    nothing = np.zeros((0, RATE * 60), np.float32)
    for _ in range(10):
        last = _core.run_node(core, nothing, [1024])[0]
    n = np.arange(RATE * 540, RATE * 600, dtype=np.longdouble)
    expected = np.sin(2 * np.pi * (n * np.longdouble(441.37) / RATE % 1).astype(np.float64))
    assert np.abs(last - expected).max() < ROUNDING


def test_phase_is_in_cycles() -> None:
    n = np.arange(500)
    found = play(Oscillator("sine", 1000, phase_cycles=0.25, level_db=0), 500)
    assert np.abs(found - np.cos(2 * np.pi * 1000 / RATE * n)).max() < ROUNDING


def test_slow_waveforms_are_the_naive_ones_away_from_edges() -> None:
    t = 2 * np.pi * 0.5 / RATE * np.arange(RATE * 2)
    wanted = {
        "square": scipy_signal.square(t, 0.25),
        "saw": scipy_signal.sawtooth(t),
        "triangle": scipy_signal.sawtooth(t, 0.25),
    }
    smooth = np.ones(len(t), bool)
    for edge in (0, RATE // 2, 2 * RATE):  # at 0 and a quarter of two seconds
        smooth[max(0, edge - 41) : edge + 41] = False
    for shape, naive in wanted.items():
        found = play(Oscillator(shape, 0.5, duty=0.25, level_db=0), len(t))
        assert np.abs(found - naive)[smooth].max() < ROUNDING, shape


def test_all_channels_are_the_same() -> None:
    y = run(Oscillator("saw", 300, channels=3), np.zeros((2000, 0)), RATE)
    assert y.shape == (2000, 3) and (y == y[:, :1]).all() and y.std() > 0.01


# -- modulation -------------------------------------------------------------------------------


def test_am_multiplies_the_amplitude_by_one_plus_the_input() -> None:
    n = np.arange(1 << 15)
    carrier, modulator = 9000.0, 1500.0
    am = 0.5 * np.cos(2 * np.pi * modulator / RATE * n)
    amplitudes, at = spectrum(play(Oscillator("sine", carrier, level_db=0), len(n), am=am))
    for frequency, size in (
        (carrier, 1.0),
        (carrier - modulator, 0.25),
        (carrier + modulator, 0.25),
    ):
        found = amplitudes[np.argmin(np.abs(at - frequency))]
        assert found == pytest.approx(size, abs=1e-6)  # all three lie on a bin
    rest = [np.abs(at - carrier - k * modulator) < 30 for k in (-1, 0, 1)]
    assert amplitudes[~np.any(rest, axis=0)].max() < 1e-6


def test_fm_adds_hertz_and_its_sidebands_are_bessel_functions() -> None:
    n = np.arange(1 << 15)
    carrier, modulator, depth = 9000.0, 750.0, 1200.0
    fm = np.cos(2 * np.pi * modulator / RATE * n).astype(np.float32)
    found = play(Oscillator("sine", carrier, fm_depth=depth, level_db=0), len(n), fm=fm)
    turned = np.concatenate([[0.0], np.cumsum(carrier + depth * fm.astype(np.float64))[:-1]]) / RATE
    assert np.abs(found - np.sin(2 * np.pi * turned)).max() < ROUNDING

    amplitudes, at = spectrum(found)
    # Summed up instead of integrated, the index is (depth π / rate) / sin(π modulator / rate).
    index = depth * np.pi / RATE / np.sin(np.pi * modulator / RATE)
    for k in range(-5, 6):
        side = amplitudes[np.argmin(np.abs(at - carrier - k * modulator))]
        assert side == pytest.approx(abs(special.jv(k, index)), abs=1e-6)


def test_fm_through_zero_runs_backwards() -> None:
    found = play(Oscillator("saw", 100, fm_depth=300, level_db=0), 4000, fm=np.full(4000, -1.0))
    mirrored = play(Oscillator("saw", 200, level_db=0), 4000)
    # Frames that lie on an edge are its middle both ways.
    assert np.abs(found[1:] + mirrored[1:]).max() < ROUNDING


def test_vibrato_leaves_no_aliases() -> None:
    n = np.arange(1 << 17)
    fm = np.sin(2 * np.pi * 5 / RATE * n)
    node = Oscillator("saw", 4900, fm_depth=50, level_db=0)
    amplitudes, at = spectrum(play(node, len(n), fm=fm))
    # Carson's rule and some: 4 × 50 Hz + sidebands around the fourth harmonic.
    near = np.min([np.abs(at - 4900 * k) for k in range(5)], axis=0) < 350
    assert amplitudes[~near].max() < 1e-4 * 2 / np.pi


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_bad_modulation_does_not_outlast_itself(bad: float) -> None:
    x = np.zeros((3000, 2), np.float32)
    x[1000:1010] = bad
    y = run(Oscillator("saw", 1000, fm_depth=1000, level_db=0), x, RATE)[:, 0]
    assert np.isfinite(y[:1000]).all() and np.isfinite(y[1010:]).all()
    assert 0.5 < np.abs(y[1010:]).max() < 1.2


# -- changes ----------------------------------------------------------------------------------


def cut(node: Oscillator, changes: list[tuple[int, str, Any]], blocks: list[int]) -> Any:
    """Run up to each change's frame, make it, and go on."""
    instance = node._instance(RATE, 1, 1024)
    parts, at = [], 0
    for frame, name, value in [*changes, (changes[-1][0] + 2000, "", None)]:
        parts.append(_core.run_node(instance.core, np.zeros((0, frame - at), np.float32), blocks))
        at = frame
        if name:
            setattr(node, name, value)
    return np.concatenate(parts, axis=1)[0]


CHANGES = [
    (1001, "frequency", 3000.0),
    (1200, "duty", 0.2),
    (1300, "level_db", -3.0),
    (1333, "shape", "square"),
    (1600, "phase_cycles", 0.7),
    (2500, "shape", "triangle"),
    (3100, "playing", False),
    (3900, "playing", True),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_blocks_of_any_size_give_the_same_samples(shape: str) -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(-0.5, 0.5, (5000, 2))
    check_chunks(lambda: Oscillator(shape, 1700, duty=0.3, fm_depth=900), x)
    check_chunks(lambda: Oscillator(shape, 1700, duty=0.3), np.zeros((5000, 0)))


@pytest.mark.parametrize("blocks", CHUNKINGS.values(), ids=CHUNKINGS)
def test_blocks_of_any_size_give_the_same_samples_while_parameters_move(blocks: list[int]) -> None:
    assert np.array_equal(
        cut(Oscillator("saw", 500), CHANGES, blocks), cut(Oscillator("saw", 500), CHANGES, [1024])
    )


def test_frequency_glides_for_ten_milliseconds() -> None:
    y = cut(Oscillator("sine", 1000, level_db=0), [(1000, "frequency", 2000.0)], [64])
    hertz = np.full(3000, 1000.0)
    hertz[1000:1480] += 1000 / 480 * np.arange(1, 481)
    hertz[1480:] = 2000
    turned = np.concatenate([[0.0], np.cumsum(hertz)[:-1]]) / RATE
    assert np.abs(y - np.sin(2 * np.pi * turned)).max() < 2e-7


def test_change_of_shape_is_a_cross_fade() -> None:
    y = cut(Oscillator("sine", 100, level_db=0), [(240, "shape", "saw")], [64])
    share = np.clip((np.arange(2240) - 239) / 480, 0, 1)
    both = [play(Oscillator(shape, 100, level_db=0), 2240) for shape in ("sine", "saw")]
    assert np.abs(y - ((1 - share) * both[0] + share * both[1])).max() < 2e-7


def test_stop_fades_out_to_exact_zeros_and_start_begins_anew() -> None:
    node = Oscillator("sine", 1000, level_db=0)
    instance = node._instance(RATE, 1, 1024)

    def some(frames: int) -> NDArray[np.float32]:
        return _core.run_node(instance.core, np.zeros((0, frames), np.float32), [64])[0]

    sine = np.sin(2 * np.pi * 1000 / RATE * np.arange(5000))
    fade = np.arange(1, 481) / 480
    some(1000)
    node.stop()
    assert np.abs(some(480) - (1 - fade) * sine[1000:1480]).max() < ROUNDING
    assert not some(777).any()
    node.start()
    assert np.abs(some(480) - fade * sine[:480]).max() < ROUNDING
    assert np.abs(some(500) - sine[480:980]).max() < ROUNDING
    node.start()  # it plays already
    assert np.abs(some(500) - sine[980:1480]).max() < ROUNDING


def test_started_silent_it_is_silent() -> None:
    assert not play(Oscillator("square", playing=False), 1000).any()


# -- in a graph -------------------------------------------------------------------------------


def test_start_and_stop_are_at_the_frame_that_was_scheduled() -> None:
    node = Oscillator("saw", 1000, level_db=0, playing=False)

    def build(offline: Any) -> None:
        offline.connect(node, offline.output)
        with offline.at(1234):
            node.start()
        with offline.at(3000):
            node.stop()

    y = tenuto.render(None, build, samplerate=RATE, seconds=0.1, channels=1)[:, 0]
    saw = play(Oscillator("saw", 1000, level_db=0), 2300)
    since = np.arange(1, 2301)  # the first frame has one step of the fade behind it
    fade = np.clip(np.minimum(since / 480, 1 - (since - 1766) / 480), 0, 1)
    assert not y[:1234].any() and not y[3480:].any()
    assert np.abs(y[1234 : 1234 + 2300] - fade * saw).max() < ROUNDING


def test_one_oscillator_modulates_another_in_a_graph() -> None:
    slow = Oscillator("sine", 7, level_db=0)
    carrier = Oscillator("sine", 1000, fm_depth=100, level_db=0)

    def build(offline: Any) -> None:
        offline.connect(slow, carrier.fm)
        offline.connect(carrier, offline.output)

    y = tenuto.render(None, build, samplerate=RATE, seconds=1, channels=1)[:, 0]
    hertz = 1000 + 100 * np.sin(2 * np.pi * 7 * np.arange(RATE) / RATE)
    turned = np.concatenate([[0.0], np.cumsum(hertz)[:-1]]) / RATE
    # The modulator is rounded to float32: 100 Hz × 3e-8 for at most a second, in radians.
    assert np.abs(y - np.sin(2 * np.pi * turned)).max() < 2 * np.pi * 3e-6


def test_generators_survive_their_file() -> None:
    nodes = [
        Oscillator("square", 300, duty=0.2, phase_cycles=-0.5, fm_depth=3, channels=2),
        tenuto.Noise("pink", seed=2**53 - 1),
        tenuto.Sweep(30, 3000, 2, curve="linear", fade_in=0.5, playing=False),
        tenuto.MultiTone([100, 200], [0, -3], [0, 0.5], level_db=-30),
    ]
    for node in nodes:
        text = tenuto.Chain([node]).to_toml()
        assert tenuto.Chain.from_toml(text)[0]._to_table() == node._to_table()
        with pytest.raises(tenuto.FileError, match='"levl_db" is not known'):
            tenuto.Chain.from_toml(text.replace("level_db", "levl_db"))


# -- bad arguments ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"shape": "sinus"}, "'sine', 'square', 'saw', 'triangle'"),
        ({"frequency": -1}, "between 0 and 384000 Hz"),
        ({"frequency": float("nan")}, "between 0 and 384000 Hz"),
        ({"duty": 1}, "between 0.01 and 0.99"),
        ({"phase_cycles": 2}, "between -1 and 1 cycles"),
        ({"level_db": 30}, "between -120 and 24 dBFS"),
        ({"channels": 0}, "between 1 and 256"),
        ({"channels": 1.5}, "whole number"),
        ({"playing": 1}, "True or False"),
    ],
)
def test_bad_argument_is_named_with_its_range(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=r"Oscillator\.\w+=.*" + words):
        Oscillator(**arguments)


def test_frequency_above_half_the_samplerate_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"frequency=30000\.0: must be between 0 and 24000 Hz"):
        play(Oscillator("sine", 30_000), 10)
