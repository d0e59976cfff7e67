# SPDX-License-Identifier: MIT
"""A child that is forked while its parent records never touches the parent's recording."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from support.readers import agreed_frames
from tenuto.testing import index_signal

PARENT = """
import gc, os, sys, time
import tenuto
device = tenuto.testing.VirtualDevice("index")
recorder = tenuto.Recorder(sys.argv[1], device, channels=1)
recorder.start()
while recorder.frames < 12000:
    time.sleep(0.01)
child = os.fork()
if child == 0:
    CHILD
    sys.exit(0)
time.sleep(0.3)
_, status = os.waitpid(child, 0)
print("child", os.waitstatus_to_exitcode(status))
time.sleep(0.3)
take = recorder.stop()
print("frames", take.frames, len(take.gaps))
"""

REFUSED = """
    acts = [recorder.stop, recorder.start, recorder.pause, recorder.resume, recorder.wait]
    for act in acts:
        try:
            act()
        except tenuto.TenutoError as error:
            assert "forked child" in str(error), error
        else:
            raise SystemExit(f"{act} did not refuse")
"""

RECORDS_TOO = """
    own = sys.argv[1].replace("take", "own")
    taken = tenuto.record(own, 0.5, device="virtual", channels=1)
    assert (taken.frames, taken.gaps) == (24000, ()), taken
"""

CHILDREN = {
    "ends at once": "",
    "ends by an exception": "sys.stderr.close(); raise SystemExit(0)",
    "lets go of the recorder": "recorder.close(); del recorder, device; gc.collect()",
    "looks at it": "recorder.state, recorder.levels, recorder.gaps, repr(recorder)",
    "tries to use it": REFUSED,
    "records something itself": RECORDS_TOO,
    "is ended by os._exit": "os._exit(0)",
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.realtime
@pytest.mark.parametrize("what", CHILDREN)
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_parents_file_is_exact_whatever_its_forked_child_does(
    tmp_path: Path,
    run_program: Callable[..., subprocess.Popen[str]],
    what: str,
    suffix: str,
) -> None:
    path = tmp_path / f"take{suffix}"
    program = run_program(PARENT.replace("CHILD", CHILDREN[what].strip() or "pass"), str(path))
    output, errors = program.communicate(timeout=60)
    assert (program.returncode, errors) == (0, "")
    child, frames, gaps = output.split()[1], output.split()[3], output.split()[4]
    assert (child, gaps) == ("0", "0")
    assert agreed_frames(path) == int(frames) >= 12_000 + 24_000
    sound, _ = soundfile.read(str(path), dtype="float32")
    assert np.array_equal(sound, index_signal(0, int(frames)))
    if what == "records something itself":
        assert agreed_frames(tmp_path / f"own{suffix}") == 24_000
