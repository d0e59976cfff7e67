# SPDX-License-Identifier: MIT
"""Fuzz one target, guided by what it covers (package atheris); what is new is kept in the corpus.

    python tests/fuzz/run.py TARGET [--seconds 600]

A finding ends the run, is printed, and lies in ``build/fuzz/``. When it is mended, put it into
``tests/fuzz/corpus/TARGET/``: the suite runs everything that is there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def main() -> None:
    """Run from the command line; libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["tenuto", "tomllib", "json", "targets"]):
        from targets import TARGETS

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=600)
    asked = parser.parse_args()
    found = HERE.parents[1] / "build" / "fuzz"
    new = found / asked.target
    new.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={asked.seconds}", "-max_len=20000", "-timeout=20"]
    options += [f"-artifact_prefix={found}/{asked.target}-", "-print_final_stats=1"]
    folders = [str(new), str(HERE / "corpus" / asked.target)]
    atheris.Setup([sys.argv[0], *options, *folders], TARGETS[asked.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
