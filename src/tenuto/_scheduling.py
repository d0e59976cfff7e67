# SPDX-License-Identifier: MIT
"""Ask for real-time priority for a thread, and report what it really got.

Runs on a control thread, never on the audio thread (design: the audio thread only publishes its
handle). Every step is judged by what the kernel says afterwards. Nothing here raises: a recording
without real-time priority is better than none, and the report says how to get it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Literal

from . import _core

__all__ = ["SchedulingReport", "promote"]

Via = Literal["already", "direct", "rtkit", "none", "off"]

#: Above ordinary work, below the sound server (JACK and PipeWire take 70 to 88) and the kernel's
#: interrupt threads (50 and up; equal is enough, as they do not compute for long).
_PRIORITY = 50

_REALTIME = frozenset(
    {"SCHED_FIFO", "SCHED_RR", "SCHED_DEADLINE", "TIME_CONSTRAINT", "MMCSS", "TIME_CRITICAL"}
)
_OFF = frozenset({"0", "off", "false", "no"})


@dataclass(frozen=True, slots=True)
class SchedulingReport:
    """How the audio thread is scheduled, and what to do if that is not enough.

    Attributes
    ----------
    policy : str
        What the kernel says: ``"SCHED_FIFO"``, ``"SCHED_RR"`` or ``"SCHED_OTHER"`` on Linux,
        ``"TIME_CONSTRAINT"`` on macOS, ``"MMCSS"`` or ``"TIME_CRITICAL"`` on Windows when
        real-time; ``"unknown"`` when it could not be asked.
    priority : int
        Linux: 1 to 99 for the real-time policies, else 0. Elsewhere the system's own number.
    via : str
        ``"already"`` it was real-time before (JACK, PipeWire), ``"direct"`` granted by the
        system, ``"rtkit"`` granted through RealtimeKit, ``"none"`` refused, ``"off"`` not asked.
    cpu : int or None
        The only processor the thread may run on, counted from 0; None when several.
    error : str or None
        Why the last refused step was refused, as an errno name; None when nothing was.
    remedy : str or None
        What to do about `error`.
    tid : int
        The kernel's number of the thread, as ``chrt -p`` takes it; -1 when unknown.
    """

    policy: str
    priority: int
    via: Via
    cpu: int | None
    error: str | None
    remedy: str | None
    tid: int

    @property
    def is_realtime(self) -> bool:
        """Whether ordinary work on the same processor cannot delay the thread."""
        return self.policy in _REALTIME


def promote(
    handle: int, *, realtime: bool | None = None, cpu: int | None = None
) -> SchedulingReport:
    """Ask for real-time priority for a live thread of this process; never raises.

    Parameters
    ----------
    handle : int
        The thread, as the core publishes it; equals `threading.get_ident` of it. The thread must
        be running until the call returns.
    realtime : bool, optional
        False leaves the priority alone. So does ``TENUTO_REALTIME=0`` in the environment,
        whatever is given here: it is the last word of whoever starts the program.
    cpu : int, optional
        Tie the thread to this processor, counted from 0.

    Returns
    -------
    SchedulingReport
        What the kernel says about the thread afterwards.

    Examples
    --------
    >>> import threading
    >>> promote(threading.get_ident(), realtime=False).via
    'off'
    """
    try:
        return _promote(handle, realtime, cpu)
    except Exception as error:  # a defect here must not cost a recording
        text = f"Please report this: {type(error).__name__}: {error}"
        return SchedulingReport("unknown", 0, "none", None, "EINVAL", text, -1)


def _promote(handle: int, realtime: bool | None, cpu: int | None) -> SchedulingReport:
    via: Via
    before = _core.read_scheduling(handle)
    error, remedy = before.error or None, None
    if error is not None:
        via, remedy = "none", _remedy(error, "")
    elif realtime is False or os.environ.get("TENUTO_REALTIME", "").strip().lower() in _OFF:
        via = "off"
    elif before.policy in _REALTIME:
        via = "already"  # the sound server chose its own place; ours could be above it
    else:
        via, error, remedy = _raise_priority(handle)
    if cpu is not None and before.error == "":
        # Last, because a refused processor must not hide how the more important request went.
        pinned = _core.pin(handle, cpu)
        if pinned.error:
            error = error or pinned.error
            remedy = " ".join(filter(None, (remedy, _cpu_remedy(cpu))))
    after = _core.read_scheduling(handle)
    return SchedulingReport(
        policy=after.policy,
        priority=after.priority,
        via=via,
        cpu=after.cpu if after.cpu >= 0 else None,
        error=error,
        remedy=remedy,
        tid=_core.kernel_id(handle),
    )


def _raise_priority(handle: int) -> tuple[Via, str | None, str | None]:
    """Go through the ways, best first; return the one that worked, else errno name and remedy."""
    error = "EPERM"
    for policy, priority in _attempts():
        answer = _core.request_realtime(handle, policy, priority)
        if not answer.error:
            return "direct", None, None
        error = answer.error
        if error == "ENOTSUP":
            return (
                "off",
                error,
                "Build Tenuto with -DTENUTO_REALTIME=ON (this build leaves it out).",
            )
        if error == "ESRCH":
            return "none", error, _remedy(error, "")
    if sys.platform != "linux":
        return "none", error, _remedy(error, "")
    refusal = _ask_realtimekit(handle)
    if refusal is None:
        return "rtkit", None, None
    return "none", error, _remedy(error, refusal)


def _attempts() -> list[tuple[str, int]]:
    """What to ask the system for, in order."""
    ways = [("SCHED_FIFO", _PRIORITY)]
    if sys.platform != "linux":
        return ways  # there the core has one answer to both policies
    allowed = _rtprio_limit()
    if 0 < allowed < _PRIORITY:
        ways.append(("SCHED_FIFO", allowed))  # an rlimit below 50 is a right too: use all of it
    ways.append(("SCHED_RR", min(_PRIORITY, allowed) if allowed > 0 else _PRIORITY))
    return ways


def _rtprio_limit() -> int:
    """RLIMIT_RTPRIO in force (99 for "unlimited"), after raising it as far as it goes."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_RTPRIO)
    if soft != hard:  # anyone may raise the soft limit to the hard one
        try:
            resource.setrlimit(resource.RLIMIT_RTPRIO, (hard, hard))
            soft = hard
        except (OSError, ValueError):
            pass
    return 99 if soft == resource.RLIM_INFINITY else soft


