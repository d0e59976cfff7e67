# SPDX-License-Identifier: MIT
"""Checks of the machine: what stands between it and audio that is never late.

`check` runs them all and returns findings; nothing is changed and nothing raises. A thing that is
missing (in a container, on another system) is a finding like any other.
"""

from __future__ import annotations

import os
import platform
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ._machine import (
    cpu_governors,
    exists,
    has_capability,
    preemption_model,
    process_names,
    read_text,
)

__all__ = ["Finding", "check"]

Status = Literal["ok", "info", "warn", "fail"]

_LIMITS_FILE = "/etc/security/limits.d/95-audio.conf"
_LOG_IN_AGAIN = "then log out and in again"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        What was looked at; stays the same between releases, so scripts may look for it.
    status : str
        ``"ok"``, ``"info"`` (neither good nor bad), ``"warn"`` (works, but may lose audio under
        load) or ``"fail"`` (something will not work).
    finding : str
        The result in one sentence.
    evidence : str
        Where that was read, with the value found there.
    remedy : str or None
        What to do; None when there is nothing to do.
    """

    name: str
    status: Status
    finding: str
    evidence: str
    remedy: str | None = None


def check() -> list[Finding]:
    """Look at everything that decides whether audio is on time.

    Returns
    -------
    list of Finding
        In a fixed order: rights, a trial, the kernel, sound servers, devices, SIMD, versions.

    Examples
    --------
    >>> [finding.name for finding in check()][-1]
    'versions'
    """
    linux: list[Callable[[], Iterable[Finding]]] = [
        _rtprio,
        _memlock,
        _rttime,
        _trial,
        _realtimekit,
        _audio_group,
        _preemption,
        _governor,
        _sound_servers,
        _devices,
        _simd,
        _versions,
    ]
    elsewhere: list[Callable[[], Iterable[Finding]]] = [_trial, _devices, _simd, _versions]
    findings: list[Finding] = []
    for one in linux if sys.platform == "linux" else elsewhere:
        try:
            findings.extend(one())
        except Exception as error:  # one broken check must not hide the others
            name = one.__name__.strip("_").replace("_", " ")
            text = f"{type(error).__name__}: {error}"
            findings.append(Finding(name, "warn", "could not be checked", text))
    return findings


# --- rights ---------------------------------------------------------------------------------


def _rtprio() -> Iterable[Finding]:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_RTPRIO)
    evidence = f"RLIMIT_RTPRIO {_limit(soft)} (hard {_limit(hard)})"
    best = 99 if hard == resource.RLIM_INFINITY else hard
    if has_capability(23):
        text = "any priority may be asked for (CAP_SYS_NICE)"
        yield Finding("real-time limit", "ok", text, evidence)
    elif best >= 50:
        yield Finding("real-time limit", "ok", f"priorities up to {best} may be used", evidence)
    elif best > 0:
        text = f"only priorities up to {best} may be used; 50 is asked for"
        yield Finding("real-time limit", "warn", text, evidence, _limits_line("rtprio 95"))
    else:
        text = "this user may not use real-time priorities directly"
        yield Finding("real-time limit", "warn", text, evidence, _limits_line("rtprio 95"))


def _memlock() -> Iterable[Finding]:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    evidence = f"RLIMIT_MEMLOCK {_limit(soft, 'bytes')} (hard {_limit(hard, 'bytes')})"
    if soft == resource.RLIM_INFINITY or has_capability(14):
        yield Finding("locked memory", "ok", "as much as needed may be locked", evidence)
        return
    # The largest thing that is locked: a recorder's ring, 10 s of float32 at 48 kHz.
    channels = soft // (10 * 48_000 * 4)
    text = f"{soft / 2**20:.0f} MiB may be locked: the recording buffer of {channels} channels"
    status: Status = "ok" if channels >= 32 else "info" if channels >= 2 else "warn"
    remedy = None if status == "ok" else _limits_line("memlock unlimited")
    yield Finding("locked memory", status, text, evidence, remedy)


def _rttime() -> Iterable[Finding]:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_RTTIME)
    evidence = f"RLIMIT_RTTIME {_limit(soft, 'µs')} (hard {_limit(hard, 'µs')})"
    if soft == resource.RLIM_INFINITY:
        yield Finding("real-time watchdog", "ok", "a real-time thread has no time limit", evidence)
        return
    text = f"a real-time thread that computes {soft / 1000:g} ms without a pause is killed"
    low = soft < 20_000
    remedy = "Remove the rttime line from /etc/security/limits.d/*.conf." if low else None
    yield Finding("real-time watchdog", "warn" if low else "info", text, evidence, remedy)


def _trial() -> Iterable[Finding]:
    from ._scheduling import SchedulingReport, promote

    handle: list[int] = []
    started, done = threading.Event(), threading.Event()

    def live() -> None:
        handle.append(threading.get_ident())
        started.set()
        done.wait()

    thread = threading.Thread(target=live, name="tenuto-doctor", daemon=True)
    thread.start()
    started.wait()
    try:
        report: SchedulingReport = promote(handle[0])
    finally:
        done.set()
        thread.join()
    evidence = f"thread {report.tid}: {report.policy} {report.priority}, via {report.via}"
    if report.is_realtime:
        text = f"a thread gets {report.policy} at priority {report.priority}"
        yield Finding("real-time trial", "ok", text, evidence)
    elif report.via == "off":
        remedy = report.remedy or "Unset TENUTO_REALTIME in the environment to have it back."
        yield Finding("real-time trial", "info", "real-time priority is off", evidence, remedy)
    else:
        text = f"a thread stays at {report.policy} ({report.error})"
        yield Finding("real-time trial", "warn", text, evidence, report.remedy)


def _realtimekit() -> Iterable[Finding]:
    from ._realtimekit import RealtimeKit, RealtimeKitError

    try:
        with RealtimeKit() as service:
            text = f"gives up to priority {service.max_priority}"
            evidence = f"system bus; largest RLIMIT_RTTIME {service.max_rttime_us} µs"
    except RealtimeKitError as error:
        remedy = (
            "Only needed without the real-time limit above. Debian, Raspberry Pi OS: "
            "`sudo apt install rtkit`; Fedora: `sudo dnf install rtkit`."
        )
        yield Finding("RealtimeKit", "info", "cannot be used", str(error), remedy)
    else:
        yield Finding("RealtimeKit", "ok", text, evidence)


def _audio_group() -> Iterable[Finding]:
    import grp
    import pwd

    try:
        group = grp.getgrnam("audio")
    except KeyError:
        text = "this system has no group audio"
        yield Finding("audio group", "info", text, "/etc/group")
        return
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = str(os.geteuid())
    evidence = f"user {user}, group audio is {group.gr_gid}"
    if group.gr_gid in (*os.getgroups(), os.getegid()):
        yield Finding("audio group", "ok", "this session belongs to it", evidence)
    elif os.geteuid() == 0:
        yield Finding("audio group", "ok", "not needed as root", evidence)
    elif user in group.gr_mem:
        text = "the user belongs to it, but this session is older than that"
        yield Finding("audio group", "warn", text, evidence, "Log out and in again.")
    else:
        text = "this user does not belong to it: no direct access to sound cards, no audio limits"
        remedy = f"`sudo usermod -aG audio {user}`, {_LOG_IN_AGAIN}."
        yield Finding("audio group", "warn", text, evidence, remedy)


# --- kernel ---------------------------------------------------------------------------------


def _preemption() -> Iterable[Finding]:
    model, evidence = preemption_model()
    if model in ("rt", "full"):
        text = "PREEMPT_RT" if model == "rt" else "full: the kernel gives way almost anywhere"
        yield Finding("kernel preemption", "ok", text, evidence)
    elif model == "unknown":
        yield Finding("kernel preemption", "info", "cannot be told", evidence)
    else:
        text = f"{model}: a system call of any program can delay the audio thread"
        yield Finding("kernel preemption", "warn", text, evidence, _preempt_remedy(evidence))


def _preempt_remedy(evidence: str) -> str:
    if "PREEMPT_DYNAMIC" in evidence or "/sys/kernel/debug" in evidence:
        return (
            "Add preempt=full to GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub, run "
            "`sudo update-grub` (Fedora: `sudo grubby --update-kernel=ALL --args=preempt=full`; "
            "Raspberry Pi: add it to /boot/firmware/cmdline.txt), restart."
        )
    return "Install a real-time kernel (Debian: `sudo apt install linux-image-rt-amd64`), restart."


def _governor() -> Iterable[Finding]:
    governors = cpu_governors()
    if not governors:
        text = "the kernel does not change the clock rate here (usual in a virtual machine)"
        yield Finding("CPU governor", "info", text, "/sys/devices/system/cpu/cpu*/cpufreq")
        return
    kinds = sorted(set(governors.values()))
    evidence = f"scaling_governor of {len(governors)} processors: {', '.join(kinds)}"
    if kinds == ["performance"]:
        yield Finding("CPU governor", "ok", "processors stay at full speed", evidence)
        return
    text = f"{', '.join(kinds)}: a processor may be slow when a block arrives"
    remedy = "`sudo cpupower frequency-set -g performance` (package linux-cpupower; until restart)."
    yield Finding("CPU governor", "warn", text, evidence, remedy)


# --- sound ----------------------------------------------------------------------------------

#: Server, its process names, its sockets below the user's runtime folder.
_SERVERS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("JACK", ("jackd", "jackdbus"), ()),
    ("PipeWire", ("pipewire",), ("pipewire-0",)),
    ("PulseAudio", ("pulseaudio", "pipewire-pulse"), ("pulse/native",)),
)


def _sound_servers() -> Iterable[Finding]:
    running = process_names()
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    for name, programs, sockets in _SERVERS:
        seen = [f"process {pid} {program}" for pid, program in running if program in programs]
        seen += [f"socket {folder / socket}" for socket in sockets if exists(folder / socket)]
        if seen:
            yield Finding(name, "ok", "running", ", ".join(seen))
        else:
            looked = f"no process {' or '.join(programs)}"
            looked += "".join(f", no {folder / socket}" for socket in sockets)
            yield Finding(name, "info", "not running", looked)
    cards = [
        line.strip() for line in read_text(Path("/proc/asound/cards")).splitlines() if "[" in line
    ]
    if cards:
        yield Finding("ALSA", "ok", f"{len(cards)} sound card(s)", "; ".join(cards))
    else:
        yield Finding("ALSA", "info", "no sound card", "/proc/asound/cards")


def _devices() -> Iterable[Finding]:
    import tenuto

    try:
        devices = list(tenuto.devices())
    except Exception as error:  # a broken driver is a finding, whatever it throws
        text = f"{type(error).__name__}: {error}"
        remedy = 'Record from device="virtual" to see whether the rest works.'
        yield Finding("devices", "warn", "could not be listed", text, remedy)
        return
    real = [device for device in devices if str(getattr(device, "backend", "")) != "virtual"]
    if real:
        names = "; ".join(str(getattr(device, "name", device)) for device in real)
        yield Finding("devices", "ok", f"{len(real)} found", names)
        return
    remedy = (
        "Connect a sound card or start a sound server (`pulseaudio --start`, `systemctl --user "
        'start pipewire`); without one, use device="virtual".'
    )
    yield Finding("devices", "warn", "none found", "tenuto.devices() lists no hardware", remedy)


# --- the core -------------------------------------------------------------------------------


def _simd() -> Iterable[Finding]:
    from . import _core

    level, levels = _core.simd_level(), _core.simd_levels()
    forced = os.environ.get("TENUTO_SIMD")
    evidence = f"TENUTO_SIMD={forced or ''}; this processor runs {', '.join(levels)}"
    if level == levels[-1]:
        yield Finding("SIMD", "ok", f"{level}: the best that this processor runs", evidence)
    else:
        text = f"{level}, though {levels[-1]} would be quicker"
        yield Finding("SIMD", "info", text, evidence, "Unset TENUTO_SIMD in the environment.")


# --- versions -------------------------------------------------------------------------------


def _versions() -> Iterable[Finding]:
    from importlib import metadata

    parts, missing = [], []
    for name in ("tenuto", "numpy", "soundfile", "miniaudio", "soxr"):
        try:
            parts.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
        if name == "soundfile" and name not in missing:
            parts.append(f"libsndfile {_libsndfile_version()}")
    parts += [f"Python {platform.python_version()}", platform.platform()]
    evidence = ", ".join(parts)
    if missing:
        text = f"not installed: {', '.join(missing)}"
        remedy = f"`{sys.executable} -m pip install {' '.join(missing)}`"
        yield Finding("versions", "fail", text, evidence, remedy)
    else:
        yield Finding("versions", "ok", "all packages are installed", evidence)


def _libsndfile_version() -> str:
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: the package is there, its library is not
        return f"unusable ({error})"
    return str(soundfile.__libsndfile_version__)


def _limit(value: int, unit: str = "") -> str:
    import resource

    if value == resource.RLIM_INFINITY:
        return "unlimited"
    return f"{value} {unit}".strip()


def _limits_line(right: str) -> str:
    return (
        f'Write the line "@audio - {right}" to {_LIMITS_FILE}, '
        f"run `sudo usermod -aG audio $USER`, {_LOG_IN_AGAIN}."
    )
