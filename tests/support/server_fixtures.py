# SPDX-License-Identifier: MIT
"""Fixtures: a JACK server, a PulseAudio daemon and the index player, each private to a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.servers import JackServer, PulseServer, build_index_player


@pytest.fixture
def jack(tmp_path: Path) -> Iterator[JackServer]:
    """A JACK server, 48 kHz, two channels each way, 128 frames a cycle."""
    with JackServer(tmp_path) as server:
        yield server


@pytest.fixture
def pulse(tmp_path: Path) -> Iterator[PulseServer]:
    """A PulseAudio daemon with a null sink of 48 kHz and two channels."""
    with PulseServer(tmp_path / "pulse") as server:
        yield server


@pytest.fixture(scope="session")
def index_player(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled index player."""
    return build_index_player(tmp_path_factory.mktemp("index_player"))
