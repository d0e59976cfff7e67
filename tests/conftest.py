# SPDX-License-Identifier: MIT
"""Fixtures of all tests, and what holds for all of them."""

from __future__ import annotations

from support.faults import faulty_disk, mount_disk, run_program
from support.server_fixtures import index_player, jack, pulse
from support.strict import pytest_make_collect_report, pytest_runtest_makereport

__all__ = [
    "faulty_disk",
    "index_player",
    "jack",
    "mount_disk",
    "pulse",
    "pytest_make_collect_report",
    "pytest_runtest_makereport",
    "run_program",
]
