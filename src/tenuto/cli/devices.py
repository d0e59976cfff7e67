# SPDX-License-Identifier: MIT
"""``tenuto devices``."""

from __future__ import annotations

import dataclasses

import typer


def devices(
    as_json: bool = typer.Option(False, "--json", help="Print a list of objects, for scripts."),
) -> None:
    """List the devices that can be opened.

    Use the number, a piece of the name, or the back end with --device of the other commands. A
    number after a back end counts its devices alone, from 0: alsa:1.

    Example: tenuto devices --json
    """
    from .. import devices as listed
    from . import _output

    found = listed()
    if as_json:
        _output.print_json([dataclasses.asdict(device) for device in found])
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("", "back end", "name", "in", "out", "rates (Hz)"):
        table.add_column(heading, justify="right" if heading in ("", "in", "out") else "left")
    for device in found:
        table.add_row(
            f"{device.index}{'*' if device.is_default else ' '}",
            device.backend,
            _output.plain(device.name),
            str(device.in_channels or "–"),
            str(device.out_channels or "–"),
            ", ".join(map(str, device.samplerates)) or "any",
        )
    out = _output.console()
    out.print(table)
    if len(found) == 1:
        out.print("\nNo sound device was found. `tenuto doctor` looks closer.")
    elif any(device.is_default for device in found):
        out.print("\n* the default of its back end")
