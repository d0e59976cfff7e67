# SPDX-License-Identifier: MIT
"""Recording through PortAudio (the extra), from a JACK server.

Each test in a process of its own: PortAudio lists devices once, when it is loaded, and does not
survive the end of the server that it found.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from support.index_content import codes
from support.servers import JackServer, playing, wait_until

pytestmark = pytest.mark.realtime

RECORDS = """
import sys, tenuto
with tenuto.Recorder(sys.argv[1], "portaudio:", channels=1, blocksize=128) as recorder:
    recorder.start()
    print(recorder.backend, flush=True)
    sys.stdin.readline()
    recorder.stop()
"""
REFUSES = """
import tenuto
for device, rate in (("portaudio:no-such-device", 48_000), ("portaudio:", 44_100)):
    try:
        tenuto.Recorder(None, device, samplerate=rate)
    except tenuto.DeviceError as error:
        print(error)
"""


@pytest.fixture(autouse=True)
def _portaudio() -> None:
    if ctypes.util.find_library("portaudio") is None:
        pytest.skip("PortAudio is not installed (Debian: apt-get install libportaudio2)")
    if importlib.util.find_spec("sounddevice") is None:
        pytest.skip("sounddevice is not installed (pip install 'tenuto[portaudio]')")


def test_portaudio_records_bit_for_bit(
    jack: JackServer, index_player: Path, tmp_path: Path
) -> None:
    path = tmp_path / "take.wav"
    with playing(index_player, jack) as player:
        process = subprocess.Popen(
            [sys.executable, "-c", RECORDS, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=jack.environment,
        )
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == "portaudio\n"
        port = next(port for port in jack.ports() if "PortAudio" in port or ":in_0" in port)
        jack.wire_only(player.outputs[:1], client=port.partition(":")[0])
        start = path.stat().st_size
        wait_until(lambda: path.stat().st_size > start + 48_000 * 3 // 2, 10, "half a second")
        process.communicate("stop\n", timeout=20)
    assert process.returncode == 0
    samples, _ = soundfile.read(path, dtype="float32", always_2d=True)
    assert (np.diff(codes(samples[-4800:])) % (1 << 24) == 1).all()


def test_portaudio_says_what_it_has_and_what_it_cannot(jack: JackServer) -> None:
    done = subprocess.run(
        [sys.executable, "-c", REFUSES],
        capture_output=True,
        text=True,
        timeout=60,
        env=jack.environment,
    )
    unknown, rate = done.stdout.splitlines()
    assert '"no-such-device"' in unknown and '"system"' in unknown
    assert "44100" in rate and "48000" in rate
