# SPDX-License-Identifier: MIT
"""What tenuto did not write may be anything: the documented error comes out of it, or sense.

Runs the corpus, and a few thousand changes of it from a seed. `nox -s fuzz` looks for longer.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import time
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent / "fuzz"
sys.path.insert(0, str(FOLDER))
from mutate import mutated  # noqa: E402
from targets import TARGETS  # noqa: E402

SECONDS = 60.0 if os.environ.get("TENUTO_LONG") == "1" else 2.0
SEED = int(os.environ.get("TENUTO_SEED", "20260305"))


def corpus(target: str) -> list[Path]:
    found = sorted((FOLDER / "corpus" / target).iterdir())
    assert found, f"tests/fuzz/corpus/{target} is empty"
    return found


@pytest.mark.parametrize("target", TARGETS)
def test_each_file_of_the_corpus_gives_sense_or_the_documented_error(target: str) -> None:
    for path in corpus(target):
        try:
            TARGETS[target](path.read_bytes())
        except Exception as error:
            pytest.fail(f"{path.relative_to(FOLDER)}: {error!r}")


@pytest.mark.parametrize("target", TARGETS)
def test_changed_input_gives_sense_or_the_documented_error(target: str) -> None:
    choose, seeds = random.Random(SEED), [path.read_bytes() for path in corpus(target)]
    until, count = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        data = choose.choice(seeds)
        for _ in range(choose.choice((1, 1, 3))):
            data = mutated(data, seeds, choose)
        count += 1
        try:
            TARGETS[target](data)
        except Exception as error:
            pytest.fail(f"seed {SEED}, number {count}: {error!r} from {data[:2000]!r}")
    assert count > 20


def test_an_error_that_is_not_documented_is_a_finding() -> None:
    """The canary: the changes reach deep enough to break a reader that trusts its input."""

    def trusting(data: bytes) -> None:
        import tomllib

        with contextlib.suppress(tomllib.TOMLDecodeError, UnicodeDecodeError):
            float(tomllib.loads(data.decode())["node"][0]["gain_db"].real)

    choose, seeds = random.Random(SEED), [path.read_bytes() for path in corpus("chain")]
    with pytest.raises((KeyError, TypeError, AttributeError, IndexError, RecursionError)):
        for _ in range(5000):
            trusting(mutated(choose.choice(seeds), seeds, choose))
