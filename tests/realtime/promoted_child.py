# SPDX-License-Identifier: MIT
"""A program for the rights matrix: take away its own rights, promote a thread, say what it got.

It starts as root and drops its rights only when everything is imported, because the interpreter
may lie where an ordinary user cannot read it. Prints one JSON line, then keeps the thread alive
until its standard input is closed, so that the test can look at it from outside.

Usage: promoted_child.py ROLE, where ROLE is a key of `ROLES`. The roles with a limit take
CAP_SYS_RESOURCE as well, which a container's root may lack.
"""

from __future__ import annotations

import ctypes
import dataclasses
import json
import os
import resource
import sys
import threading

import jeepney.io.blocking  # noqa: F401 - loaded now, while we may still read it

import tenuto._realtimekit  # noqa: F401
from tenuto._scheduling import promote

NOBODY = 65534
CAP_SETUID, CAP_SYS_NICE = 7, 23
libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    ROLES[sys.argv[1]]()
    handle: list[int] = []
    started, done = threading.Event(), threading.Event()

    def live() -> None:
        handle.append(threading.get_ident())
        started.set()
        done.wait()

    thread = threading.Thread(target=live)
    thread.start()
    started.wait()
    report = promote(handle[0])
    facts = {"uid": os.getuid(), "native_id": thread.native_id}
    print(json.dumps(dataclasses.asdict(report) | facts), flush=True)
    sys.stdin.read()
    done.set()
    thread.join()


def plain_user(rtprio: int = 0, *, capability: bool = False) -> None:
    resource.setrlimit(resource.RLIMIT_RTPRIO, (rtprio, rtprio))
    if capability:
        libc.prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS: only until set_capabilities below
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)  # a change away from 0 takes every capability in force with it
    if capability:
        set_capabilities(1 << CAP_SYS_NICE)


def confined_root() -> None:
    """Root as a container has it: user 0, but not allowed to schedule."""
    resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
    set_capabilities(1 << CAP_SETUID)


def set_capabilities(mask: int) -> None:
    """Make these the effective and permitted capabilities (capset, version 3; see capget(2))."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    data = (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)
    if libc.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")


ROLES = {
    "root": lambda: None,
    "confined-root": confined_root,
    "user-with-rtprio-60": lambda: plain_user(60),
    "user-with-rtprio-20": lambda: plain_user(20),
    "user-with-capability": lambda: plain_user(capability=True),
    "user": plain_user,
}

if __name__ == "__main__":
    main()
