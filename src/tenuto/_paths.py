# SPDX-License-Identifier: MIT
"""Where a file may be written: checked before anything changes on the disk."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from ._errors import FileError, TenutoError
from ._take import ledger_path


def check_target(path: Path, *, overwrite: bool) -> None:
    """Raise `FileError` when no file can be made at `path`."""
    _check_name(path)
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
    ledger = ledger_path(path)
    _check_name(ledger.with_name(ledger.name + ".part"))  # how it is called while it is written
    for there in (path, ledger):
        if there.exists() and not overwrite:
            raise FileError(
                f'"{there}" exists already, and nothing is overwritten unasked. '
                "Choose another name, or pass overwrite=True (--overwrite)."
            )


def _check_name(path: Path) -> None:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    except OSError as error:
        raise FileError(f'cannot write "{path}": {error.strerror}') from error
    except ValueError as error:
        raise FileError(f"cannot write {str(path)!r}: no name holds a zero byte") from error


@contextlib.contextmanager
def set_aside(path: Path | None) -> Iterator[None]:
    """Within it, an old file and its ledger are out of the way; they return if no new one came."""
    if path is None:
        yield
        return
    new = path.resolve()  # a link goes on to point there
    moved: list[tuple[Path, Path]] = []
    try:
        for number, old in enumerate((new, ledger_path(path).resolve())):
            if old.is_file():
                aside = old.with_name(f".tenuto-{os.getpid()}-{time.monotonic_ns()}-{number}")
                old.rename(aside)
                moved.append((old, aside))
        yield
    except OSError as error:
        if isinstance(error, TenutoError):
            raise
        raise FileError(f'cannot replace "{path}": {error.strerror}') from error
    finally:
        is_replaced = new.exists()
        for old, aside in moved:
            with contextlib.suppress(OSError):
                if not is_replaced:
                    aside.rename(old)
                    continue
                if old == new:
                    new.chmod(stat.S_IMODE(aside.stat().st_mode))
                aside.unlink()


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
        if real.exists():
            part.chmod(stat.S_IMODE(real.stat().st_mode))
        part.replace(real)
    except FileError as error:
        raise FileError(str(error).replace(str(part), str(path))) from error
    except OSError as error:
        raise FileError(f'cannot write "{path}": {error.strerror}') from error
    finally:
        part.unlink(missing_ok=True)
