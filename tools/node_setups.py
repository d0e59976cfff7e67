#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the core's nodes are built from, for the C++ test program that drives all of them.

    tools/node_setups.py            write core/tests/node_setups.inc
    tools/node_setups.py --check    say whether it is what the package gives

The numbers are those that Python gives the core: of a node as it is made, and of the same node
with every parameter moved. Of arrays only the shape is kept; the test fills them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import tenuto
from tenuto import _core
from tenuto._nodes.base import Node
from tenuto._nodes.params import AnyParam, Choice, Switch, parameters

TARGET = Path(__file__).resolve().parent.parent / "core" / "tests" / "node_setups.inc"
SAMPLERATE, CHANNELS, MAX_BLOCK = 48_000.0, 2, 64
# Classes that cannot be made without arguments, and better examples than those without.
EXAMPLES: dict[str, Callable[[], Any]] = {
    "Convolver": lambda: tenuto.Convolver(np.hanning(3000).astype(np.float32)),
    "Equalizer": tenuto.Equalizer.eight_band,
    "Mixer": lambda: tenuto.Mixer(2, 2),
    "MultiTone": lambda: tenuto.MultiTone([440.0, 1000.0, 5000.0]),
}
# Kinds that the test builds by hand: they need something that only C++ has.
BY_HAND = {"kernel"}


def classes(of: type[Node]) -> Iterator[type[Node]]:
    """All subclasses."""
    for kind in of.__subclasses__():
        yield kind
        yield from classes(kind)


def moved(parameter: AnyParam, now: Any) -> Any:
    """Another value that is in its range."""
    if isinstance(parameter, Switch):
        return not now
    if isinstance(parameter, Choice):
        words = parameter.words
        return words[(words.index(now) + 1) % len(words)]
    low, high = parameter.low, parameter.high
    way = (high if high - now > now - low else low) - now
    most = 1 + abs(now) / 2
    return float(round(now + max(-most, min(most, 0.1 * way)), 3))


def move(owner: Any, node: Node) -> None:
    """Set every parameter to another value."""
    for name, parameter in parameters(type(owner)).items():
        now = getattr(owner, name)
        try:
            setattr(owner, name, moved(parameter, now))
            node._targets(SAMPLERATE)
        except ValueError:  # some depend on each other, or on the samplerate
            setattr(owner, name, now)
    for band in getattr(owner, "bands", ()):
        move(band, node)


def numbers(values: Any) -> str:
    """A list of C++; rounded, as mathematics libraries differ in the last digit."""
    return "{" + ", ".join(repr(float(f"{float(value):.12g}")) for value in values) + "}"


def asked(node: Node) -> tuple[list[float], list[float], Any]:
    """Targets, options and array with which the core is asked for this node."""
    asked: list[Any] = []
    make = _core.make_node

    def listen(*arguments: Any) -> Any:
        asked[:] = arguments
        return make(*arguments)

    module: Any = _core
    module.make_node = listen
    try:
        node._instance(SAMPLERATE, CHANNELS, MAX_BLOCK)
    finally:
        module.make_node = make
    _, _, _, _, targets, options, data = asked
    return targets, options, data


def row(kind: str, make: Callable[[], Any]) -> str:
    """One row: kind, targets, moved targets, options, channels and frames of the array."""
    node = make()
    targets, options, data = asked(node)
    shape = (0, 0) if data is None else np.shape(data)
    move(node, node)
    others, _, _ = asked(node)
    if len(others) != len(targets):
        others = targets
    return (
        f'{{"{kind}", {numbers(targets)}, {numbers(others)}, {numbers(options)}, '
        f"{shape[0]}, {shape[1]}}},"
    )


def text() -> str:
    """The whole file."""
    rows, made = [], set(BY_HAND)
    for name in tenuto.__all__:
        getattr(tenuto, name)  # names are loaded when they are asked for
    for kind in sorted(set(classes(Node)), key=lambda kind: kind.__name__):
        if kind.kind not in _core.node_kinds() or kind.kind in made:
            continue
        try:
            rows.append(row(kind.kind, EXAMPLES.get(kind.__name__, kind)))
        except TypeError as error:
            sys.exit(f"tools/node_setups.py: add an example of {kind.__name__} there: {error}")
        made.add(kind.kind)
    lost = set(_core.node_kinds()) - made
    if lost:
        sys.exit(f"tools/node_setups.py: no class in Python has the kind {', '.join(lost)}")
    head = "// SPDX-License-Identifier: MIT\n// Made by tools/node_setups.py: do not edit.\n"
    return head + "".join(f"{line}\n" for line in sorted(rows))


def main(arguments: list[str]) -> int:
    """Run from the command line; give the exit code."""
    if arguments == ["--check"]:
        if TARGET.read_text(encoding="utf-8") == text():
            return 0
        print(f"{TARGET.name} is old: run python tools/node_setups.py")
        return 1
    TARGET.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
