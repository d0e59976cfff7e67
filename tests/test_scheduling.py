# SPDX-License-Identifier: MIT
"""Promotion asks in the right order, believes only the kernel, and never raises."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.servers import need_program
from tenuto import _core, _realtimekit, _scheduling
from tenuto._realtimekit import RealtimeKit, RealtimeKitError
from tenuto._scheduling import promote

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="tells of Linux's ways")


@pytest.fixture(autouse=True)
def no_switch_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENUTO_REALTIME", raising=False)


@pytest.fixture
def live() -> Iterator[threading.Thread]:
    """A thread that does nothing until the test is over."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait, daemon=True)
    thread.start()
    yield thread
    done.set()
    thread.join()


def chrt(tid: int) -> tuple[str, int]:
    from support.promoted import chrt as asked  # it needs what only Linux has

    need_program("chrt", "util-linux")
    return asked(tid)


# --- with the real kernel -------------------------------------------------------------------


@linux_only
def test_report_equals_what_chrt_says_about_the_live_thread(live: threading.Thread) -> None:
    report = promote(live.ident or 0)
    assert (report.policy, report.priority) == chrt(report.tid)
    assert report.tid == live.native_id
    assert report.is_realtime == (report.via in ("direct", "rtkit"))
    assert (report.remedy is None) == (report.error is None)


@linux_only
def test_realtime_false_leaves_the_thread_as_it_was(live: threading.Thread) -> None:
    before = chrt(live.native_id or 0)
    report = promote(live.ident or 0, realtime=False)
    assert chrt(report.tid) == before == (report.policy, report.priority)
    assert (report.via, report.error, report.remedy) == ("off", None, None)


