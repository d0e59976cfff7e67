# SPDX-License-Identifier: MIT
"""Processes that tests start, and how they end."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys

END_SECONDS = 5.0
_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # of linux/prctl.h


def end_with_us() -> None:
    """In a child: end when the tests do, however they end."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def end(process: subprocess.Popen[str], how: signal.Signals = signal.SIGTERM) -> None:
    """End one process that we started; SIGKILL when it does not listen."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(END_SECONDS)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
