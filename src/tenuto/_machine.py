# SPDX-License-Identifier: MIT
"""Facts about a Linux machine, read from /proc and /sys.

Pure readers: each takes the folder that stands for ``/``, so that tests can show them any machine.
What is missing or closed to this user is simply not there; none of them raises.
"""

from __future__ import annotations

import gzip
import platform
import zlib
from pathlib import Path

_ROOT = Path("/")


def read_text(path: Path) -> str:
    """Text of a file in /proc or /sys; empty when it is missing or closed to us."""
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def exists(path: Path) -> bool:
    """Whether there is something at `path`, as far as this user can see."""
    try:
        return path.exists()
    except OSError:  # a folder on the way is closed to us
        return False


def has_capability(bit: int, root: Path = _ROOT) -> bool:
    """Whether this process holds the capability of that number (capability.h) now."""
    for line in read_text(root / "proc/self/status").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> bit & 1)
    return False


def preemption_model(root: Path = _ROOT) -> tuple[str, str]:
    """Tell how readily the kernel gives way to a real-time thread.

    Parameters
    ----------
    root : Path, optional
        Where ``/proc`` and ``/sys`` are; other than ``/`` for tests.

    Returns
    -------
    tuple of str
        ``"rt"``, ``"full"``, ``"lazy"``, ``"voluntary"``, ``"none"`` or ``"unknown"``; and where
        that was read.
    """
    version = read_text(root / "proc/version")
    if read_text(root / "sys/kernel/realtime") == "1" or "PREEMPT_RT" in version:
        return "rt", "/proc/version says PREEMPT_RT"
    dynamic = read_text(root / "sys/kernel/debug/sched/preempt")  # "none voluntary (full) lazy"
    if "(" in dynamic:
        return dynamic.partition("(")[2].partition(")")[0], f"/sys/kernel/debug: {dynamic}"
    if "PREEMPT_DYNAMIC" in version:
        for word in read_text(root / "proc/cmdline").split():
            if word.startswith("preempt="):
                return word.removeprefix("preempt="), f"PREEMPT_DYNAMIC, boot parameter {word}"
    for model in ("none", "voluntary", "lazy"):
        if f"\nCONFIG_PREEMPT_{model.upper()}=y" in _kernel_config(root):
            kind = "PREEMPT_DYNAMIC, " if "PREEMPT_DYNAMIC" in version else ""
            return model, f"{kind}built with CONFIG_PREEMPT_{model.upper()}"
    if "\nCONFIG_PREEMPT=y" in _kernel_config(root):
        return "full", "built with CONFIG_PREEMPT"
    if " PREEMPT " in version:
        return "full", "/proc/version says PREEMPT"
    return "unknown", version or "/proc/version is empty"


def _kernel_config(root: Path) -> str:
    packed = root / "proc/config.gz"
    try:
        return "\n" + gzip.decompress(packed.read_bytes()).decode("utf-8", "replace")
    except (OSError, EOFError, zlib.error):
        return "\n" + read_text(root / f"boot/config-{platform.release()}")


def cpu_governors(root: Path = _ROOT) -> dict[str, str]:
    """Read each processor's frequency governor; empty where the kernel has none.

    Parameters
    ----------
    root : Path, optional
        Where ``/sys`` is; other than ``/`` for tests.

    Returns
    -------
    dict of str to str
        ``{"cpu0": "performance", ...}``.
    """
    files = root.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")
    return {file.parts[-3]: read_text(file) for file in sorted(files)}


def process_names(root: Path = _ROOT) -> list[tuple[int, str]]:
    """List the running processes that this user may see.

    Parameters
    ----------
    root : Path, optional
        Where ``/proc`` is; other than ``/`` for tests.

    Returns
    -------
    list of (int, str)
        Process number and program name (the kernel keeps its first 15 letters).
    """
    found = [(int(file.parent.name), read_text(file)) for file in root.glob("proc/[0-9]*/comm")]
    return sorted((pid, name) for pid, name in found if name)
