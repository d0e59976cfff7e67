# SPDX-License-Identifier: MIT
"""Engines that are opened, run, edited and closed, over and over: nothing is left of them."""

from __future__ import annotations

import ctypes
import gc
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import tenuto
from support.storm import Storm
from tenuto.testing import VirtualDevice

ROUNDS = 2000 if os.environ.get("TENUTO_LONG") == "1" else 200
STATUS = Path("/proc/self/status")


def status(name: str) -> int:
    """One number of the kernel's books on this process."""
    lines = STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def one_round(seed: int, folder: Path) -> None:
    """An engine's whole life; every eighth one has a thread and a file of its own."""
    has_clock = seed % 8 == 0
    device = VirtualDevice(np.full(3000, 0.1, np.float32), clocked=has_clock)
    path = folder / "take.wav" if has_clock else None
    with tenuto.Engine(device, channels=(1, 1), blocksize=64) as engine:
        storm = Storm(engine, seed)
        engine.connect(storm.last, engine.output)
        recorder = engine.connect(storm.last, tenuto.FileRecorder(path, overwrite=True))
        for _ in range(10):
            storm.edit()
            if not has_clock:
                device.step(100)
        recorder.stop()


def in_use() -> tuple[int, int, int]:
    """KiB, threads and Python objects; what is being closed beside may take a moment."""
    trim = ctypes.CDLL(None).malloc_trim  # what is free goes back to the kernel: all but the used
    seen = []
    for _ in range(10):
        gc.collect()
        trim(0)
        seen.append((status("VmRSS"), status("Threads"), len(gc.get_objects())))
        time.sleep(0.1)
    memory, threads, objects = (min(column) for column in zip(*seen, strict=True))
    return memory, threads, objects


def left_behind(rounds: int, act: Callable[[int], object]) -> tuple[int, int, int]:
    """What is in use more after `rounds` rounds than after 40."""
    for number in range(40):
        act(number)
    before = in_use()
    for number in range(40, 40 + rounds):
        act(number)
    memory, threads, objects = (now - then for now, then in zip(in_use(), before, strict=True))
    return memory, threads, objects


pytestmark = pytest.mark.skipif(
    not STATUS.exists(), reason="the kernel's books on a process are Linux's"
)
# What is left differs by this from one time to the next: the ring of one recording is 1.9 MiB.
NOISE_KIB = 5000


def test_engines_come_and_go_and_leave_neither_memory_nor_threads_behind(tmp_path: Path) -> None:
    memory, threads, objects = left_behind(ROUNDS, lambda number: one_round(number, tmp_path))
    print(f"after {ROUNDS} engines: {memory} KiB, {threads} threads, {objects} objects more")
    assert memory < NOISE_KIB
    assert threads <= 0
    assert objects < 200


def test_memory_that_every_round_leaves_behind_is_seen() -> None:
    """The canary."""
    kept = []
    memory, _, _ = left_behind(200, lambda number: kept.append(bytearray(b"x" * 500_000)))
    assert memory > NOISE_KIB
