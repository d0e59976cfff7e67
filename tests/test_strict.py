# SPDX-License-Identifier: MIT
"""What is skipped in CI is seen there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SKIPS = {
    "a test": "import pytest\ndef test(): pytest.skip('not here')",
    "a mark": "import pytest\n@pytest.mark.skipif(True, reason='not here')\ndef test(): pass",
    "a fixture": "import pytest\n@pytest.fixture\ndef f(): pytest.skip('not here')\ndef test(f): 1",
    "a file": "import pytest\npytest.importorskip('no_such_module', reason='not here')",
}
XFAIL = "import pytest\n@pytest.mark.xfail\ndef test(): assert False"


def verdict(tmp_path: Path, text: str, strict: str) -> tuple[int, str]:
    (tmp_path / "test_it.py").write_text(text)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    environment |= {"TENUTO_CI_STRICT": strict, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-m", "pytest", "-p", "support.strict", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, str(tmp_path)], env=environment, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("what", SKIPS)
def test_what_is_skipped_fails_in_strict_ci_with_its_reason(tmp_path: Path, what: str) -> None:
    code, said = verdict(tmp_path, SKIPS[what], strict="1")
    assert code != 0
    assert "not here" in said and "nothing may be skipped" in said
    code, said = verdict(tmp_path, SKIPS[what], strict="0")
    assert code in (0, 5), said  # 5: a file that was skipped has no test
    assert "1 skipped" in said


def test_what_is_expected_to_fail_is_not_skipped(tmp_path: Path) -> None:
    assert verdict(tmp_path, XFAIL, strict="1")[0] == 0
