# SPDX-License-Identifier: MIT
"""Fixtures of all tests."""

from __future__ import annotations

from support.faults import faulty_disk, mount_disk, run_program
from support.server_fixtures import index_player, jack, pulse

__all__ = ["faulty_disk", "index_player", "jack", "mount_disk", "pulse", "run_program"]
