# SPDX-License-Identifier: MIT
"""Single keys from a terminal, while something else is being shown."""

from __future__ import annotations

import os
import select
import sys
from types import TracebackType
from typing import Any, Self

_ARROWS = {"A": "up", "B": "down", "C": "right", "D": "left"}


class Keys:
    """Keys as they are pressed; without a terminal there are none.

    Within ``with``, the terminal gives keys at once and does not show them.
    """

    def __init__(self) -> None:
        self._before: Any = None
        self._pending = ""

    def __enter__(self) -> Self:
        if sys.platform != "win32" and sys.stdin is not None and sys.stdin.isatty():
            import termios
            import tty

            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)  # Ctrl-C stays what it is
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._before is not None:
            import termios

            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def get(self, seconds: float) -> str | None:
        """The next key: a letter, ``"space"``, ``"left" "right" "up" "down"``; None: none came."""
        if sys.platform == "win32":
            return _windows_key(seconds)
        if self._before is None:
            import time

            time.sleep(seconds)
            return None
        if not self._pending and select.select([sys.stdin], [], [], seconds)[0]:
            self._pending = os.read(sys.stdin.fileno(), 64).decode(errors="replace")
        key, self._pending = take_key(self._pending)
        return key


def take_key(text: str) -> tuple[str | None, str]:
    """Take the first key off what a terminal sent.

    >>> take_key("\\x1b[Cq"), take_key(" "), take_key("N"), take_key("")
    (('right', 'q'), ('space', ''), ('n', ''), (None, ''))
    """
    if not text:
        return None, ""
    if text[:2] in ("\x1b[", "\x1bO") and len(text) > 2:
        return _ARROWS.get(text[2]), text[3:]
    return "space" if text[0] == " " else text[0].lower(), text[1:]


def _windows_key(seconds: float) -> str | None:
    import time

    msvcrt: Any = __import__("msvcrt")
    until = time.monotonic() + seconds
    while not msvcrt.kbhit():
        if time.monotonic() >= until:
            return None
        time.sleep(0.01)
    letter = msvcrt.getwch()
    if letter in ("\x00", "\xe0"):
        return {"H": "up", "P": "down", "M": "right", "K": "left"}.get(msvcrt.getwch())
    return take_key(letter)[0]
