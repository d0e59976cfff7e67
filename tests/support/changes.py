# SPDX-License-Identifier: MIT
"""Running one node alone while its parameters are changed between blocks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.nodes import MAX_BLOCK
from tenuto import _core
from tenuto._nodes.base import Node


def run_with_changes(
    node: Node,
    x: NDArray[Any],
    changes: dict[int, Callable[[], object]],
    blocks: Sequence[int] = (64,),
    samplerate: float = 48000,
) -> NDArray[np.float32]:
    """Run `node` over `x`, (frames, channels); at each frame of `changes` call what is there."""
    ins, _ = node._widths(x.shape[1])
    instance = node._instance(samplerate, ins, MAX_BLOCK)
    planar = np.ascontiguousarray(x.T, np.float32)
    parts = []
    edges = [0, *sorted(changes), len(x)]
    for begin, end in itertools.pairwise(edges):
        if begin in changes:
            changes[begin]()
        part = np.ascontiguousarray(planar[:, begin:end])
        parts.append(_core.run_node(instance.core, part, list(blocks)).T)
    return np.concatenate(parts)


def check_forgets_what_is_not_finite(make: Callable[[], Node], x: NDArray[Any]) -> None:
    """After a block with NaN or Inf a node sounds as if it had just begun, and has counted it."""
    from support.nodes import run

    for bad in (np.nan, np.inf, -np.inf):
        broken = np.array(x, np.float32)
        broken[100] = bad
        node = make()
        instance = node._instance(48000, x.shape[1], MAX_BLOCK)
        planar = np.ascontiguousarray(broken.T)
        found = _core.run_node(instance.core, planar, [64]).T
        assert instance.core.contained == 1
        assert np.isfinite(found).all()
        assert np.array_equal(found[:64], run(make(), x)[:64])
        assert np.array_equal(found[128:], run(make(), x[128:]))
