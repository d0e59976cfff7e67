# SPDX-License-Identifier: MIT
"""The command line: one file per command, what they print in `_output.py`.

Exit codes, for scripts: 0 all is well and nothing was lost, 2 wrong usage, 3 the device,
4 the file, 5 the recording has gaps; of `demo`, 1 says that it is not what rendering gives.
"""

from __future__ import annotations

import io
import sys
from importlib import import_module
from typing import Any

import typer

from .. import __version__
from .._errors import DeviceError, FileError, TenutoError
from ._exit_codes import DEVICE, FILE, USAGE

_COMMANDS = (
    "demo",
    "devices",
    "record",
    "play",
    "generate",
    "render",
    "info",
    "plot",
    "bench",
    "doctor",
)


def app_for(arguments: list[str]) -> typer.Typer:
    """The command line, as far as `arguments` need it: one command does not wait for the others."""
    app = typer.Typer(
        name="tenuto",
        help="Real-time audio that does not wait for Python. Start with: tenuto demo",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_main)
    for name in set(arguments[:1]).intersection(_COMMANDS) or _COMMANDS:
        app.command(name)(getattr(import_module(f".{name}", __name__), name))
    return app


def _main(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line and leave with its exit code; errors become one sentence."""
    for stream in (sys.stdout, sys.stderr):
        # What a terminal's encoding lacks is shown as "?": no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        return app_for(sys.argv[1:] if arguments is None else arguments)(arguments)
    except DeviceError as error:
        _fail(error, DEVICE)
    except FileError as error:
        _fail(error, FILE)
    except (TenutoError, ValueError) as error:
        _fail(error, USAGE)
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(error: Exception, code: int) -> None:
    print(f"tenuto: {error}", file=sys.stderr)
    sys.exit(code)
