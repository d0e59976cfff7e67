# SPDX-License-Identifier: MIT
"""The doctor looks at everything, breaks on nothing, and has a remedy for what is wrong."""

from __future__ import annotations

import gzip
import json
import os
import resource
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import tenuto
from tenuto import _machine, doctor
from tenuto.cli.doctor import doctor as command
from tenuto.doctor import Finding, check

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="most checks are Linux's")

NAMES = [
    "real-time limit",
    "locked memory",
    "real-time watchdog",
    "real-time trial",
    "RealtimeKit",
    "audio group",
    "kernel preemption",
    "CPU governor",
    "JACK",
    "PipeWire",
    "PulseAudio",
    "ALSA",
    "devices",
    "SIMD",
    "versions",
]


def only(findings: Any) -> Finding:
    (one,) = findings
    assert isinstance(one, Finding)
    return one


# --- the whole ------------------------------------------------------------------------------


def test_every_check_gives_its_finding_in_a_fixed_order() -> None:
    findings = check()
    assert [one.name for one in findings] == NAMES
    assert {one.status for one in findings} <= {"ok", "info", "warn", "fail"}
    assert all(one.finding and one.evidence for one in findings)
    assert all(one.remedy for one in findings if one.status in ("warn", "fail")), findings


def test_a_broken_check_is_a_finding_and_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def _governor() -> list[Finding]:
        raise RuntimeError("sensor on fire")

    monkeypatch.setattr(doctor, "_governor", _governor)
    findings = {one.name: one for one in check()}
    assert findings["governor"].evidence == "RuntimeError: sensor on fire"
    assert "versions" in findings


# --- the command ----------------------------------------------------------------------------


@pytest.fixture
def app() -> typer.Typer:
    single = typer.Typer()
    single.command()(command)
    return single


def test_json_is_a_list_of_findings(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["--json"])
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert [row["name"] for row in rows] == NAMES
    assert set(rows[0]) == {"name", "status", "finding", "evidence", "remedy"}


