# SPDX-License-Identifier: MIT
"""README's example of an engine runs as it is printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import soundfile

from support.servers import JackServer

README = Path(__file__).parents[2] / "README.md"

pytestmark = pytest.mark.realtime


def test_the_engine_example_runs_as_printed(
    jack: JackServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = re.search(
        r"<!-- engine example -->\n```python\n(.*?)```", README.read_text(), re.DOTALL
    )
    assert found is not None
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(found[1], "README.md", "exec"), names)
    assert "Stats(callbacks=" in capsys.readouterr().out
    assert getattr(names["y"], "shape", None) == (48000, 2)
    assert soundfile.info("wet.flac").channels == 2
