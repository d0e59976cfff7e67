# SPDX-License-Identifier: MIT
"""Noise against its definition: level, spectrum, repeatability."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal, stats

from support.nodes import check_chunks, run
from tenuto import Noise, _core

RATE = 48000


def play(node: Noise, frames: int, samplerate: float = RATE) -> NDArray[np.float32]:
    return run(node, np.zeros((frames, 0)), samplerate)


def octave_levels(density: NDArray[Any], samplerate: float, lowest: float) -> NDArray[np.float64]:
    """Power in octaves from `lowest` hertz up to 20.48 kHz, in dB, of a density over frequency."""
    apart = samplerate / 2 / (len(density) - 1)
    edges = lowest * 2.0 ** np.arange(round(np.log2(20_480 / lowest)) + 1)
    total = np.concatenate([[0.0], np.cumsum(density)]) * apart
    # The power below an edge that lies between two bins, each as wide as their distance.
    below = np.interp(edges, (np.arange(len(total)) - 0.5) * apart, total)
    return 10 * np.log10(np.diff(below))


def density(y: NDArray[Any], samplerate: float) -> NDArray[np.float64]:
    return np.asarray(signal.welch(y, samplerate, nperseg=1 << 16)[1])


@pytest.mark.parametrize("samplerate", [44_100, 48_000, 96_000])
def test_pink_noise_falls_by_3_db_per_octave(samplerate: int) -> None:
    # Equal power in each octave is -3.01 dB per octave of density. In 200 s the lowest octave's
    # level is known within 0.07 dB (one standard deviation: 4.34 / sqrt(20 Hz × 200 s)).
    core = Noise("pink", seed=5)._instance(samplerate, 1, 1024).core
    nothing = np.zeros((0, samplerate * 20), np.float32)
    pieces = [density(_core.run_node(core, nothing, [1024])[0], samplerate) for _ in range(10)]
    levels = octave_levels(np.mean(pieces, axis=0), samplerate, 20)
    assert np.abs(np.diff(levels)).max() < 0.25
    assert np.abs(levels - levels.mean()).max() < 0.2


def test_white_noise_has_the_same_power_in_each_hertz() -> None:
    y = play(Noise("white", seed=5), RATE * 60)[:, 0]
    levels = octave_levels(density(y, RATE), RATE, 80)  # per octave: 3.01 dB more each
    # 0.06 dB is one standard deviation in the lowest octave (80 Hz, 60 s).
    assert np.abs(np.diff(levels) - 3.0103).max() < 0.2


@pytest.mark.parametrize("color", ["white", "pink"])
def test_rms_level_is_the_one_asked_for(color: str) -> None:
    y = play(Noise(color, level_db=-12, seed=1), RATE * 100).astype(np.float64)
    # Pink: half of its power is below 700 Hz, so in 100 s some 0.03 dB are left to chance.
    found = 10 * np.log10(np.mean(y**2))
    assert found == pytest.approx(-12, abs=0.01 if color == "white" else 0.1)
    assert abs(np.mean(y)) < 2e-3


def test_white_noise_is_evenly_distributed() -> None:
    y = play(Noise("white", level_db=0), 200_000)[:, 0].astype(np.float64)
    assert np.abs(y).max() <= np.sqrt(3) * (1 + 1e-7)
    assert stats.kstest(y, stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)).cdf).pvalue > 0.01


def test_white_noise_is_split_mix_64() -> None:
    # Written once more, with Python's integers, from the paper.
    def mixed(z: int) -> int:
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return z ^ z >> 31

    gold = 0x9E3779B97F4A7C15
    expected = []
    for channel in (1, 2):
        start = mixed((mixed(77) + gold * channel) % 2**64)
        words = [mixed((start + gold * (n + 1)) % 2**64) for n in range(50)]
        expected.append([(w - 2**64 if w >= 2**63 else w) * 3**0.5 / 2**63 for w in words])
    found = play(Noise(seed=77, channels=2, level_db=0), 50)
    assert np.abs(found.T - expected).max() < 1.2e-7  # float32 beyond 1


@pytest.mark.parametrize("color", ["white", "pink"])
def test_same_seed_gives_the_same_samples_and_another_one_others(color: str) -> None:
    first, again, other = (
        play(Noise(color, seed=seed, channels=2), 100_000).astype(np.float64) for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    # Independent white noise correlates by 1 / sqrt(100,000) = 0.003; the low octaves of pink
    # noise have far fewer independent values.
    most = 0.02 if color == "white" else 0.15
    for a, b in (
        (first[:, 0], first[:, 1]),
        (first[:, 0], other[:, 0]),
        (first[:, 1], other[:, 0]),
    ):
        assert abs(np.corrcoef(a, b)[0, 1]) < most


@pytest.mark.parametrize("color", ["white", "pink"])
def test_blocks_of_any_size_give_the_same_samples(color: str) -> None:
    check_chunks(lambda: Noise(color, seed=9, channels=2), np.zeros((5000, 0)))


def test_color_seed_and_start_can_change_while_it_runs() -> None:
    node = Noise("white", seed=1, level_db=0)
    instance = node._instance(RATE, 1, 1024)

    def some(frames: int) -> NDArray[np.float32]:
        return _core.run_node(instance.core, np.zeros((0, frames), np.float32), [64])[0]

    begin = play(Noise("white", seed=1, level_db=0), 500)[:, 0]
    assert np.array_equal(some(500), begin)
    node.color = "pink"
    some(480)
    pink = some(RATE * 4).astype(np.float64)
    level = octave_levels(density(pink, RATE), RATE, 640)
    assert np.abs(np.diff(level)).max() < 0.5  # pink by now; 4 s are few
    node.color, node.seed = "white", 2
    some(480)
    assert np.array_equal(some(20), play(Noise(seed=2, level_db=0), 500)[480:, 0])
    node.stop()
    some(480)
    assert not some(100).any()
    node.start()
    some(480)  # the same noise from its begin, under a fade
    assert np.array_equal(some(20), play(Noise(seed=2, level_db=0), 500)[480:, 0])


@pytest.mark.parametrize("seed", [-1, 1.5, 2**54, "x"])
def test_bad_seed_is_an_error(seed: Any) -> None:
    with pytest.raises(ValueError, match=r"Noise\.seed="):
        Noise(seed=seed)
