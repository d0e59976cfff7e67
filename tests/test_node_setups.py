# SPDX-License-Identifier: MIT
"""What the C++ suite drives nodes with is what Python gives them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_c_plus_plus_suite_drives_every_kind_of_node_with_pythons_numbers() -> None:
    command = [sys.executable, str(ROOT / "tools" / "node_setups.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
