# SPDX-License-Identifier: MIT
"""Promote a thread of a program that has certain rights, and look at it from outside.

Free of pytest, and a program too, so that it can run under another kernel (other_kernel.py):
``python -m support.promoted ROLE:REALTIMEKIT...`` prints one JSON line for each argument.
"""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support.realtimekit import buses

CHILD = Path(__file__).parent.parent / "realtime" / "promoted_child.py"
HIGHEST_LIMIT = 60  # of RLIMIT_RTPRIO, among the roles of promoted_child.py


@dataclass(frozen=True)
class Promoted:
    """What came of asking for real-time priority."""

    report: dict[str, object]  # what Tenuto says, and the thread's number as Python knows it
    outside: tuple[str, int]  # policy and priority as chrt says, while the thread lives
    kernel: str  # the release of the kernel that both were asked of


def promote_in_child(role: str, bus: str) -> Promoted:
    """Start the program in a role, with a bus to look for RealtimeKit on, and ask both sides."""
    environment = {k: v for k, v in os.environ.items() if k != "TENUTO_REALTIME"}
    environment["DBUS_SYSTEM_BUS_ADDRESS"] = bus
    with subprocess.Popen(
        [sys.executable, str(CHILD), role],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        outside = chrt(json.loads(line)["tid"]) if line else ("", 0)
        _, complaint = child.communicate(timeout=30)  # closes its input: it may end now
    assert child.returncode == 0, complaint
    return Promoted(json.loads(line), outside, os.uname().release)


def chrt(tid: int) -> tuple[str, int]:
    """Policy and priority of a thread, as util-linux reads them."""
    words = subprocess.run(["chrt", "-p", str(tid)], capture_output=True, text=True, check=True)
    policy, priority = (line.rpartition(": ")[2] for line in words.stdout.splitlines()[:2])
    return policy.removesuffix("|SCHED_RESET_ON_FORK"), int(priority)


def can_take_on(role: str) -> bool:
    """Whether this process has the rights to set a role up.

    Only root can become somebody else; and a container's root may still lack CAP_SYS_RESOURCE,
    without which the hard RLIMIT_RTPRIO, 0 as a rule, cannot be raised.
    """
    if os.geteuid() != 0:
        return False
    if "rtprio" not in role:
        return True
    soft, hard = resource.getrlimit(resource.RLIMIT_RTPRIO)
    if hard == resource.RLIM_INFINITY or hard >= HIGHEST_LIMIT:
        return True
    try:
        resource.setrlimit(resource.RLIMIT_RTPRIO, (soft, HIGHEST_LIMIT))
    except (OSError, ValueError):
        return False
    resource.setrlimit(resource.RLIMIT_RTPRIO, (soft, hard))
    return True


def main() -> None:
    with buses() as addresses:
        for row in sys.argv[1:]:
            role, _, realtimekit = row.partition(":")
            promoted = promote_in_child(role, addresses[realtimekit])
            print(json.dumps(dataclasses.asdict(promoted)), flush=True)


if __name__ == "__main__":
    main()
