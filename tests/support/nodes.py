# SPDX-License-Identifier: MIT
"""Running one node alone, for tests against references that are not ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenuto import _core
from tenuto._nodes.base import Node

MAX_BLOCK = 1024
CHUNKINGS = {
    "1": [1],
    "7": [7],
    "64": [64],
    "128": [128],
    "1000": [1000],
    "random": [int(n) for n in np.random.default_rng(7).integers(1, 1000, 64)],
}


def run(
    node: Node, x: NDArray[Any], samplerate: float = 48000, blocks: Sequence[int] = (MAX_BLOCK,)
) -> NDArray[np.float32]:
    """Run `node` alone over `x`, (frames, channels) or 1-D; gives (frames, out channels).

    Channels beyond the main input's are those of the side inputs. For a source, `x` gives the
    number of frames only (and its side inputs, if it has any).
    """
    x = np.atleast_2d(np.asarray(x, np.float32).T).T
    width = x.shape[1] - len(node.side_inputs) if not node.is_source else 0
    ins, outs = node._widths(width)
    instance = node._instance(samplerate, ins or outs, MAX_BLOCK)
    planar = np.ascontiguousarray(x.T[: ins + len(node.side_inputs)])
    if planar.shape[0] == 0:
        planar = np.zeros((1, len(x)), np.float32)
    return _core.run_node(instance.core, planar, list(blocks)).T


def check_chunks(make: Any, x: NDArray[Any], samplerate: float = 48000, bound: float = 0.0) -> None:
    """However the signal is cut into blocks, the output is the same (within `bound`, absolute)."""
    whole = run(make(), x, samplerate)
    for name, blocks in CHUNKINGS.items():
        cut = run(make(), x, samplerate, blocks)
        worst = float(np.max(np.abs(cut - whole), initial=0.0))
        assert worst <= bound, f"blocks of {name}: {worst:g} away from the one-shot result"


def decibels(value: float) -> float:
    """20 log10, with a floor instead of minus infinity."""
    return float(20 * np.log10(max(value, 1e-15)))
