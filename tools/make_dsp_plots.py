#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the measured plots of docs/dsp/ again, by running the real nodes.

tools/make_dsp_plots.py [AREA ...]     an area is a file of tools/dsp_plots/
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AREAS = sorted(p.stem for p in (ROOT / "tools/dsp_plots").glob("*.py") if p.stem[0] != "_")


def main(asked: list[str]) -> int:
    """Run from the command line; give the exit code."""
    unknown = [area for area in asked if area not in AREAS]
    if unknown:
        print(f"there is no area {unknown[0]}; there are {', '.join(AREAS)}", file=sys.stderr)
        return 2
    import matplotlib

    matplotlib.use("Agg")
    sys.path.insert(0, str(ROOT / "tools"))
    folder = ROOT / "docs/img/dsp"
    folder.mkdir(parents=True, exist_ok=True)
    for area in asked or AREAS:
        importlib.import_module(f"dsp_plots.{area}").plots(folder)
        print(f"{area}: drawn")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