def test_table_is_followed_by_remedies_that_can_be_copied(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    remedy = "Write the line [audio] to /etc/" + "x" * 200 + ".conf"
    finding = Finding("real-time limit", "warn", "none", "RLIMIT_RTPRIO 0", remedy)
    monkeypatch.setattr("tenuto.cli.doctor.check", lambda: [finding])
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0
    assert remedy in result.stdout  # in one piece, and not taken for markup


def test_help_shows_an_example(app: typer.Typer) -> None:
    assert "tenuto doctor --json" in CliRunner().invoke(app, ["--help"]).stdout


# --- rights ---------------------------------------------------------------------------------


@pytest.fixture
def as_user(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Pretend to be an ordinary user with these limits and no capability."""

    def put(**limits: int) -> None:
        values = {
            resource.RLIMIT_RTPRIO: limits.get("rtprio", 0),
            resource.RLIMIT_MEMLOCK: limits.get("memlock", 0),
            resource.RLIMIT_RTTIME: limits.get("rttime", resource.RLIM_INFINITY),
        }
        monkeypatch.setattr(resource, "getrlimit", lambda which: (values[which], values[which]))
        monkeypatch.setattr(doctor, "has_capability", lambda bit: False)

    return put


@pytest.mark.parametrize(
    ("rtprio", "status"), [(0, "warn"), (20, "warn"), (50, "ok"), (95, "ok"), (-1, "ok")]
)
def test_realtime_limit_must_reach_the_priority_that_is_asked_for(
    as_user: Any, rtprio: int, status: str
) -> None:
    as_user(rtprio=rtprio)
    one = only(doctor._rtprio())
    assert one.status == status
    if status == "warn":
        assert "/etc/security/limits.d/95-audio.conf" in (one.remedy or "")
        assert "@audio - rtprio 95" in (one.remedy or "")


def test_capability_makes_the_realtime_limit_unimportant(
    as_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(rtprio=0)
    monkeypatch.setattr(doctor, "has_capability", lambda bit: bit == 23)
    assert only(doctor._rtprio()).status == "ok"


@pytest.mark.parametrize(
    ("memlock", "status"), [(64 * 1024, "warn"), (8 * 2**20, "info"), (2**30, "ok"), (-1, "ok")]
)
def test_locked_memory_is_told_in_channels(as_user: Any, memlock: int, status: str) -> None:
    as_user(memlock=memlock)
    one = only(doctor._memlock())
    assert one.status == status
    assert (one.remedy is None) == (status == "ok")


def test_watchdog_that_would_kill_the_audio_thread_is_a_warning(as_user: Any) -> None:
    as_user(rttime=5_000)
    assert only(doctor._rttime()).status == "warn"
    as_user(rttime=200_000)
    assert only(doctor._rttime()).finding.startswith("a real-time thread that computes 200 ms")


def test_trial_reports_what_a_thread_really_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENUTO_REALTIME", "0")
    one = only(doctor._trial())
    assert one.status == "info"
    assert "TENUTO_REALTIME" in (one.remedy or "")


def test_missing_bus_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    one = only(doctor._realtimekit())
    assert one.status == "info"
    assert "system bus cannot be reached" in one.evidence
    assert "rtkit" in (one.remedy or "")


@pytest.mark.parametrize(
    ("uid", "groups", "members", "status"),
    [
        (1000, [29], [], "ok"),
        (1000, [], ["ada"], "warn"),
        (1000, [], [], "warn"),
        (0, [], [], "ok"),
    ],
)
def test_audio_group_of_this_session_counts(
    monkeypatch: pytest.MonkeyPatch, uid: int, groups: list[int], members: list[str], status: str
) -> None:
    import grp
    import pwd

    monkeypatch.setattr(grp, "getgrnam", lambda _: SimpleNamespace(gr_gid=29, gr_mem=members))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_name="ada"))
    monkeypatch.setattr(os, "getgroups", lambda: groups)
    monkeypatch.setattr(os, "getegid", lambda: 1000)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    one = only(doctor._audio_group())
    assert one.status == status
    if members:
        assert one.remedy == "Log out and in again."


# --- kernel ---------------------------------------------------------------------------------


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


DYNAMIC = "Linux version 6.1.0 #1 SMP PREEMPT_DYNAMIC"


@pytest.mark.parametrize(
    ("files", "model"),
    [
        ({"proc/version": "Linux version 6.1.0-rt #1 SMP PREEMPT_RT"}, "rt"),
        ({"sys/kernel/realtime": "1\n"}, "rt"),
        ({"sys/kernel/debug/sched/preempt": "none voluntary (full) lazy\n"}, "full"),
        ({"proc/version": DYNAMIC, "proc/cmdline": "quiet preempt=voluntary"}, "voluntary"),
        ({"proc/version": "Linux version 5.4 #1 SMP PREEMPT Mon"}, "full"),
        ({"proc/version": "Linux version 5.4 #1 SMP Mon"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_preemption_model_is_read_where_the_kernel_tells_it(
    tmp_path: Path, files: dict[str, str], model: str
) -> None:
    assert _machine.preemption_model(machine(tmp_path, files))[0] == model


@pytest.mark.parametrize("model", ["none", "voluntary", "lazy"])
def test_preemption_model_falls_back_to_the_built_in_one(tmp_path: Path, model: str) -> None:
    root = machine(tmp_path, {"proc/version": DYNAMIC, "proc/cmdline": "quiet"})
    config = f"CONFIG_SMP=y\nCONFIG_PREEMPT_{model.upper()}=y\n".encode()
    (root / "proc/config.gz").write_bytes(gzip.compress(config))
    found, evidence = _machine.preemption_model(root)
    assert found == model
    assert "PREEMPT_DYNAMIC" in evidence


def test_a_kernel_that_does_not_give_way_has_a_boot_parameter_as_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor, "preemption_model", lambda: ("none", "PREEMPT_DYNAMIC, built so"))
    one = only(doctor._preemption())
    assert one.status == "warn"
    assert "preempt=full" in (one.remedy or "")
    assert "/etc/default/grub" in (one.remedy or "")


@pytest.mark.parametrize(
    ("governors", "status"),
    [
        ({}, "info"),
        ({"cpu0": "performance", "cpu1": "performance"}, "ok"),
        ({"cpu0": "performance", "cpu1": "powersave"}, "warn"),
    ],
)
def test_every_processor_must_stay_at_full_speed(
    monkeypatch: pytest.MonkeyPatch, governors: dict[str, str], status: str
) -> None:
    monkeypatch.setattr(doctor, "cpu_governors", lambda: governors)
    assert only(doctor._governor()).status == status


def test_governors_and_processes_are_read_from_the_kernels_files(tmp_path: Path) -> None:
    cpu = "sys/devices/system/cpu"
    files = {f"{cpu}/cpu{i}/cpufreq/scaling_governor": f"{g}\n" for i, g in enumerate(["a", "b"])}
    root = machine(tmp_path, files | {"proc/41/comm": "jackd\n", "proc/7/comm": "init\n"})
    assert _machine.cpu_governors(root) == {"cpu0": "a", "cpu1": "b"}
    assert _machine.process_names(root) == [(7, "init"), (41, "jackd")]


def test_capability_is_read_from_the_effective_set(tmp_path: Path) -> None:
    root = machine(tmp_path, {"proc/self/status": "Name:\tx\nCapEff:\t0000000000800000\n"})
    assert _machine.has_capability(23, root)
    assert not _machine.has_capability(14, root)


# --- sound and versions ---------------------------------------------------------------------


def test_running_servers_are_found_by_process_and_by_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(tmp_path, {"pulse/native": ""})
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(doctor, "process_names", lambda: [(12, "jackd")])
    found = {one.name: one for one in doctor._sound_servers()}
    assert found["JACK"].evidence == "process 12 jackd"
    assert found["PulseAudio"].status == "ok"
    assert found["PipeWire"].status == "info"


@pytest.mark.parametrize(
    ("listed", "status"),
    [
        ([SimpleNamespace(backend="virtual", name="virtual")], "warn"),
        ([SimpleNamespace(backend="alsa", name="Scarlett")], "ok"),
    ],
)
def test_only_hardware_and_servers_count_as_devices(
    monkeypatch: pytest.MonkeyPatch, listed: list[Any], status: str
) -> None:
    monkeypatch.setattr(tenuto, "devices", lambda: listed)
    assert only(doctor._devices()).status == status


def test_a_device_library_that_throws_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def devices() -> list[Any]:
        raise OSError("the driver is upset")

    monkeypatch.setattr(tenuto, "devices", devices)
    one = only(doctor._devices())
    assert (one.status, one.evidence) == ("warn", "OSError: the driver is upset")


def test_a_missing_package_is_a_failure_with_the_command_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from importlib import metadata

    def version(name: str) -> str:
        if name == "soxr":
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(metadata, "version", version)
    one = only(doctor._versions())
    assert one.status == "fail"
    assert f"{sys.executable} -m pip install soxr" in (one.remedy or "")
    assert "libsndfile" in one.evidence
