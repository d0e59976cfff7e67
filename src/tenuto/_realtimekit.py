# SPDX-License-Identifier: MIT
"""RealtimeKit: a system service that gives real-time priority to ordinary users' threads.

The one place that talks D-Bus (with jeepney, imported when asked for). Source of the interface:
RealtimeKit's own README. Everything here may raise; `_scheduling` turns that into a report.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

_NAME = "org.freedesktop.RealtimeKit1"
_PATH = "/org/freedesktop/RealtimeKit1"
_TIMEOUT = 2.0  # seconds; the bus may have to start the service first


class RealtimeKitError(Exception):
    """RealtimeKit could not be asked, or said no; the text says which."""


class RealtimeKit:
    """A connection to the service, for one request; use it in a ``with`` statement.

    Raises
    ------
    RealtimeKitError
        jeepney is not installed, or there is no system bus.
    """

    def __init__(self) -> None:
        try:
            from jeepney.io.blocking import open_dbus_connection
        except ImportError as error:
            raise RealtimeKitError("the Python package jeepney is not installed") from error
        self._connection = _connect(open_dbus_connection)

    def __enter__(self) -> RealtimeKit:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @property
    def max_priority(self) -> int:
        """Highest priority the service gives, 1 to 99 (20 unless its administrator says other)."""
        return self._property("MaxRealtimePriority")

    @property
    def max_rttime_us(self) -> int:
        """Largest RLIMIT_RTTIME it accepts, in microseconds of computing without a pause."""
        return self._property("RTTimeUSecMax")

    def make_thread_realtime(self, tid: int, priority: int) -> None:
        """Ask for SCHED_RR for the thread `tid` of this process.

        Parameters
        ----------
        tid : int
            The kernel's number of the thread.
        priority : int
            1 to `max_priority`.

        Raises
        ------
        RealtimeKitError
            The service is not there, or refused; the text is its own.
        """
        self._call(_PATH, _NAME, "MakeThreadRealtime", "tu", (tid, priority))

    def _property(self, name: str) -> int:
        body = self._call(_PATH, "org.freedesktop.DBus.Properties", "Get", "ss", (_NAME, name))
        return int(body[0][1])  # a variant: (its type, its value)

    def _call(
        self, path: str, interface: str, method: str, signature: str, body: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        from jeepney import DBusAddress, MessageType, new_method_call

        message = new_method_call(DBusAddress(path, _NAME, interface), method, signature, body)
        try:
            reply = self._connection.send_and_get_reply(message, timeout=_TIMEOUT)
        except Exception as error:  # timeout, connection closed
            raise RealtimeKitError(f"{method} was not answered ({_words(error)})") from error
        if reply.header.message_type is MessageType.error:
            text = str(reply.body[0]) if reply.body else "no reason given"
            raise RealtimeKitError(f"{method}: {text.rstrip('.')}")
        answer: tuple[Any, ...] = reply.body
        return answer


def _connect(open_dbus_connection: Callable[..., Any]) -> Any:
    """Connect to the system bus, or give up after a while.

    jeepney waits without limit for the bus's first answer, and whoever opens a device is waiting
    for us. So the connection is made on a thread that can be left behind.
    """
    made: list[Any] = []
    failed: list[Exception] = []

    def connect() -> None:
        try:
            made.append(open_dbus_connection("SYSTEM", auth_timeout=_TIMEOUT))
        except Exception as error:  # no socket, no rights: all "no bus" to the user
            failed.append(error)

    thread = threading.Thread(target=connect, name="tenuto-dbus", daemon=True)
    thread.start()
    thread.join(2 * _TIMEOUT)
    if made:
        return made[0]
    reason = _words(failed[0]) if failed else f"no answer within {2 * _TIMEOUT:g} s"
    raise RealtimeKitError(f"the system bus cannot be reached ({reason})")


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
