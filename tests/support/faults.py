# SPDX-License-Identifier: MIT
"""Fixtures for faults: small and read-only disks, a disk that stalls, programs to be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.faulty_disk import FaultyDisk

MountDisk = Callable[..., Path]


@pytest.fixture
def mount_disk(tmp_path: Path) -> Iterator[MountDisk]:
    """A function that mounts a disk in memory, `size` as mount(8) takes it; gone after the test."""
    mounted: list[Path] = []

    def mount(size: str = "2m", options: str = "rw") -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size},{options}", "tmpfs", str(folder)]
        done = _run(command)
        if done is None or done.returncode != 0:
            pytest.skip("mounting a tmpfs is not allowed here (it takes root and CAP_SYS_ADMIN)")
        mounted.append(folder)
        return folder

    yield mount
    for folder in reversed(mounted):
        # Lazy: a recording that a failed test left behind may still hold a file in there.
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=30)


def _run(command: list[str]) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30)
    except FileNotFoundError:
        return None


@pytest.fixture
def faulty_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyDisk]:
    """The disk of all recordings that start in this test."""
    disk = FaultyDisk(monkeypatch)
    yield disk
    disk.open()


@pytest.fixture
def run_program(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that starts Python text as a program in `tmp_path`; ended after the test."""
    started: list[subprocess.Popen[str]] = []

    def run(text: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", text, *arguments],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,  # so that its own children can be ended with it
        )
        started.append(process)
        return process

    yield run
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
