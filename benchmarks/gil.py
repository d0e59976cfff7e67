# SPDX-License-Identifier: MIT
# file length: one bench is one page: what plays, who records, how losses are told apart.
"""Does a busy interpreter cost a recording any frame?

Full duplex at 48 kHz on a JACK server of its own (`jackd -R -P 70 -d dummy`), blocks of 64 and 128
frames, while Python threads of the recording process are busy or hold the GIL for 0.2 s at a time.
Each cell runs on one server, one after the other:

- *tenuto*: a `Recorder` with ``monitor="input"``, and at the same time
- *C client*: `probe.c`, a bare client; one instance is the source that feeds tenuto's inputs,
  another (the witness) stands beside tenuto and hears the same;
- *sounddevice*: a stream with a Python callback that keeps its input, fed by a probe of its own.

What counts, for all three alike:

- ``lost``: frames that wall-clock time brought between the first and the last callback and that
  the client did not get, as a share;
- ``late``: callbacks that began more than one block after they were due, as a share. Due is what a
  steady clock through the callbacks so far says; a loss moves it on.

The probe numbers every frame (24-bit exact). So the file is checked sample by sample: outside of
the gaps that the ledger names it must be one unbroken sequence, and inside them silence. The
numbers also tell which of the probe's cycles brought a block, and so when: the block's place in the
file has to agree with the clock.

``--load steal`` takes the processors away for some milliseconds now and then, as a host does to a
virtual machine, so that there is something to lose.

Needs: jackd2, a C compiler, and for sounddevice libportaudio2 (Debian; `apt-get install`).

Usage: python benchmarks/gil.py [--quick] [--seconds 10] [--json gil.json]
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from _common import (
    Child,
    JackServer,
    Load,
    Verdict,
    arguments,
    compile_c,
    finish,
    listen,
    machine,
    machine_line,
    median,
    no_interrupts,
    scratch,
    steal,
    table,
    tell,
)

SAMPLERATE = 48_000
LOADS: tuple[int | str, ...] = (0, 1, 4, "hold")
HALF = 1 << 23


# -- the two Python clients, each in a process of its own ---------------------------------------


def child_tenuto(path: str, blocksize: int, load: int | str, seconds: float) -> None:
    import tenuto

    recorder = tenuto.Recorder(
        path, device="jack", channels=2, blocksize=blocksize, monitor="input", overwrite=True
    )
    with recorder:
        recorder.start()
        tell(started=True)
        listen()
        work = Load(load)
        work.start()
        before = recorder._stream.engine.counts()
        time.sleep(seconds)
        after = recorder._stream.engine.counts()
        work.stop()
        stats, scheduling = recorder.stats(), recorder.scheduling
        take = recorder.stop()
    counted = (
        "callbacks",
        "frames",
        "late",
        "lost_frames",
        "first_callback_ns",
        "last_callback_ns",
    )
    tell(
        before={key: before[key] for key in counted},
        after={key: after[key] for key in counted},
        first_ns=after["first_callback_ns"],
        file_frames=take.frames,
        gaps=[[gap.frame, gap.frames, gap.cause] for gap in take.gaps],
        hold=work.longest_hold,
        load_p99=stats.load.p99,
        drift_ppm=stats.drift_ppm,
        policy=f"{scheduling.policy} {scheduling.priority}" if scheduling else None,
    )


def child_sounddevice(path: str, blocksize: int, load: int | str, seconds: float) -> None:
    import numpy as np
    import sounddevice as sd

    jack = next(i for i, api in enumerate(sd.query_hostapis()) if "JACK" in api["name"])
    device = sd.query_hostapis()[jack]["default_input_device"]
    begins: list[int] = []
    blocks: list[Any] = []

    def callback(indata: Any, outdata: Any, frames: int, _time: Any, _status: Any) -> None:
        begins.append(time.monotonic_ns())
        blocks.append(indata.copy())
        outdata[:] = indata

    options = {"samplerate": SAMPLERATE, "blocksize": blocksize, "channels": 2, "dtype": "float32"}
    with sd.Stream(device=(device, device), callback=callback, **options):
        tell(started=True)
        listen()
        work = Load(load)
        work.start()
        first = len(begins)
        time.sleep(seconds)
        last = len(begins)
        work.stop()
    np.save(path, np.concatenate(blocks[first:last]))
    tell(begins=begins[first:last], hold=work.longest_hold)


# -- what the numbers say -----------------------------------------------------------------------


def lateness(begins: list[int], block_ns: float) -> tuple[int, float, list[list[int]]]:
    """How many callbacks began over a block late; blocks that are missing; [callback, blocks] each.

    The clock through the callbacks is exact (the dummy driver sleeps by the monotonic clock), so
    its phase is what the most punctual callbacks say, and a lateness that never goes away again is
    a loss: the smallest lateness of all later callbacks, in whole blocks, is what was lost so far.
    """
    import numpy as np

    times = np.asarray(begins, dtype=np.float64)
    behind = (times - times[0]) / block_ns - np.arange(len(times))
    lost_so_far = np.minimum.accumulate(behind[::-1])[::-1]
    lost_so_far = np.round(lost_so_far - np.percentile(lost_so_far % 1.0, 5))
    phase = np.percentile(behind - lost_so_far, 5)
    known = np.concatenate([lost_so_far[:1], lost_so_far[:-1]])  # before this callback came
    late = int(np.count_nonzero(behind - known - phase > 1))
    places = [[int(i) + 1, int(n)] for i, n in enumerate(np.diff(lost_so_far)) if n]
    return late, float(lost_so_far[-1] - lost_so_far[0]), places


def runs_of(numbers: Any, silent: Any) -> list[tuple[int, int, bool, int]]:
    """(start, length, is silence, first number) of each unbroken stretch."""
    import numpy as np

    follows = (np.diff(numbers) % (1 << 24)) == 1
    same = (silent[1:] & silent[:-1]) | (~silent[1:] & ~silent[:-1] & follows)
    edges = np.concatenate([[0], np.flatnonzero(~same) + 1, [len(numbers)]])
    return [
        (int(a), int(b - a), bool(silent[a]), int(numbers[a])) for a, b in itertools.pairwise(edges)
    ]


def check_file(path: str, gaps: list[list[Any]], blocksize: int) -> dict[str, Any]:
    """Hold the recorded file against the ledger, sample by sample."""
    import numpy as np
    import soundfile

    raw, _ = soundfile.read(path, dtype="int32", always_2d=True)
    numbers = (raw[:, 0].astype(np.int64) >> 8) + HALF
    clock = (raw[:, 1].astype(np.int64) >> 8) + HALF
    silent = (raw[:, 0] == 0) & (raw[:, 1] == 0)
    wired = int(np.argmax(~silent))  # before that, nothing was connected
    trouble: list[str] = []
    found_gaps, skipped, jumps, torn = [], 0, [], []
    expected = None
    for start, length, is_silence, first in runs_of(numbers[wired:], silent[wired:]):
        at = wired + start
        if is_silence:
            found_gaps.append([at, length])
            continue
        if expected is not None and first != expected:
            jump = (first - expected + HALF) % (1 << 24) - HALF
            gap = found_gaps[-1][1] if found_gaps and sum(found_gaps[-1]) == at else 0
            jumps.append([at, jump])
            if jump < 0:
                torn.append(at)
            elif jump > gap:
                trouble.append(f"frame {at}: {jump} frames of the source are missing, gap of {gap}")
            skipped += jump
        expected = (first + length) % (1 << 24)
    # A block that is there twice, in the place of the one before it: the server's port held the
    # next cycle already when a late client came to read it. No client can see that.
    for at in torn:
        with_it = [t for t in trouble if 0 < at - int(t.split()[1].rstrip(":")) <= 4 * blocksize]
        if with_it:
            trouble.remove(with_it[-1])
    told = [[frame, frames] for frame, frames, _ in gaps if frame >= wired]
    if told != found_gaps:
        trouble.append(f"ledger {told[:8]} differs from silences in the file {found_gaps[:8]}")
    return {
        "wired_at": wired,
        "source_frames_missed": skipped,
        "jumps": jumps,
        "first_number": int(numbers[wired]),
        "last_number": int(numbers[-1]),
        "frames": len(numbers),
        # [frame, frames, number of the source in front of it, number behind it]
        "gaps": [
            [at, n, int(numbers[at - 1]), int(numbers[at + n]) if at + n < len(numbers) else -1]
            for at, n in found_gaps
        ],
        "clock_first": int(clock[wired]),
        "torn": torn,
        "trouble": trouble,
    }


def against_clock(path: str, log: Any, blocksize: int) -> dict[str, Any]:
    """Hold the file's time against the clock: is each block where its time says?

    The number of a block's first frame says which of the probe's cycles brought it, and so when it
    came. A callback may be late, but never early; so the smallest deviation over the next 0.3 s is
    how far the file's time and the clock's are apart: above 0 frames are missing in the file, below
    0 there is too much silence.
    """
    import numpy as np
    import soundfile

    raw, _ = soundfile.read(path, dtype="int32", always_2d=True)
    numbers = (raw[:, 0].astype(np.int64) >> 8) + HALF
    silent = (raw[:, 0] == 0) & (raw[:, 1] == 0)
    heads = np.flatnonzero(~silent & (numbers % blocksize == 0))
    cycles = numbers[heads] // blocksize
    times = log["begin_ns"][cycles].astype(np.float64) / 1e9 * SAMPLERATE
    apart = (times - times[0]) - (heads - heads[0])
    window = max(8, round(0.3 * SAMPLERATE / blocksize))
    padded = np.concatenate([apart, np.full(window - 1, np.inf)])
    least = np.lib.stride_tricks.sliding_window_view(padded, window).min(axis=1)
    least = least - np.median(least[: 4 * window])
    inside = least[:-window]  # what came last has no time after it
    # Tenuto cannot know either how long the last 0.3 s would have stayed late.
    return {
        "most_missing": float(inside.max()),
        "most_too_much": float(-inside.min()),
        "at_the_end": float(inside[-1]),
        "end_unsettled": float(least[-1] - inside[-1]),
        "off_places": [
            [int(heads[i]), round(float(inside[i]))]
            for i in np.flatnonzero(np.diff(np.abs(inside) > blocksize)) + 1
        ][:40],
    }


def read_log(path: Path) -> tuple[int, Any]:
    """The probe's log: xruns, and one (begin_ns, frame_time, frames) per callback."""
    import numpy as np

    raw = path.read_bytes()
    kind = np.dtype(
        [
            ("begin_ns", "<i8"),
            ("frame_time", "<u4"),
            ("frames", "<u4"),
            ("heard", "<u4"),
            ("unused", "<u4"),
        ]
    )
    return int.from_bytes(raw[:8], "little"), np.frombuffer(raw[8:], kind)


