# SPDX-License-Identifier: MIT
"""Which system calls a thread makes, counted by strace from outside."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.servers import need_program

# "clock_nanosleep(...) = 0", with "[pid 12] " or "12 " in front when there are several threads.
_CALL = re.compile(r"^(?:\[pid\s+)?(\d+)?\]?\s*(?:<\.\.\. )?(\w+)(?:\(| resumed>)", re.M)


class Calls:
    """What a trace saw; filled when it has ended."""

    def __init__(self) -> None:
        self.by_thread: dict[int, Counter[str]] = {}
        self.text = ""

    @property
    def all(self) -> Counter[str]:
        """Of all threads that were traced."""
        return sum(self.by_thread.values(), Counter())

    def most(self, call: str) -> Counter[str]:
        """Of the thread that made this one most often."""
        return max(self.by_thread.values(), key=lambda calls: calls[call], default=Counter())

    def read(self, path: Path) -> None:
        """Take in what strace wrote."""
        self.text = path.read_text(errors="replace")
        for line in self.text.splitlines():
            found = _CALL.match(line)
            # "resumed" is the second half of a call that was counted when it began.
            if found and "resumed>" not in line:
                self.by_thread.setdefault(int(found[1] or 0), Counter())[found[2]] += 1


@contextmanager
def traced(number: int, folder: Path, *, threads: bool = False) -> Iterator[Calls]:
    """Watch one thread (or with `threads` a process with all of its own) while it is entered.

    Skips the test where the system forbids one process to watch another.
    """
    path = folder / f"strace-{number}.txt"
    command = [need_program("strace", "strace"), "-o", str(path), "-p", str(number)]
    if threads:
        command.insert(1, "-f")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    calls = Calls()
    try:
        assert process.stderr is not None
        first = process.stderr.readline()
        if "attached" not in first:
            process.wait(10)
            pytest.skip(f"strace may not watch a thread here: {first.strip()}")
        yield calls
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)  # it lets go of the thread, and goes
            process.communicate(timeout=20)
    for _ in range(50):  # its file is complete when it has gone
        if path.exists():
            break
        time.sleep(0.02)
    calls.read(path)
