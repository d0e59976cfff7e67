# SPDX-License-Identifier: MIT
"""Compressor, gate and limiter against their definitions and against other programs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile

import tenuto
from support.nodes import CHUNKINGS, annex_2_peak_db, check_chunks, decibels, run
from tenuto import _core
from tenuto._nodes.base import Node

RNG = np.random.default_rng(20)
DEMO = Path(tenuto.__file__).parent / "data" / "tenuto-demo.flac"


def with_key(x: np.ndarray, key: np.ndarray | None = None) -> np.ndarray:
    """`x` as (frames, channels) and the key behind; the loudest channel, if none is given."""
    x = np.atleast_2d(x.T).T
    key = np.max(np.abs(x), axis=1) if key is None else key
    return np.column_stack([x, key]).astype(np.float32)


def run_steered(
    node: Node, x: np.ndarray, changes: list[tuple[int, str, float]], blocks: list[int]
) -> np.ndarray:
    """Run over `x`, setting a parameter at each of `changes` (frame, name, value)."""
    instance = node._instance(48000, x.shape[1] - len(node.side_inputs), 1024)
    out, at = [], 0
    for frame, name, value in [*changes, (len(x), "", 0.0)]:
        part = np.ascontiguousarray(x[at:frame].T)
        out.append(_core.run_node(instance.core, part, blocks).T)
        at = frame
        if name:
            setattr(node, name, value)
    return np.concatenate(out)


def check_steered(node_of, x: np.ndarray, changes: list[tuple[int, str, float]]) -> None:
    """Changes on their way do not depend on how sound is cut into blocks either."""
    whole = run_steered(node_of(), x, changes, [1000])
    for name, blocks in CHUNKINGS.items():
        assert np.array_equal(run_steered(node_of(), x, changes, blocks), whole), name


# -- compressor ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [1.0, 2.0, 4.0, 100.0])
@pytest.mark.parametrize("knee", [0.0, 6.0, 20.0])
def test_compressor_has_the_static_curve_of_its_definition(ratio: float, knee: float) -> None:
    for level in np.arange(-70.0, 6.1, 4.0):
        node = tenuto.Compressor(-20, ratio, knee_db=knee, attack_seconds=0, release_seconds=0)
        y = run(node, with_key(np.full(64, 10 ** (level / 20))))
        # Giannoulis, Massberg, Reiss 2012, eq. 4; 1e-4 dB: polynomials and float levels.
        over = level + 20
        if 2 * over < -knee:
            wanted = level
        elif 2 * abs(over) <= knee and knee > 0:
            wanted = level + (1 / ratio - 1) * (over + knee / 2) ** 2 / (2 * knee)
        else:
            wanted = -20 + over / ratio
        assert decibels(y[-1, 0]) == pytest.approx(wanted, abs=1e-4)
        assert node.curve(level) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(("attack", "release"), [(0.005, 0.08), (0.05, 0.02)])
@pytest.mark.parametrize("rate", [8000, 48000, 192000])
def test_compressor_does_63_percent_of_a_step_in_its_time_constants(
    attack: float, release: float, rate: int
) -> None:
    # From below the threshold to 24 dB above it: a reduction of 18 dB at 4:1, and back.
    long = round(rate * 12 * max(attack, release))
    x = np.concatenate([np.full(100, 0.01), np.full(long, 10 ** (4 / 20)), np.full(long, 0.01)])
    node = tenuto.Compressor(-20, 4, attack_seconds=attack, release_seconds=release)
    reduction = -20 * np.log10(run(node, with_key(x), rate)[:, 0] / x)
    up, down = 100 + round(attack * rate) - 1, 100 + long + round(release * rate) - 1
    # 1 - 1/e after one time constant. The grid of frames: less than one of it; 5e-4 for it.
    assert reduction[up] == pytest.approx(18 * (1 - np.exp(-1)), rel=5e-4)
    assert reduction[down] == pytest.approx(18 * np.exp(-1), rel=2e-3)
    assert reduction[100 + long - 1] == pytest.approx(18, rel=1e-4)


def test_compressor_follows_the_recursion_of_its_source_sample_by_sample() -> None:
    x = RNG.normal(0, 0.3, (6000, 2))
    level = 20 * np.log10(np.max(np.abs(x.astype(np.float32)), axis=1).astype(float))
    wanted = (1 - 1 / 3) * np.maximum(level + 24, 0)
    rise, fall = np.exp(-1 / (0.002 * 48000)), np.exp(-1 / (0.06 * 48000))
    smooth, state = np.empty(len(x)), 0.0
    for n, value in enumerate(wanted):
        keep = rise if value > state else fall
        state = keep * state + (1 - keep) * value
        smooth[n] = state
    expected = x.astype(np.float32) * 10 ** ((6 - smooth) / 20)[:, None]
    node = tenuto.Compressor(-24, 3, attack_seconds=0.002, release_seconds=0.06, makeup_db=6)
    # 3e-6: log2 within 2e-7 octaves and exp2 within 3e-7, after a smoothing that averages.
    assert np.max(np.abs(run(node, with_key(x)) - expected)) < 3e-6


def test_compressor_gives_all_channels_the_gain_of_the_loudest() -> None:
    x = np.column_stack([np.full(4800, 0.9), np.full(4800, 0.01)])
    y = run(tenuto.Compressor(-20, 10, attack_seconds=0), with_key(x))
    assert np.allclose(y[:, 0] / x[:, 0], y[:, 1] / x[:, 1], rtol=1e-6)
    assert y[-1, 0] < 0.2


def test_compressor_listens_to_its_key_alone() -> None:
    x, key = np.full(4800, 0.5), np.concatenate([np.zeros(2400), np.ones(2400)])
    y = run(tenuto.Compressor(-20, 4, attack_seconds=0), with_key(x, key))[:, 0]
    assert np.all(y[:2400] == np.float32(0.5))
    assert decibels(y[-1] / 0.5) == pytest.approx(-15, abs=1e-4)


def test_compressor_below_the_threshold_passes_samples_unchanged() -> None:
    x = RNG.uniform(-0.09, 0.09, (4000, 2)).astype(np.float32)
    assert np.array_equal(run(tenuto.Compressor(-20, 4), with_key(x)), x)


# -- gate ------------------------------------------------------------------------------------------


def test_gate_opens_at_the_threshold_and_closes_below_the_hysteresis() -> None:
    node = tenuto.Gate(-20, hysteresis_db=6, attack_seconds=0, release_seconds=0, hold_seconds=0)
    levels = np.array([-20.1, -19.9, -25.9, -20.1, -26.1, -20.1])
    y = run(node, with_key(10 ** (levels / 20)))[:, 0]
    assert list(y > 0) == [False, True, True, True, False, False]


def test_gate_stays_open_for_the_hold_exactly() -> None:
    node = tenuto.Gate(-20, attack_seconds=0, release_seconds=0, hold_seconds=0.01)
    y = run(node, with_key(np.concatenate([[0.5], np.full(1000, 1e-3)])))[:, 0]
    # At 48 kHz 480 frames after the last loud one.
    assert np.all(y[:481] > 0) and np.all(y[481:] == 0)


def test_gate_does_63_percent_of_its_way_in_the_time_constants() -> None:
    node = tenuto.Gate(-20, range_db=20, attack_seconds=0.01, release_seconds=0.05, hold_seconds=0)
    x = np.concatenate([np.full(4800, 0.05), np.full(9600, 0.5), np.full(9600, 0.01)])
    gain = run(node, with_key(x))[:, 0] / x
    assert gain[4799] == pytest.approx(0.1, rel=1e-6)
    assert gain[4800 + 479] == pytest.approx(1 - 0.9 * np.exp(-1), rel=1e-4)
    assert gain[14399] == 1
    assert gain[14400 + 2399] == pytest.approx(0.1 + 0.9 * np.exp(-1), rel=1e-4)


def test_gate_listens_to_its_key_alone() -> None:
    x, key = np.full(2000, 0.5), np.concatenate([np.zeros(1000), np.full(1000, 0.5)])
    y = run(tenuto.Gate(-20, attack_seconds=0), with_key(x, key))[:, 0]
    assert np.all(y[:1000] == 0) and np.all(y[1000:] == np.float32(0.5))


# -- limiter ---------------------------------------------------------------------------------------


def loud_signals(rate: int) -> dict[str, np.ndarray]:
    """What a limiter has to stand, (frames, 1 or 2); ends faded so that no meter sees a step."""
    n = np.arange(rate // 2)
    music, music_rate = soundfile.read(DEMO, frames=3 * 44100)
    if music_rate != rate:
        music = scipy.signal.resample_poly(music, rate // 100, music_rate // 100)
    fade = np.clip(np.minimum(n, n[::-1]) / 300, 0, 1)[:, None]
    signals = {
        "square 997 Hz": np.sign(np.sin(2 * np.pi * 997 * n / rate + 0.1)),
        "square 100 Hz": np.sign(np.sin(2 * np.pi * 100 * n / rate + 0.1)),
        "square 3001 Hz": np.sign(np.sin(2 * np.pi * 3001 * n / rate + 0.1)),
        "white noise": RNG.uniform(-1, 1, (len(n), 2)),
        "gaussian noise": RNG.normal(0, 0.5, len(n)),
        "random bits": RNG.choice([-1.0, 1.0], len(n)),
        "quarter rate": 1.6 * np.sin(np.pi / 2 * n + np.pi / 4),
    }
    signals = {name: np.atleast_2d(x.T).T * fade for name, x in signals.items()}
    return signals | {"music, 12 dB louder": music * 10 ** (12 / 20)}


def oversampled_peak_db(x: np.ndarray) -> float:
    return decibels(np.abs(scipy.signal.resample_poly(x.astype(float), 4, 1, axis=0)).max())


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("ceiling", [-1.0, -6.0])
def test_true_peak_behind_the_limiter_is_at_most_a_tenth_of_a_decibel_above_the_ceiling(
    rate: int, ceiling: float
) -> None:
    for name, x in loud_signals(rate).items():
        y = run(tenuto.Limiter(ceiling), x, rate)
        assert np.abs(y).max() <= 10 ** ((ceiling - 0.25) / 20) * (1 + 1e-6), name
        for meter in (annex_2_peak_db, oversampled_peak_db):
            peak = meter(y)
            assert peak <= ceiling + 0.1, f"{name}: {meter.__name__} reads {peak:.3f}"
            # And it does not take away more than it must: bits have rare peaks, and steep ones.
            assert peak > ceiling - 1, f"{name}: {meter.__name__} reads {peak:.3f}"


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
@pytest.mark.parametrize("rate", [44100, 48000])
def test_ffmpeg_finds_the_ceiling_kept_too(rate: int, tmp_path: Path) -> None:
    signals = {name: run(tenuto.Limiter(-1), x, rate) for name, x in loud_signals(rate).items()}
    for name, y in signals.items():
        path = tmp_path / "limited.wav"
        soundfile.write(path, y, rate, subtype="FLOAT")
        command = ["ffmpeg", "-nostats", "-hide_banner", "-i", str(path)]
        command += ["-af", "ebur128=peak=true", "-f", "null", "-"]
        report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        peak = float(report.rsplit("Peak:", 1)[1].split()[0])
        assert peak <= -0.9 + 1e-9, f"{name}: {peak}"  # it prints one decimal


def test_limiter_below_the_ceiling_passes_samples_unchanged_and_reports_its_latency() -> None:
    x = RNG.normal(0, 0.05, (5000, 2)).astype(np.float32)
    node = tenuto.Limiter(-1)
    late = node._instance(48000, 2, 1024).core.latency_frames
    assert late == 72 + 13  # 1.5 ms and the detector
    assert np.array_equal(run(node, x)[late:], x[: len(x) - late])


def test_limiter_releases_with_its_time_constant() -> None:
    x = np.full(30000, 0.2)
    x[1000] = 8.0
    y = run(tenuto.Limiter(0, release_seconds=0.1), x)[:, 0]
    late = 85
    reduction = 1 - y[late:] / x[: len(x) - late]
    # 0.05 s and 0.15 s after the peak, when the smoothing has long seen only the release.
    assert reduction[1000 + 7200] / reduction[1000 + 2400] == pytest.approx(np.exp(-1), rel=1e-3)


def test_limiter_gives_all_channels_the_same_gain() -> None:
    x = np.column_stack([2 * np.sin(np.arange(5000) * 0.1), np.full(5000, 0.25)])
    y = run(tenuto.Limiter(-1), x)
    alone = run(tenuto.Limiter(-1), x[:, :1])
    assert np.array_equal(y[:, 0], alone[:, 0])
    assert y[3000:, 1].max() < 0.14


def test_gain_of_the_limiter_moves_without_a_corner() -> None:
    # A constant, and one peak: the output is the gain. Two boxes: its slope is bounded by the full
    # reduction over the longer box, its bend by that over the product of both.
    x = np.full(4000, 0.1)
    x[2000] = 10.0
    y = run(tenuto.Limiter(-1), x)[85:, 0] / 0.1
    y[2000] = y[1999]
    assert y.min() < 0.1
    assert np.abs(np.diff(y)).max() <= 1 / 36 * (1 + 1e-4)
    assert np.abs(np.diff(y, 2)).max() <= 2 / (36 * 36)


def test_limiter_mutes_what_is_far_too_loud_and_recovers() -> None:
    x = np.full(48000, 0.25)
    x[1000:1010] = 1e30
    node = tenuto.Limiter(-1, release_seconds=0.05)
    y = run(node, x)[:, 0]
    assert np.isfinite(y).all() and np.abs(y).max() < 0.9
    assert y[-1] == np.float32(0.25)


# -- all of them -----------------------------------------------------------------------------------


NODES = {
    "compressor": lambda: tenuto.Compressor(-30, 5, knee_db=6, attack_seconds=0.001, makeup_db=3),
    "slow compressor": lambda: tenuto.Compressor(-30, 5, attack_seconds=0.2, release_seconds=0.01),
    "gate": lambda: tenuto.Gate(-12, hold_seconds=0.001, release_seconds=0.003, range_db=40),
    "limiter": lambda: tenuto.Limiter(-10, release_seconds=0.01),
    "short limiter": lambda: tenuto.Limiter(-10, lookahead_seconds=0.0002),
    "long limiter": lambda: tenuto.Limiter(-10, lookahead_seconds=0.02),
}
each_node = pytest.mark.parametrize("make", NODES.values(), ids=NODES)


def bursts(frames: int) -> np.ndarray:
    """Noise that comes and goes."""
    swell = np.abs(np.sin(np.arange(frames) / 700)) ** 3
    return RNG.normal(0, 0.5, (frames, 2)) * swell[:, None]


def inputs(node: Node, x: np.ndarray) -> np.ndarray:
    return with_key(x) if node.side_inputs else np.asarray(x, np.float32)


@each_node
def test_output_does_not_depend_on_how_sound_is_cut_into_blocks(make) -> None:
    check_chunks(make, inputs(make(), bursts(5000)))


@pytest.mark.parametrize(
    ("make", "changes"),
    [
        (
            NODES["compressor"],
            [(500, "threshold_db", -12.0), (700, "ratio", 2.0), (900, "knee_db", 12.0)],
        ),
        (NODES["compressor"], [(501, "makeup_db", -6.0), (900, "attack_seconds", 0.1)]),
        (NODES["gate"], [(333, "threshold_db", -30.0), (1100, "range_db", 10.0)]),
        (NODES["limiter"], [(450, "ceiling_db", -3.0), (1000, "release_seconds", 0.2)]),
    ],
)
def test_changes_on_their_way_do_not_depend_on_it_either(make, changes) -> None:
    check_steered(make, inputs(make(), bursts(3000)), changes)


@each_node
def test_what_is_not_finite_is_contained_and_counted(make) -> None:
    x = inputs(make(), bursts(9600) * 0.1)
    bad = x.copy()
    bad[2000, 0], bad[2100, 1], bad[2200] = np.nan, np.inf, -np.inf
    instance = make()._instance(48000, 2, 1024)
    y = _core.run_node(instance.core, np.ascontiguousarray(bad.T), [480]).T
    clean = run(make(), x)
    assert instance.core.contained >= 1
    assert np.isfinite(y).all()
    assert np.array_equal(y[:1900], clean[:1900])
    # 7000 frames later releases of up to 0.1 s have forgotten it: e^-1.4 of a few decibels is left
    # in the slowest; sound is back, at its level.
    assert np.abs(y[-500:] - clean[-500:]).max() < 0.05
    assert np.abs(y[-500:]).max() > 0.2 * np.abs(clean[-500:]).max()


@each_node
def test_a_minute_of_silence_leaves_silence_and_no_denormals(make) -> None:
    x = np.zeros((8000 * 60, 2))
    x[:400] = bursts(400) * 4
    y = run(make(), inputs(make(), x), 8000)
    tail = y[16000:]
    assert np.all((tail == 0) | (np.abs(tail) >= np.finfo(np.float32).tiny))
    assert np.all(y[-8000:] == 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tenuto.Compressor(threshold_db=1), "threshold_db=1: must be between -80 and 0 dB"),
        (lambda: tenuto.Compressor(ratio=0.5), "ratio=0.5: must be between 1 and 100"),
        (lambda: tenuto.Compressor(attack_seconds=-1), "between 0 and 1 s"),
        (lambda: tenuto.Gate(hold_seconds=9), "hold_seconds=9: must be between 0 and 5 s"),
        (lambda: tenuto.Limiter(ceiling_db=0.5), "ceiling_db=0.5: must be between -20 and 0 dB"),
        (lambda: tenuto.Limiter(release_seconds=0), "between 0.001 and 5 s"),
    ],
)
def test_parameters_out_of_range_are_refused_with_the_range(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_limiter_that_rests_between_bursts_is_the_same_in_any_blocks() -> None:
    # Quiet for longer than what a reduction of 6 dB takes to fade below what counts (25 time
    # constants), so that it comes to rest and has to wake up again, within a block or between two.
    rng = np.random.default_rng(5)
    x = rng.uniform(-0.2, 0.2, (60_000, 2)).astype(np.float32)
    x[1000:1100] *= 10
    x[59_050:59_100] *= 10
    check_chunks(lambda: tenuto.Limiter(release_seconds=0.02), x)
    y = run(tenuto.Limiter(release_seconds=0.02), x)
    late = 72 + 13  # 1.5 ms of look-ahead, and the detector
    # At rest it passes on what it gets, to the last bit; before that it does not.
    assert np.array_equal(y[40_000:58_000], x[40_000 - late : 58_000 - late])
    assert not np.array_equal(y[2000:3000], x[2000 - late : 3000 - late])
    assert np.max(np.abs(y)) <= 10 ** (-1 / 20)