def run_client(
    role: str,
    server: JackServer,
    probe: Path,
    folder: Path,
    load: int | str,
    seconds: float,
    seed: int,
) -> tuple[dict[str, Any], Any, Any, int]:
    """One client beside the probes; what it told, the logs of source and witness, xruns."""
    clients = {}
    for name in ("probe", "witness"):
        command = [str(probe), name, str(folder / f"{name}.log")]
        clients[name] = subprocess.Popen(
            command, env=server.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if clients[name].stdout.readline() != b"ready\n":  # type: ignore[union-attr]
            raise RuntimeError("the probe does not start")
    server.wire(["system:capture_1", "system:capture_2"], "probe")
    server.wire(["probe:out_1", "probe:out_2"], "witness")
    options: dict[str, Any] = {
        "blocksize": server.blocksize,
        "load": 0 if load == "steal" else load,
    }
    options["seconds"] = seconds
    suffix = "wav" if role == "tenuto" else "npy"
    path = str(folder / f"{role}.{suffix}")
    child = Child(__file__, role, server.environment, path=path, **options)
    child.hear()
    server.wire(["probe:out_1", "probe:out_2"], {"tenuto": "tenuto"}.get(role, "PortAudio"))
    time.sleep(0.5)
    thief = None
    if load == "steal":
        given = json.dumps({"seconds": seconds, "seed": seed})
        thief = subprocess.Popen([sys.executable, __file__, "--child", "steal", given])
    child.say(go=True)
    told = child.hear()
    told["path"] = path
    if thief is not None:
        thief.wait(30)
    child.end()
    for process in clients.values():
        process.communicate(timeout=10)
    xruns, records = read_log(folder / "probe.log")
    _, witness = read_log(folder / "witness.log")
    return told, records, witness, xruns


def cell(
    blocksize: int, load: int | str, seconds: float, probe: Path, seed: int, keep: Path | None
) -> dict[str, Any]:
    """One block size under one load: all clients."""
    import numpy as np

    block_ns = blocksize / SAMPLERATE * 1e9
    out: dict[str, Any] = {"blocksize": blocksize, "load": load, "seconds": seconds}
    with scratch() as folder, JackServer(blocksize) as server:
        told, log, witness, xruns = run_client("tenuto", server, probe, folder, load, seconds, seed)
        before, after = told["before"], told["after"]
        window = witness[
            (witness["begin_ns"] > before["last_callback_ns"] - block_ns / 2)
            & (witness["begin_ns"] <= after["last_callback_ns"])
        ]
        steps = (np.diff(window["heard"].astype(np.int64)) + HALF) % (1 << 24) - HALF
        late_c, lost_c, _ = lateness(window["begin_ns"].tolist(), block_ns)
        elapsed = after["last_callback_ns"] - before["last_callback_ns"]
        expected = elapsed / 1e9 * SAMPLERATE
        got = after["frames"] - before["frames"]
        calls = after["callbacks"] - before["callbacks"]
        checked = check_file(told["path"], told["gaps"], blocksize)
        if keep is not None:
            name = f"{blocksize}-{load}"
            shutil.copy(told["path"], keep / f"{name}.wav")
            shutil.copy(folder / "probe.log", keep / f"{name}.log")
        # The whole life of tenuto's stream, as the probe saw it: cycles that nobody got.
        life = log[
            (log["begin_ns"] >= told["first_ns"] - block_ns / 2)
            & (log["begin_ns"] <= after["last_callback_ns"])
        ]
        _, lost_life, places = lateness(life["begin_ns"].tolist(), block_ns)
        offset = int(np.searchsorted(log["begin_ns"], life["begin_ns"][0])) if len(life) else 0
        wired_gaps = [g for g in told["gaps"] if g[0] >= checked["wired_at"]]
        out["tenuto"] = {
            "callbacks": calls,
            "late": after["late"] - before["late"],
            "late_share": (after["late"] - before["late"]) / calls,
            "lost_share": max(0.0, 1 - got / expected),
            "lost_frames_by_clock": expected - got,
            "lost_frames_counted": after["lost_frames"] - before["lost_frames"],
            "gaps": told["gaps"],
            "gap_frames": sum(g[1] for g in wired_gaps),
            "life_lost_by_probe": lost_life * blocksize,
            # first number of the source behind each loss, frames lost: as the probe's clock says
            "losses_by_probe": [[(offset + k) * blocksize, n * blocksize] for k, n in places],
            "life_gap_frames": sum(g[1] for g in told["gaps"]),
            "file": checked,
            "clock": against_clock(told["path"], log, blocksize),
            "policy": told["policy"],
            "hold": told["hold"],
            "load_p99": told["load_p99"],
            "drift_ppm": told["drift_ppm"],
        }
        out["c"] = {
            "callbacks": len(window),
            "late": late_c,
            "late_share": late_c / len(window),
            "lost_share": lost_c / (lost_c + len(window)),
            "lost_frames": lost_c * blocksize,
            "torn": int((steps <= 0).sum()),
            "source_frames_missed": int(np.maximum(steps - blocksize, 0).sum()),
            "xruns": xruns,
        }
        out["server_xruns"] = server.xruns
        before_sd = server.xruns
        told, _, _, xruns = run_client("sounddevice", server, probe, folder, load, seconds, seed)
        begins = told["begins"]
        late, _, _ = lateness(begins, block_ns)
        span = (begins[-1] - begins[0]) / block_ns + 1
        samples = np.load(told["path"])[:, 0]
        samples = samples[samples != 0]  # PortAudio hands over silence where it lost something
        numbers = np.round(samples.astype(np.float64) * HALF).astype(np.int64) + HALF
        missed = int(numbers[-1] - numbers[0] + 1 - len(numbers))
        out["sounddevice"] = {
            "callbacks": len(begins),
            "late": late,
            "late_share": late / len(begins),
            "lost_share": max(0.0, 1 - len(begins) / span),
            "source_frames_missed": missed,
            "xruns": xruns,
            "server_xruns": server.xruns - before_sd,
            "hold": told["hold"],
        }
    return out


def percent(share: float) -> str:
    return f"{100 * share:.2f}"


def report(cells: list[dict[str, Any]]) -> str:
    """One line per cell."""
    head = [
        "frames / load",
        "lost% tenuto",
        "C",
        "sounddev",
        "late% tenuto",
        "C",
        "sounddev",
        "xruns",
        "gaps",
        "torn",
        "torn C",
        "file",
    ]
    rows = []
    for c in cells:
        t = c["tenuto"]
        rows.append(
            [f"{c['blocksize']:4} / {c['load']}"]
            + [percent(c[who]["lost_share"]) for who in ("tenuto", "c", "sounddevice")]
            + [percent(c[who]["late_share"]) for who in ("tenuto", "c", "sounddevice")]
            + [c["server_xruns"], len(t["gaps"]), len(t["file"]["torn"]), c["c"]["torn"]]
            + ["exact" if not t["file"]["trouble"] else "DIFFERS"]
        )
    return table(head, rows)


def verdicts(cells: list[dict[str, Any]]) -> list[Verdict]:
    """Against the requirements."""
    broken = [line for c in cells for line in c["tenuto"]["file"]["trouble"]]
    complete = Verdict(
        "recording complete outside of the ledger's gaps, in every cell",
        f"{len(cells) - sum(bool(c['tenuto']['file']['trouble']) for c in cells)} of {len(cells)} "
        f"cells exact" + (f"; first: {broken[0]}" if broken else ""),
        not broken,
    )
    late_t = median([c["tenuto"]["late_share"] for c in cells])
    late_c = median([c["c"]["late_share"] for c in cells])
    total = {who: sum(c[who]["late"] for c in cells) for who in ("tenuto", "c", "sounddevice")}
    calls = {who: sum(c[who]["callbacks"] for c in cells) for who in total}
    late = Verdict(
        "late callbacks not more frequent than a bare C client's",
        f"median {percent(late_t)} % against {percent(late_c)} %; all cells together "
        f"{total['tenuto']} of {calls['tenuto']} against {total['c']} of {calls['c']}",
        total["tenuto"] * calls["c"] <= max(total["c"], 1) * calls["tenuto"],
    )
    apart = [
        max(c["tenuto"]["clock"]["most_missing"], c["tenuto"]["clock"]["most_too_much"])
        / c["blocksize"]
        for c in cells
    ]
    ledger = Verdict(
        "the file's time is the clock's at every block, within one block",
        f"{sum(a <= 1 for a in apart)} of {len(cells)} cells; furthest apart "
        f"{max(apart):.1f} blocks; "
        f"ledger {sum(c['tenuto']['lost_frames_counted'] for c in cells)} frames lost, "
        f"by the clock {sum(c['tenuto']['lost_frames_by_clock'] for c in cells):.0f}",
        max(apart) <= 1,
    )
    return [complete, late, ledger]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=10.0, help="per client and cell")
    parser.add_argument("--blocksize", type=int, action="append", help="instead of 64 and 128")
    parser.add_argument(
        "--load",
        action="append",
        help="instead of 0, 1, 4 and hold; steal: take the processors away",
    )
    parser.add_argument("--seed", type=int, default=1, help="of what steal does")
    parser.add_argument(
        "--keep", type=Path, help="a folder for the recordings and the probe's logs"
    )


