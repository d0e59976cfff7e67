# SPDX-License-Identifier: MIT
"""Run a command as root under a kernel of our own, for rights that this machine withholds.

The kernel is User Mode Linux: Linux as an ordinary program, so it takes neither rights nor a
virtual machine. Inside, root has every capability; the files are this machine's, read-only, except
for one folder. /run is an empty disk in memory, and TMPDIR lies there.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.servers import need_program

PROGRAM, PACKAGE = "linux.uml", "user-mode-linux"

# The first program inside. If it returned, its kernel would panic: it switches off instead, at
# once, as there is nothing that could be lost.
INIT = """
export PATH={path}
mount -t proc proc /proc && mount -t sysfs sysfs /sys && mount -t tmpfs -o mode=755 tmpfs /run &&
mkdir -m 1777 /run/tmp && mkdir /run/folder && mount -t hostfs -o {folder} none /run/folder &&
cd {here} && echo started >/run/folder/started &&
env TMPDIR=/run/tmp {environment} {command} >/run/folder/stdout 2>/run/folder/stderr </dev/null
echo $? >/run/folder/code
echo o >/proc/sysrq-trigger
sleep 60
"""


def run_under_other_kernel(
    command: Sequence[str], folder: Path, *, environment: dict[str, str], seconds: float = 50.0
) -> subprocess.CompletedProcess[str]:
    """Start the kernel, run one command as root and switch off.

    Skips the test when there is no such kernel here or it does not come up; fails it when the
    command has not ended after `seconds`. `folder` must be new; what was said stays in there.
    """
    kernel = need_program(PROGRAM, PACKAGE)
    folder.mkdir()
    for name in ("started", "stdout", "stderr", "code"):
        (folder / name).touch()
    settings = [f"{name}={value}" for name, value in environment.items()]
    (folder / "init").write_text(
        INIT.format(
            path=shlex.quote(os.environ.get("PATH", os.defpath)),
            folder=shlex.quote(str(folder)),
            here=shlex.quote(str(Path.cwd())),
            environment=shlex.join(settings),
            command=shlex.join(command),
        )
    )
    # Its memory is a file in `folder`, of which it takes up what it touches: a container's
    # /dev/shm, where it would lie otherwise, is often too small.
    arguments = [kernel, "mem=512M", "rootfstype=hostfs", "rootflags=/", "ro", f"uml_dir={folder}"]
    arguments += ["con=null", "con0=null,fd:1", "init=/bin/sh", "--", str(folder / "init")]
    console = folder / "console"
    with console.open("wb") as log:
        # A session of its own: its programs are processes here too, and end with the group.
        machine = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | {"TMPDIR": str(folder)},
            start_new_session=True,
        )
        began = time.monotonic()
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                machine.wait(seconds)
        finally:
            _end_group(machine)
    said = console.read_text(errors="replace")[-1500:]
    if not (folder / "started").read_text():
        pytest.skip(f"{PROGRAM} (Debian: {PACKAGE}) does not come up here; its last words:\n{said}")
    code, stdout, stderr = ((folder / name).read_text() for name in ("code", "stdout", "stderr"))
    if not code:
        took = time.monotonic() - began
        pytest.fail(f"no end under {PROGRAM} after {took:.0f} s:\n{stderr}\n{said}", pytrace=False)
    return subprocess.CompletedProcess(list(command), int(code), stdout, stderr)


def _end_group(leader: subprocess.Popen[bytes]) -> None:
    """End a process that leads a group, and the group, whichever of them are left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader.pid, signal.SIGKILL)
    leader.wait(10)
