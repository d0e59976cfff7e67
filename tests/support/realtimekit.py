# SPDX-License-Identifier: MIT
"""The real RealtimeKit on a system bus of our own, answered by a policy service that we play.

So both of its answers can be tested, and nobody's system bus is touched. Free of pytest: it runs
under another kernel too (other_kernel.py).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_BUS = "unix:path=/nonexistent/bus"
RTKIT = next(
    (p for p in ("/usr/libexec/rtkit-daemon", "/usr/lib/rtkit-daemon") if Path(p).exists()), ""
)


def answers() -> list[str]:
    """What RealtimeKit can be made to answer here; "none": there is no bus to ask it on."""
    installed = shutil.which("dbus-daemon") is not None and RTKIT != ""
    return ["none", "yes", "no"] if installed else ["none"]


@contextmanager
def buses() -> Iterator[dict[str, str]]:
    """Bus addresses by `answers`. Takes root: RealtimeKit starts as nobody else."""
    if "yes" not in answers():
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
