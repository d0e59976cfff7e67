# SPDX-License-Identifier: MIT
"""Strict CI (``TENUTO_CI_STRICT=1``): a test that is skipped there is a test that failed."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

STRICT = os.environ.get("TENUTO_CI_STRICT") == "1"


def _judge(report: pytest.TestReport | pytest.CollectReport) -> None:
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason} (TENUTO_CI_STRICT=1: nothing may be skipped)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge a test, its preparation and its end."""
    report = yield
    _judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Judge a whole file."""
    report = yield
    _judge(report)
    return report
