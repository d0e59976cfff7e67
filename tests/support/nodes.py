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


ANNEX_2 = (  # ITU-R BS.1770-4, Annex 2: two of the four phases, the others are their reverses
    "0.0017089843750 0.0109863281250 -0.0196533203125 0.0332031250000 -0.0594482421875 "
    "0.1373291015625 0.9721679687500 -0.1022949218750 0.0476074218750 -0.0266113281250 "
    "0.0148925781250 -0.0083007812500",
    "-0.0291748046875 0.0292968750000 -0.0517578125000 0.0891113281250 -0.1665039062500 "
    "0.4650878906250 0.7797851562500 -0.2003173828125 0.1015625000000 -0.0582275390625 "
    "0.0330810546875 -0.0189208984375",
)


def annex_2_peak_db(x: NDArray[Any]) -> float:
    """True peak of (frames, channels) by the interpolator that ITU-R BS.1770-4 prints, in dBTP."""
    phases = [np.array(row.split(), float) for row in ANNEX_2]
    phases += [row[::-1] for row in phases]
    return decibels(max(np.abs(np.convolve(c, h)).max() for c in x.T for h in phases))
