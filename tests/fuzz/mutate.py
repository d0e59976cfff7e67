# SPDX-License-Identifier: MIT
"""Small changes of bytes, for runs without a fuzzer: from a seed, so that each can be repeated."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

NUMBERS = [b"0", b"-1", b"1e999", b"nan", b"-inf", b"9" * 30, b"4294967296", b"0.1", b"true", b'""']
WORDS = [
    b"[" * 3000,
    b"\x00",
    b"\xff\xfe",
    b"\r\n",
    "\ud800".encode("utf-8", "surrogatepass"),
    b"=",
]
EDGES = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


def mutated(data: bytes, corpus: Sequence[bytes], choose: random.Random) -> bytes:
    """`data` after one to four changes."""
    out = bytearray(data)
    for _ in range(choose.randint(1, 4)):
        at = choose.randint(0, len(out))
        end = min(len(out), at + choose.choice((1, 2, 4, 16, 200)))
        act = choose.randrange(8)
        if act == 0:
            out[at:end] = b""
        elif act == 1:
            out[at:at] = out[at:end] * choose.choice((1, 2, 50))
        elif act == 2 and out:
            out[at % len(out)] = choose.randrange(256)
        elif act == 3:
            width = choose.choice((1, 2, 4))
            out[at : at + width] = (choose.choice(EDGES) % 256**width).to_bytes(
                width, choose.choice(("little", "big"))
            )
        elif act == 4:
            out[at:at] = choose.choice(WORDS)
        elif act == 5:
            other = choose.choice(corpus)
            begin = choose.randint(0, len(other))
            out[at:end] = other[begin : begin + 64]
        elif act == 6:
            found = list(re.finditer(rb"[\d.]+", bytes(out)))
            if found:
                one = choose.choice(found)
                out[one.start() : one.end()] = choose.choice(NUMBERS)
        else:
            del out[at:]
    return bytes(out[:100_000])
