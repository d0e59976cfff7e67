# SPDX-License-Identifier: MIT
"""Edits of an engine that runs, one after the other, at random."""

from __future__ import annotations

import random

import tenuto

MOST_PATHS = 6


class Storm:
    """Random edits of one engine: a bank of gains between a constant input and a last node."""

    def __init__(self, engine: tenuto.Engine, seed: int, *, lead: int = 1) -> None:
        self.engine, self.random, self.lead = engine, random.Random(seed), lead
        self.last = tenuto.Gain(name="last")
        engine.connect(engine.input, self.last, gain_db=-20)
        self.paths: list[list[tenuto.Gain]] = []

    def add(self) -> None:
        if len(self.paths) == MOST_PATHS:
            return
        path = [tenuto.Gain(self.level()) for _ in range(self.random.randint(1, 3))]
        self.engine.connect(self.engine.input, *path, self.last, gain_db=-3)
        self.paths.append(path)

    def remove(self) -> None:
        if self.paths:
            path = self.paths.pop(self.random.randrange(len(self.paths)))
            for node in path:
                self.engine.remove(node, force=True)

    def level(self) -> float:
        return self.random.uniform(-40, 0)

    def turn(self) -> None:
        if self.paths:
            self.random.choice(self.random.choice(self.paths)).gain_db = self.level()

    def schedule(self) -> None:
        if self.paths:
            node = self.random.choice(self.random.choice(self.paths))
            frame = self.engine.frame + self.random.randint(self.lead, 3000)
            self.engine.at(frame).set(node, gain_db=self.level())

    def mute(self) -> None:
        if self.paths:
            first = self.random.choice(self.paths)[0]
            connection = self.engine.connection(self.engine.input, first)
            connection.mute = not connection.mute

    def edit(self) -> None:
        self.random.choice(
            (self.add, self.remove, self.turn, self.turn, self.schedule, self.mute)
        )()
