# SPDX-License-Identifier: MIT
"""Fixtures of all tests."""

from __future__ import annotations

from support.faults import faulty_disk, mount_disk, run_program

__all__ = ["faulty_disk", "mount_disk", "run_program"]
