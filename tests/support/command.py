# SPDX-License-Identifier: MIT
"""The command line, as a user runs it."""

from __future__ import annotations

import subprocess
import sys


def run(*arguments: object, code: int = 0, **options: object) -> subprocess.CompletedProcess[str]:
    """Run `tenuto`; it ends with `code`, and never in a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "tenuto", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done  # type: ignore[no-any-return]
