# SPDX-License-Identifier: MIT
"""The guard that counts instructions notices what it is there for."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).resolve().parent.parent / "tools" / "count_instructions.py"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("count_instructions", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "compiler", lambda: COMMITTED["compiler"])
    monkeypatch.setattr(module.shutil, "which", lambda _: "/usr/bin/valgrind")
    monkeypatch.setattr(sys, "argv", [str(TOOL), "program"])
    return module


COMMITTED = json.loads((TOOL.parent.parent / "benchmarks" / "counts.json").read_text())
FIGURES: dict[str, float] = COMMITTED["instructions_per_frame"]


@pytest.mark.parametrize(
    ("factor", "code"), [(1.0, 0), (1.029, 0), (0.971, 0), (1.04, 1), (0.96, 1)]
)
def test_one_loop_that_is_off_by_more_than_three_percent_fails(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, factor: float, code: int
) -> None:
    counted = {**FIGURES, "limiter": FIGURES["limiter"] * factor}
    monkeypatch.setattr(tool, "count", lambda _: counted)
    assert tool.main() == code


def test_a_loop_that_was_not_counted_fails(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "count", lambda _: {"limiter": FIGURES["limiter"]})
    assert tool.main() == 1


def test_a_dead_comparison_is_found(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tool, "count", lambda _: FIGURES)
    monkeypatch.setattr(tool, "differences", lambda *_: [])
    assert tool.main() == 1
    assert "dead" in capsys.readouterr().out


def test_another_compiler_is_not_compared(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tool, "count", lambda _: {})
    monkeypatch.setattr(tool, "compiler", lambda: "another one 1.0")
    assert tool.main() == 0
    assert "not compared" in capsys.readouterr().out
