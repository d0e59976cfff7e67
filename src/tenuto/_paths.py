# SPDX-License-Identifier: MIT
"""Where a file may be written: checked before anything changes on the disk."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ._errors import FileError
from ._take import ledger_path


def check_target(path: Path, *, overwrite: bool) -> None:
    """Raise `FileError` when no file can be made at `path`."""
    folder = path.parent
    if not folder.exists():
        raise FileError(f'cannot write "{path}": there is no folder "{folder}". Make it first.')
    if not folder.is_dir():
        raise FileError(f'cannot write "{path}": "{folder}" is not a folder')
    if path.is_dir():
        raise FileError(f'cannot write "{path}": it is a folder. Give a file name in it.')
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileError(
            f'cannot write "{path}": you may not write in "{folder}". '
            "Choose another folder or change its rights."
        )
    for there in (path, ledger_path(path)):
        if there.exists() and not overwrite:
            raise FileError(
                f'"{there}" exists already, and nothing is overwritten unasked. '
                "Choose another name, or pass overwrite=True (--overwrite)."
            )


def create(path: Path, *, overwrite: bool) -> int:
    """Create the file and return its descriptor; an old ledger of the same name goes."""
    flags = os.O_RDWR | os.O_CREAT | (os.O_TRUNC if overwrite else os.O_EXCL)
    flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    check_target(path, overwrite=overwrite)
    try:
        descriptor = os.open(path, flags, 0o666)
        if overwrite:
            ledger_path(path).unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f'cannot write "{path}": {error.strerror}') from error
    return descriptor


@contextlib.contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; it takes the place of `path` when all went well."""
    real = path.resolve()  # a link stays one
    if real.exists() and not real.is_file():
        raise FileError(f'cannot write "{path}": it is no regular file')
    part = real.with_name(f".{real.stem[:100]}.{os.getpid()}{real.suffix}.part")
    try:
        yield part
        part.replace(real)
    except FileError as error:
        raise FileError(str(error).replace(str(part), str(path))) from error
    except OSError as error:
        raise FileError(f'cannot write "{path}": {error.strerror}') from error
    finally:
        part.unlink(missing_ok=True)