def main() -> None:
    args = arguments(__doc__ or "", options)
    facts = machine()
    print(machine_line(facts))
    seconds = 1.5 if args.quick else args.seconds
    sizes = args.blocksize or ([128] if args.quick else [64, 128])
    loads: list[int | str] = [x if x in ("hold", "steal") else int(x) for x in args.load or []]
    loads = loads or ([1] if args.quick else list(LOADS))
    cells: list[dict[str, Any]] = []
    with scratch() as folder:
        probe = compile_c("probe.c", folder)
        for _ in range(args.repeat or 1):
            for blocksize in sizes:
                for load in loads:
                    cells.append(cell(blocksize, load, seconds, probe, args.seed, args.keep))
                    print(report(cells[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
                    for line in cells[-1]["tenuto"]["file"]["trouble"]:
                        print(line, file=sys.stderr, flush=True)
    print(report(cells))
    finish(args, facts, {"cells": cells}, verdicts(cells))


if __name__ == "__main__":
    if "--child" in sys.argv:
        no_interrupts()
        _, role, given = sys.argv[sys.argv.index("--child") :][:3]
        roles: dict[str, Any] = {
            "tenuto": child_tenuto,
            "sounddevice": child_sounddevice,
            "steal": steal,
        }
        roles[role](**json.loads(given))
    else:
        main()
