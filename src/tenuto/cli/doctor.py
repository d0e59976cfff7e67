# SPDX-License-Identifier: MIT
"""``tenuto doctor``: what stands between this machine and audio that is never late."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.markup import escape
from rich.table import Table

from ..doctor import Finding, check
from ._output import console, print_json

_LOOKS = {"ok": "[green]ok[/]", "info": "[cyan]info[/]", "warn": "[yellow]warn[/]"}


def doctor(
    json_: bool = typer.Option(False, "--json", help="Print the findings as a JSON list."),
) -> None:
    """Check this machine for real-time audio: rights, kernel, sound servers, devices, versions.

    Changes nothing. Every finding comes with its evidence and, where there is something to do,
    with a remedy. The exit code is 0 whatever is found.

    Example: tenuto doctor --json > report.json
    """
    findings = check()
    if json_:
        print_json([asdict(finding) for finding in findings])
    else:
        _print_table(findings)


def _print_table(findings: list[Finding]) -> None:
    out = console()
    table = Table(title="tenuto doctor", title_justify="left")
    table.add_column("")
    table.add_column("what", no_wrap=True)
    table.add_column("finding")
    table.add_column("evidence", style="dim", overflow="fold")
    for one in findings:
        look = _LOOKS.get(one.status, "[red]fail[/]")
        table.add_row(look, one.name, escape(one.finding), escape(one.evidence))
    out.print(table, soft_wrap=False)
    remedies = [one for one in findings if one.remedy is not None]
    if remedies:
        out.print("\n[bold]What to do[/]")
    for one in remedies:
        # No highlighting and no wrapping inside words: these lines are there to be copied.
        text = f"  {_LOOKS.get(one.status, '[red]fail[/]')} [bold]{one.name}[/]: "
        out.print(text + escape(str(one.remedy)), highlight=False, soft_wrap=True)