def _ask_realtimekit(handle: int) -> str | None:
    """Ask RealtimeKit; None when the thread is real-time now, else why not."""
    import resource

    from ._realtimekit import RealtimeKit, RealtimeKitError

    rttime = resource.RLIMIT_RTTIME
    try:
        with RealtimeKit() as service:
            priority = min(_PRIORITY, service.max_priority)
            longest = service.max_rttime_us
            # Its condition: a thread that computes this long without a pause is killed, so that
            # it cannot freeze the machine. A user cannot take the limit back, therefore it is set
            # only now that the service is known to be there, and never widened.
            before = resource.getrlimit(rttime)
            soft, hard = (_at_most(value, longest) for value in before)
            resource.setrlimit(rttime, (soft, hard))
            try:
                service.make_thread_realtime(_core.kernel_id(handle), priority)
            except RealtimeKitError:
                _restore_limit(rttime, before)
                raise
    except RealtimeKitError as error:
        return str(error)
    except (OSError, ValueError) as error:
        return f"RLIMIT_RTTIME could not be set ({error})"
    if _core.read_scheduling(handle).policy in _REALTIME:
        return None
    _restore_limit(rttime, before)
    return "it said yes, but the thread is not real-time"


def _at_most(limit: int, top: int) -> int:
    import resource

    return top if limit == resource.RLIM_INFINITY else min(limit, top)


def _restore_limit(which: int, before: tuple[int, int]) -> None:
    """Put a limit back as far as the system lets us (only root may raise the hard one)."""
    import resource

    for value in (before, (before[0], resource.getrlimit(which)[1])):
        try:
            resource.setrlimit(which, value)
            return
        except (OSError, ValueError):
            continue


def _remedy(error: str, realtimekit: str) -> str:
    """What the user can do about a refusal."""
    if error == "ESRCH":
        return "The thread had already ended. Open the device again; if it stays so, it is a bug."
    if sys.platform == "win32":
        return 'Start the service "Multimedia Class Scheduler" (MMCSS), then open the device again.'
    if sys.platform == "darwin":
        return "Run outside of a sandbox; time-constraint scheduling needs no right otherwise."
    if error != "EPERM":
        return f"The kernel or a sandbox refused with {error}; run `tenuto doctor` outside of it."
    asked = f" RealtimeKit was asked too: {realtimekit}." if realtimekit else ""
    if os.geteuid() == 0:
        return (
            "Root was refused: start the container with --cap-add=SYS_NICE, or give the control "
            f"group a real-time share (cpu.rt_runtime_us).{asked}"
        )
    return (
        'Write "@audio - rtprio 95" and "@audio - memlock unlimited" to '
        "/etc/security/limits.d/95-audio.conf, run `sudo usermod -aG audio $USER`, log out and in "
        f"again; or install RealtimeKit (package rtkit).{asked} `tenuto doctor` checks each part."
    )


def _cpu_remedy(cpu: int) -> str:
    count = os.cpu_count() or 1
    allowed = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else list(range(count))
    if sys.platform == "darwin":
        return "macOS cannot tie a thread to a processor; leave cpu=None."
    listed = ", ".join(map(str, allowed[:16])) + (", …" if len(allowed) > 16 else "")
    return f"cpu={cpu} cannot be used; this process may run on {listed}."