@pytest.mark.parametrize("value", ["0", "off", "False", " no "])
def test_environment_has_the_last_word(
    value: str, live: threading.Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENUTO_REALTIME", value)
    report = promote(live.ident or 0, realtime=True)
    assert report.via == "off"
    assert not report.is_realtime


def test_a_thread_that_is_already_realtime_is_left_alone(live: threading.Thread) -> None:
    if _core.request_realtime(live.ident or 0, "SCHED_RR", 7).error:
        pytest.skip("this user may not make a thread real-time")
    before = _core.read_scheduling(live.ident or 0)
    report = promote(live.ident or 0)
    assert report.via == "already"
    assert (report.policy, report.priority) == (before.policy, before.priority)


@linux_only
def test_pinning_is_read_back(live: threading.Thread) -> None:
    cpu = max(os.sched_getaffinity(0))
    assert promote(live.ident or 0, cpu=cpu).cpu == cpu
    assert os.sched_getaffinity(live.native_id or 0) == {cpu}


@linux_only
def test_a_processor_that_does_not_exist_is_refused_and_the_usable_ones_are_named(
    live: threading.Thread,
) -> None:
    report = promote(live.ident or 0, realtime=False, cpu=900)
    assert report.error == "EINVAL"
    assert report.remedy is not None
    assert "cpu=900" in report.remedy
    assert str(min(os.sched_getaffinity(0))) in report.remedy
    assert os.sched_getaffinity(live.native_id or 0) == os.sched_getaffinity(0)


def test_no_thread_yet_is_reported_not_raised() -> None:
    report = promote(0)
    assert (report.policy, report.via, report.error, report.tid) == ("unknown", "none", "ESRCH", -1)
    assert "ended" in (report.remedy or "")


@linux_only
def test_a_handle_that_points_nowhere_is_reported_not_followed() -> None:
    assert _core.kernel_id(0x1000) == -1
    assert promote(2**47 - 64).error == "ESRCH"


@linux_only
def test_an_ended_thread_is_reported() -> None:
    ended = threading.Thread(target=lambda: None)
    ended.start()
    handle, task = ended.ident or 0, Path(f"/proc/self/task/{ended.native_id}")
    ended.join()
    while task.exists():  # Python's part of the thread ends a little before the kernel's
        time.sleep(0.001)
    assert promote(handle).error == "ESRCH"


def test_handle_and_number_equal_pythons_own(live: threading.Thread) -> None:
    assert _core.current_thread() == threading.get_ident()
    assert _core.kernel_id(live.ident or 0) == live.native_id


def test_an_unknown_policy_or_priority_is_refused(live: threading.Thread) -> None:
    if sys.platform != "linux":
        pytest.skip("elsewhere policy and priority are only words")
    assert _core.request_realtime(live.ident or 0, "SCHED_MAGIC", 1).error == "EINVAL"
    assert _core.request_realtime(live.ident or 0, "SCHED_FIFO", 100).error == "EINVAL"


@linux_only
def test_core_and_python_read_the_same_clock() -> None:
    before, core, after = time.monotonic_ns(), _core.monotonic_ns(), time.monotonic_ns()
    assert before <= core <= after


# --- with a kernel of our own ---------------------------------------------------------------


class Kernel:
    """Stands in for the core: grants what `grants` names and writes down what it was asked."""

    def __init__(self, grants: dict[tuple[str, int], str] | None = None, refusal: str = "EPERM"):
        self.grants = grants or {}
        self.refusal = refusal
        self.policy, self.priority, self.cpu = "SCHED_OTHER", 0, -1
        self.asked: list[tuple[str, int]] = []

    def read_scheduling(self, handle: int) -> Any:
        return self._answer("")

    def request_realtime(self, handle: int, policy: str, priority: int) -> Any:
        self.asked.append((policy, priority))
        if (policy, priority) not in self.grants:
            return self._answer(self.refusal)
        self.policy, self.priority = policy, priority
        return self._answer("")

    def pin(self, handle: int, cpu: int) -> Any:
        return self._answer("EINVAL")

    def kernel_id(self, handle: int) -> int:
        return 4321

    def _answer(self, error: str) -> Any:
        return SimpleNamespace(
            policy=self.policy, priority=self.priority, error=error, cpu=self.cpu
        )


class Service:
    """Stands in for RealtimeKit: makes the kernel's thread real-time, if told to."""

    max_priority, max_rttime_us = 20, 200_000
    kernel: Kernel
    behaviour = "grants"

    def __enter__(self) -> Service:
        if self.behaviour == "absent":
            raise RealtimeKitError("the system bus cannot be reached (no such file)")
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def make_thread_realtime(self, tid: int, priority: int) -> None:
        self.kernel.asked.append(("RealtimeKit", priority))
        if self.behaviour == "refuses":
            raise RealtimeKitError("MakeThreadRealtime: Operation not permitted")
        if self.behaviour == "grants":
            self.kernel.policy, self.kernel.priority = "SCHED_RR", priority


@pytest.fixture
def arrange(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a kernel, a RealtimeKit, an rlimit and a user in place of this machine's."""

    def put(kernel: Kernel, *, service: str = "absent", rtprio: int = 0, uid: int = 1000) -> Kernel:
        import resource

        kind = type("Arranged", (Service,), {"kernel": kernel, "behaviour": service})
        limits = {resource.RLIMIT_RTPRIO: (rtprio, rtprio), resource.RLIMIT_RTTIME: (-1, -1)}
        monkeypatch.setattr(_scheduling, "_core", kernel)
        monkeypatch.setattr("tenuto._realtimekit.RealtimeKit", kind)
        monkeypatch.setattr(resource, "getrlimit", limits.__getitem__)
        monkeypatch.setattr(resource, "setrlimit", limits.__setitem__)
        monkeypatch.setattr(os, "geteuid", lambda: uid)
        kernel.limits = limits  # type: ignore[attr-defined]
        return kernel

    return put


@linux_only
def test_ways_are_tried_in_order_when_all_are_refused(arrange: Any) -> None:
    kernel = arrange(Kernel(), service="refuses")
    report = promote(1)
    assert kernel.asked == [("SCHED_FIFO", 50), ("SCHED_RR", 50), ("RealtimeKit", 20)]
    assert (report.policy, report.via, report.error) == ("SCHED_OTHER", "none", "EPERM")
    assert "RealtimeKit was asked too: MakeThreadRealtime" in (report.remedy or "")


@linux_only
def test_first_way_that_works_ends_the_search(arrange: Any) -> None:
    kernel = arrange(Kernel({("SCHED_FIFO", 50): ""}), service="grants")
    assert promote(1).via == "direct"
    assert kernel.asked == [("SCHED_FIFO", 50)]


@linux_only
def test_an_rlimit_below_50_is_used_up_to_its_value(arrange: Any) -> None:
    kernel = arrange(Kernel({("SCHED_FIFO", 15): ""}), rtprio=15)
    report = promote(1)
    assert (report.policy, report.priority, report.via) == ("SCHED_FIFO", 15, "direct")
    assert kernel.asked == [("SCHED_FIFO", 50), ("SCHED_FIFO", 15)]


@linux_only
def test_round_robin_is_taken_where_only_that_is_allowed(arrange: Any) -> None:
    arrange(Kernel({("SCHED_RR", 50): ""}))
    assert promote(1).policy == "SCHED_RR"


@linux_only
def test_realtimekit_is_asked_for_no_more_than_it_gives(arrange: Any) -> None:
    kernel = arrange(Kernel(), service="grants")
    report = promote(1)
    assert (report.policy, report.priority, report.via) == ("SCHED_RR", 20, "rtkit")
    assert (report.error, report.remedy, report.tid) == (None, None, 4321)
    assert set(kernel.limits.values()) >= {(200_000, 200_000)}


@linux_only
def test_granted_in_name_only_is_reported_as_refused(arrange: Any) -> None:
    arrange(Kernel(), service="says yes and does nothing")
    report = promote(1)
    assert (report.policy, report.via, report.error) == ("SCHED_OTHER", "none", "EPERM")
    assert "it said yes, but the thread is not real-time" in (report.remedy or "")


@linux_only
def test_the_time_limit_is_put_back_when_realtimekit_refuses(arrange: Any) -> None:
    kernel = arrange(Kernel(), service="refuses")
    promote(1)
    assert (200_000, 200_000) not in kernel.limits.values()


@linux_only
@pytest.mark.parametrize(
    ("uid", "refusal", "words"),
    [
        (1000, "EPERM", "/etc/security/limits.d/95-audio.conf"),
        (1000, "EPERM", "the system bus cannot be reached"),
        (0, "EPERM", "--cap-add=SYS_NICE"),
        (1000, "ENOSYS", "refused with ENOSYS"),
        (1000, "ESRCH", "had already ended"),
    ],
)
def test_each_refusal_says_what_to_do(arrange: Any, uid: int, refusal: str, words: str) -> None:
    arrange(Kernel(refusal=refusal), uid=uid)
    report = promote(1)
    assert report.error == refusal
    assert words in (report.remedy or "")


@pytest.mark.parametrize(("system", "words"), [("win32", "MMCSS"), ("darwin", "sandbox")])
def test_other_systems_have_their_own_remedy(
    monkeypatch: pytest.MonkeyPatch, system: str, words: str
) -> None:
    kernel = Kernel()
    monkeypatch.setattr(_scheduling, "_core", kernel)
    monkeypatch.setattr(sys, "platform", system)
    report = promote(1)
    assert kernel.asked == [("SCHED_FIFO", 50)]
    assert words in (report.remedy or "")


def test_a_build_without_the_code_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_scheduling, "_core", Kernel(refusal="ENOTSUP"))
    report = promote(1)
    assert (report.via, report.error) == ("off", "ENOTSUP")
    assert "-DTENUTO_REALTIME=ON" in (report.remedy or "")


def test_a_refused_processor_does_not_hide_a_granted_priority(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_scheduling, "_core", Kernel({("SCHED_FIFO", 50): ""}))
    report = promote(1, cpu=77)
    assert (report.policy, report.via, report.error) == ("SCHED_FIFO", "direct", "EINVAL")
    assert "cpu=77" in (report.remedy or "")


def test_even_a_defect_of_ours_does_not_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_scheduling, "_core", None)
    report = promote(1)
    assert (report.policy, report.via) == ("unknown", "none")
    assert "AttributeError" in (report.remedy or "")


# --- RealtimeKit's bus ----------------------------------------------------------------------


def test_without_jeepney_the_refusal_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jeepney.io.blocking", None)
    with pytest.raises(RealtimeKitError, match="jeepney is not installed"):
        RealtimeKit()


@linux_only
def test_without_a_bus_the_refusal_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    with pytest.raises(RealtimeKitError, match="system bus cannot be reached"):
        RealtimeKit()


@linux_only
def test_a_bus_that_accepts_but_never_answers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'bus'}")
    monkeypatch.setattr(_realtimekit, "_TIMEOUT", 0.05)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "bus"))
        silent.listen()
        with pytest.raises(RealtimeKitError, match="cannot be reached"):
            RealtimeKit()


def test_a_connection_that_hangs_after_the_greeting_is_left_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blocking = pytest.importorskip("jeepney.io.blocking")
    released = threading.Event()
    monkeypatch.setattr(_realtimekit, "_TIMEOUT", 0.05)
    monkeypatch.setattr(blocking, "open_dbus_connection", lambda *_, **__: released.wait())
    try:
        with pytest.raises(RealtimeKitError, match=r"no answer within 0\.1 s"):
            RealtimeKit()
    finally:
        released.set()
