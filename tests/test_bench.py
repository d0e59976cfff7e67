# SPDX-License-Identifier: MIT
"""What ``tenuto bench`` says about a machine, and that it runs anywhere."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tenuto import _bench
from tenuto._stats import Spread

SIZES = [32, 64, 128]


def of_size(blocksize: int, worst: float, late: int = 0) -> _bench.Run:
    """A run whose worst wake-up takes that share of a block's time, its callbacks a tenth."""
    deadline = blocksize / _bench.SAMPLERATE
    wake = Spread(0.0, 0.0, 0.0, worst * deadline)
    work = Spread(0.0, 0.0, 0.0, 0.1 * deadline)
    return _bench.Run("", blocksize, "SCHED_FIFO 50", 1000, late, wake, work)


@pytest.mark.parametrize(
    ("worst", "late", "fit"),
    [
        ([0.1, 0.1, 0.1], [0, 0, 0], 32),
        ([0.95, 0.1, 0.1], [0, 0, 0], 64),  # wake-up and callback together are too long
        ([0.1, 0.1, 0.1], [0, 3, 0], 128),  # 32 frames were luck when 64 were late
        ([0.1, 0.1, 0.1], [0, 0, 1], None),
    ],
)
def test_a_machine_is_fit_for_a_size_if_it_is_for_all_larger_ones(
    worst: list[float], late: list[int], fit: int | None
) -> None:
    runs = [of_size(*row) for row in zip(SIZES, worst, late, strict=True)]
    found = _bench.smallest_fit(runs)
    assert (found.blocksize if found is not None else None) == fit
    sentence = _bench.verdict(runs)
    assert sentence.count(". ") == 0 and sentence.endswith(".")
    if fit is None:
        assert "not fit for blocks of 128 frames or fewer" in sentence
    else:
        assert f"is fit for blocks of {fit} frames and more" in sentence


def test_shares_of_nothing_are_zero() -> None:
    nothing = _bench.Busy("x", "y", 0, 0, 0, 0, None)
    assert nothing.lost_share == 0 and nothing.late_share == 0
    some = _bench.Busy("x", "y", 8, 2, 25, 75, None)
    assert some.lost_share == 0.25 and some.late_share == 0.25


def test_histograms_of_a_while_are_what_was_added() -> None:
    found = _bench._spread_since({1000.0: 5, 2000.0: 1}, {1000.0: 104, 2000.0: 1, 4000.0: 1})
    assert found.median == pytest.approx(1e-6) and found.p99 == pytest.approx(1e-6)
    assert 4e-6 <= found.max <= 4e-6 * 2 ** (1 / 16) * (1 + 1e-9)


def bench(*arguments: str) -> str:
    command = [sys.executable, "-m", "tenuto", "bench", "--quick", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.realtime
def test_a_busy_python_costs_a_recording_no_sample() -> None:
    facts = json.loads(bench("gil", "--json"))
    assert set(facts) == {"machine", "quick", "gil"}
    ours, rival = facts["gil"]
    assert ours["who"] == "tenuto" and ours["lost_frames"] == 0 and ours["frames"] > 4800
    assert not ours["wrong_samples"]
    assert rival["blocks"] > 0


@pytest.mark.realtime
def test_engine_tells_every_block_size_and_one_that_fits_or_none() -> None:
    facts = json.loads(bench("engine", "--json"))
    assert [run["blocksize"] for run in facts["engine"]] == list(_bench.BLOCKSIZES)
    assert all(run["callbacks"] > 0 and run["work"]["median"] > 0 for run in facts["engine"])
    assert facts["fit_blocksize"] in (None, *_bench.BLOCKSIZES)
    assert facts["verdict"].startswith("This machine is ")


@pytest.mark.realtime
def test_jitter_is_shown_with_and_without_priority() -> None:
    text = bench("jitter")
    assert "asked for" in text and "not asked for" in text and "p99" in text
    assert "is fit" not in text  # that needs callbacks


def test_an_unknown_part_is_wrong_usage() -> None:
    command = [sys.executable, "-m", "tenuto", "bench", "speed"]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 2
