# SPDX-License-Identifier: MIT
"""Whatever rights a user has, the report is what the kernel says, seen from outside.

Each row starts a program that takes the row's rights, promotes one of its threads and prints the
report; `chrt -p`, run by another process, must agree. RealtimeKit is the real daemon. Rows whose
rights this machine cannot give are run under a kernel that can, all in one go.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.other_kernel import run_under_other_kernel
from support.servers import need_program

if sys.platform != "linux":
    pytest.skip("the matrix is Linux's", allow_module_level=True)

from support.promoted import Promoted, can_take_on, promote_in_child
from support.realtimekit import answers, buses

Promote = Callable[[str, str], Promoted]
Elsewhere = dict[tuple[str, str], Promoted]  # by role and RealtimeKit's answer

REFUSING_WORDS = "Operation not permitted"

pytestmark = pytest.mark.realtime

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


@pytest.mark.parametrize(("role", "realtimekit", "via", "policy", "priority"), MATRIX)
def test_report_equals_what_chrt_says_from_outside(
    role: str, realtimekit: str, via: str, policy: str, priority: int, promote: Promote
) -> None:
    promoted = promote(role, realtimekit)
    print(f"under Linux {promoted.kernel}")  # pytest shows it when the row fails
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


def test_a_user_without_rights_is_told_the_file_and_the_line(promote: Promote) -> None:
    remedy = str(promote("user", "none").report["remedy"])
    assert '"@audio - rtprio 95"' in remedy
    assert "/etc/security/limits.d/" in remedy
    assert "RealtimeKit was asked too: the system bus cannot be reached" in remedy


def test_a_confined_root_is_told_how_to_start_the_container(promote: Promote) -> None:
    remedy = str(promote("confined-root", "none").report["remedy"])
    assert "--cap-add=SYS_NICE" in remedy


def test_a_refusal_by_realtimekits_policy_is_quoted(promote: Promote) -> None:
    assert REFUSING_WORDS in str(promote("user", "no").report["remedy"])


@pytest.fixture
def promote(request: pytest.FixtureRequest) -> Promote:
    """A function that promotes in a role, given what RealtimeKit will answer."""
    need_program("chrt", "util-linux")

    def promote_where_possible(role: str, realtimekit: str) -> Promoted:
        if realtimekit not in answers():
            pytest.skip("RealtimeKit is not installed (Debian: apt-get install dbus rtkit)")
        # Neither before a row needs it; and each once, even if it fails.
        if can_take_on(role):
            addresses: dict[str, str] = request.getfixturevalue("addresses")
            return promote_in_child(role, addresses[realtimekit])
        elsewhere: Elsewhere = request.getfixturevalue("elsewhere")
        return elsewhere[role, realtimekit]

    return promote_where_possible


@pytest.fixture(scope="module")
def addresses() -> Iterator[dict[str, str]]:
    """Where the buses of `buses` are."""
    with buses() as found:
        yield found


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """The rows that cannot be run here, run by the same programs where root has every right."""
    rows = [(role, kit) for role, kit, *_ in MATRIX if kit in answers() and not can_take_on(role)]
    command = [sys.executable, "-m", "support.promoted", *(":".join(row) for row in rows)]
    folder = tmp_path_factory.mktemp("other-kernel") / "run"
    tests = Path(__file__).parent.parent
    done = run_under_other_kernel(command, folder, environment={"PYTHONPATH": str(tests)})
    assert done.returncode == 0, done.stderr
    promoted: Elsewhere = {}
    for row, line in zip(rows, done.stdout.splitlines(), strict=True):
        facts = json.loads(line)
        promoted[row] = Promoted(facts["report"], tuple(facts["outside"]), facts["kernel"])
    return promoted
