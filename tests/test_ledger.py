# SPDX-License-Identifier: MIT
"""A ledger says where sound was lost; what is not one is refused, not guessed at."""

from __future__ import annotations

from pathlib import Path

import pytest

import tenuto

GOOD = '{"frame": 1, "frames": 2, "cause": "xrun", "utc": "2026-03-01T05:45:12.083Z"}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"tenuto-ledger"',
        "{}",
        '{"format": "tenuto-ledger"}',
        '{"format": "other", "gaps": []}',
        '{"format": "tenuto-ledger", "gaps": 3}',
        '{"format": "tenuto-ledger", "gaps": [3]}',
        '{"format": "tenuto-ledger", "gaps": [{"frame": 1}]}',
        f'{{"format": "tenuto-ledger", "gaps": [{GOOD}]',
        f'{{"format": "tenuto-ledger", "gaps": [{GOOD.replace("1", "-1", 1)}]}}',
        f'{{"format": "tenuto-ledger", "gaps": [{GOOD.replace("2", "0", 1)}]}}',
        f'{{"format": "tenuto-ledger", "gaps": [{GOOD.replace("2", "null", 1)}]}}',
        f'{{"format": "tenuto-ledger", "gaps": [{GOOD.replace("2", "1e999", 1)}]}}',
        f'{{"format": "tenuto-ledger", "gaps": [{GOOD.replace("xrun", "boredom")}]}}',
        "[" * 100_000,
        b"\xff\xfe\x00",
    ],
)
def test_a_malformed_ledger_is_refused(tmp_path: Path, text: str | bytes) -> None:
    where = tmp_path / "a.tenuto.json"
    where.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(tenuto.FileError, match=r"a\.tenuto\.json"):
        tenuto.read_ledger(tmp_path / "a.wav")


def test_a_recording_without_a_ledger_has_no_gaps(tmp_path: Path) -> None:
    assert tenuto.read_ledger(tmp_path / "a.wav") == []
