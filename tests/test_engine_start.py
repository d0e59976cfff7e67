# SPDX-License-Identifier: MIT
"""An engine whose device does not start has changed nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import tenuto
from tenuto.testing import VirtualDevice


@pytest.mark.parametrize("is_there", [False, True])
def test_a_device_that_does_not_start_costs_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    def fail() -> None:
        raise tenuto.DeviceError("it does not start")

    path, ledger = tmp_path / "a.wav", tmp_path / "a.tenuto.json"
    if is_there:
        path.write_bytes(b"old")
        ledger.write_bytes(b"old, too")
    engine = tenuto.Engine(VirtualDevice(clocked=False), channels=(1, 1))
    recorder = engine.connect(engine.input, tenuto.FileRecorder(path, overwrite=True))
    with monkeypatch.context() as broken:
        broken.setattr(engine._stream, "start", fail)
        with pytest.raises(tenuto.DeviceError, match="does not start"):
            engine.start()
    engine.close()
    there = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert there == ({"a.wav": b"old", "a.tenuto.json": b"old, too"} if is_there else {})
    device = VirtualDevice("index", clocked=False)
    with tenuto.Engine(device, channels=(1, 1)) as other:  # the recorder has not been used
        other.connect(other.input, recorder)
        device.step(480)
    assert recorder.take is not None and recorder.take.frames == 480
    assert not ledger.exists() and path.stat().st_size > 480 * 3
