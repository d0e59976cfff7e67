# SPDX-License-Identifier: MIT
"""Whatever rights a user has, the report is what the kernel says, seen from outside.

Each row starts a program that takes the row's rights, promotes one of its threads and prints the
report; `chrt -p`, run by this process, must agree. RealtimeKit is the real daemon on a bus of our
own; only its policy service is played here, so that both of its answers can be tested.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

CHILD = Path(__file__).with_name("promoted_child.py")
NO_BUS = "unix:path=/nonexistent/bus"
RTKIT = next(
    (p for p in ("/usr/libexec/rtkit-daemon", "/usr/lib/rtkit-daemon") if Path(p).exists()), ""
)
REFUSING_WORDS = "Operation not permitted"

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(sys.platform != "linux", reason="the matrix is Linux's"),
    pytest.mark.skipif(
        sys.platform == "linux" and os.geteuid() != 0, reason="only root can take on every role"
    ),
    pytest.mark.skipif(shutil.which("chrt") is None, reason="chrt (package util-linux) is missing"),
]

# Role, RealtimeKit ("none", "yes", "no" by policy), then what must come out: via, policy, priority.
MATRIX = [
    ("root", "none", "direct", "SCHED_FIFO", 50),
    ("root", "yes", "direct", "SCHED_FIFO", 50),
    ("user-with-rtprio-60", "none", "direct", "SCHED_FIFO", 50),
    ("user-with-rtprio-60", "yes", "direct", "SCHED_FIFO", 50),
    ("user-with-rtprio-20", "none", "direct", "SCHED_FIFO", 20),
    ("user-with-capability", "none", "direct", "SCHED_FIFO", 50),
    ("user-with-capability", "yes", "direct", "SCHED_FIFO", 50),
    ("user", "none", "none", "SCHED_OTHER", 0),
    ("user", "yes", "rtkit", "SCHED_RR", 20),
    ("user", "no", "none", "SCHED_OTHER", 0),
    ("confined-root", "none", "none", "SCHED_OTHER", 0),
    ("confined-root", "yes", "rtkit", "SCHED_RR", 20),
]


@dataclass(frozen=True)
class Promoted:
    report: dict[str, object]
    outside: tuple[str, int]  # policy and priority as chrt says, while the thread lives


@pytest.mark.parametrize(("role", "realtimekit", "via", "policy", "priority"), MATRIX)
def test_report_equals_what_chrt_says_from_outside(
    role: str, realtimekit: str, via: str, policy: str, priority: int, buses: dict[str, str]
) -> None:
    if realtimekit not in buses:
        pytest.skip("RealtimeKit cannot be started: packages dbus and rtkit are needed")
    promoted = promote_in_child(role, buses[realtimekit])
    report = promoted.report
    assert (report["policy"], report["priority"]) == promoted.outside
    assert report["tid"] == report["native_id"]
    assert (report["via"], report["policy"], report["priority"]) == (via, policy, priority)
    if via == "none":
        assert report["error"] == "EPERM"
        assert report["remedy"]
    else:
        assert report["error"] is None
        assert report["remedy"] is None


def test_a_user_without_rights_is_told_the_file_and_the_line(buses: dict[str, str]) -> None:
    remedy = str(promote_in_child("user", buses["none"]).report["remedy"])
    assert '"@audio - rtprio 95"' in remedy
    assert "/etc/security/limits.d/" in remedy
    assert "RealtimeKit was asked too: the system bus cannot be reached" in remedy


def test_a_confined_root_is_told_how_to_start_the_container(buses: dict[str, str]) -> None:
    remedy = str(promote_in_child("confined-root", buses["none"]).report["remedy"])
    assert "--cap-add=SYS_NICE" in remedy


def test_a_refusal_by_realtimekits_policy_is_quoted(buses: dict[str, str]) -> None:
    if "no" not in buses:
        pytest.skip("RealtimeKit cannot be started: packages dbus and rtkit are needed")
    assert REFUSING_WORDS in str(promote_in_child("user", buses["no"]).report["remedy"])


def promote_in_child(role: str, bus: str) -> Promoted:
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
    if child.returncode == 77:
        pytest.skip(complaint.strip())
    assert child.returncode == 0, complaint
    return Promoted(json.loads(line), outside)


def chrt(tid: int) -> tuple[str, int]:
    words = subprocess.run(["chrt", "-p", str(tid)], capture_output=True, text=True, check=True)
    policy, priority = (line.rpartition(": ")[2] for line in words.stdout.splitlines()[:2])
    return policy.removesuffix("|SCHED_RESET_ON_FORK"), int(priority)


@pytest.fixture(scope="module")
def buses() -> Iterator[dict[str, str]]:
    """Bus addresses by what RealtimeKit will answer on them; "none" has no bus at all."""
    if shutil.which("dbus-daemon") is None or not RTKIT:
        yield {"none": NO_BUS}
        return
    with realtimekit(authorize=True) as yes, realtimekit(authorize=False) as no:
        yield {"none": NO_BUS, "yes": yes, "no": no}


BUS_CONFIGURATION = """<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/></policy></busconfig>
"""


@contextmanager
def realtimekit(*, authorize: bool) -> Iterator[str]:
    """A private system bus with the real RealtimeKit and a policy service that we play."""
    # Not pytest's own folder: an ordinary user must be able to reach the socket.
    folder = Path(tempfile.mkdtemp(prefix="tenuto-bus-"))
    folder.chmod(0o755)
    address = f"unix:path={folder / 'bus'}"
    configuration = folder / "bus.conf"
    configuration.write_text(BUS_CONFIGURATION.format(socket=folder / "bus"))
    environment = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": address}
    # No log files: RealtimeKit forbids itself to write to any, and is killed when it does.
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started: list[subprocess.Popen[bytes]] = []
    policy: PolicyService | None = None
    try:
        bus = ["dbus-daemon", f"--config-file={configuration}", "--nofork", "--nopidfile"]
        started.append(subprocess.Popen(bus, **quiet))
        wait_until((folder / "bus").exists, "the bus")
        policy = PolicyService(address, authorize=authorize)
        daemon = [RTKIT, "--no-canary"]  # its load watchdog would make the result depend on load
        started.append(subprocess.Popen(daemon, env=environment, **quiet))
        wait_until(lambda: policy.knows("org.freedesktop.RealtimeKit1"), "RealtimeKit")
        yield address
    finally:
        if policy is not None:
            policy.close()
        for process in reversed(started):
            process.terminate()
            process.wait(timeout=10)
        shutil.rmtree(folder)


def wait_until(condition: object, what: str) -> None:
    deadline = time.monotonic() + 10
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"{what} did not start within 10 s"
        time.sleep(0.01)


class PolicyService:
    """Answers RealtimeKit's only question to the policy service (polkit) with yes or no."""

    def __init__(self, address: str, *, authorize: bool) -> None:
        from jeepney import message_bus
        from jeepney.io.blocking import open_dbus_connection

        self._authorize = authorize
        self._connection = open_dbus_connection(address)
        self._asking = open_dbus_connection(address)
        self._connection.send_and_get_reply(
            message_bus.RequestName("org.freedesktop.PolicyKit1"), timeout=5
        )
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def knows(self, name: str) -> bool:
        from jeepney import message_bus

        reply = self._asking.send_and_get_reply(message_bus.NameHasOwner(name), timeout=5)
        return bool(reply.body[0])

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        self._connection.close()
        self._asking.close()

    def _serve(self) -> None:
        from jeepney import MessageType, new_method_return

        while not self._closing.is_set():
            try:
                message = self._connection.receive(timeout=0.1)
            except TimeoutError:
                continue
            if message.header.message_type is MessageType.method_call:
                answer = ((self._authorize, False, {}),)
                self._connection.send(new_method_return(message, "(bba{ss})", answer))
