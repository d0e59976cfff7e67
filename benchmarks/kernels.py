# SPDX-License-Identifier: MIT
"""What does a kernel written in Python cost, beside built-in nodes and a Python callback?

*Cost*: a gain, a biquad, a tanh shaper and a delay as kernels, and the built-in nodes that do the
same; 2 channels, blocks of 64 frames, one node alone (no graph, no device), by turns; nanoseconds
per frame, median of the runs. Required of all but the gain: at most 1.5 times its peer. The
shaper's peer computes the same tanh in C (`tenuto.Distortion` oversamples, which is other work).

*Live*, with ``--live``: the ring modulator of examples/ring_modulator.py at 64 frames on a JACK
server of its own, as a kernel in an `Engine`, and the same function as a Python callback in
sounddevice, first alone and then with 4 busy Python threads or with a GIL that is held for 0.2 s at
a time. Late is a callback that began more than one block after it was due. Required: under load the
kernel's share of late callbacks is at most 0.1 percentage points above that without.

Needs numba; ``--live`` needs jackd2 and libportaudio2 (Debian; `apt-get install`).

Usage: python benchmarks/kernels.py [--quick] [--repeat 31] [--live] [--json kernels.json]
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from _common import (
    Child,
    JackServer,
    Load,
    Verdict,
    arguments,
    finish,
    listen,
    machine,
    machine_line,
    median,
    need,
    no_interrupts,
    scratch,
    table,
    tell,
)

SAMPLERATE, CHANNELS, BLOCK = 48_000, 2, 64
LOADS: tuple[int | str, ...] = (0, 4, "hold")

# -- the kernels ---------------------------------------------------------------------------------


def gain(x: Any, y: Any, state: Any, params: Any) -> None:
    for c in range(x.shape[0]):
        for n in range(x.shape[1]):
            y[c, n] = params.factor * x[c, n]


def biquad(x: Any, y: Any, state: Any, params: Any) -> None:
    # Direct form I, feedback last: one sample waits for one multiplication and one subtraction of
    # the sample before.
    b0, b1, b2, a1, a2 = params.b0, params.b1, params.b2, params.a1, params.a2
    for c in range(x.shape[0]):
        x1, x2, y1, y2 = state[c, 0], state[c, 1], state[c, 2], state[c, 3]
        for n in range(x.shape[1]):
            v = float(x[c, n])
            out = b0 * v + b1 * x1 + b2 * x2 - a2 * y2 - a1 * y1
            x1, x2, y1, y2 = v, x1, out, y1
            y[c, n] = out
        state[c, 0], state[c, 1], state[c, 2], state[c, 3] = x1, x2, y1, y2


def shaper(x: Any, y: Any, state: Any, params: Any) -> None:
    for c in range(x.shape[0]):
        for n in range(x.shape[1]):
            y[c, n] = math.tanh(params.drive * x[c, n])


def delay(x: Any, y: Any, state: Any, params: Any) -> None:
    # Stretch by stretch, each up to the next end of something: no test for a wrap in the loop.
    length = state.shape[1] - 1  # the last place keeps the position
    frames = min(max(int(params.frames), 1), length)
    feedback = np.float32(params.feedback)
    for c in range(x.shape[0]):
        line = state[c, :length]
        at = int(state[c, length])
        done = 0
        while done < x.shape[1]:
            past = at - frames if at >= frames else at - frames + length
            old, new = line[past : past + frames], line[at:]
            heard, out = x[c, done:], y[c, done:]
            run = min(len(old), len(new), len(heard), len(out))
            for i in range(run):
                echo = old[i]
                out[i] = echo
                new[i] = heard[i] + feedback * echo
            done += run
            at = (at + run) % length
        state[c, length] = at


def ring(x: Any, y: Any, state: Any, params: Any) -> None:
    for c in range(x.shape[0]):
        phase = state[c, 0]
        for n in range(x.shape[1]):
            y[c, n] = x[c, n] * math.sin(2 * math.pi * phase)
            phase += params.frequency / params.samplerate
            phase -= math.floor(phase)
        state[c, 0] = phase


SHAPER_SOURCE = """
#include <math.h>
#include <stdint.h>
void shaper(const float *const *in, float *const *out, uint32_t frames, uint32_t channels,
            float *state, const float *params) {
    (void)state;
    for (uint32_t c = 0; c < channels; c++)
        for (uint32_t n = 0; n < frames; n++)
            out[c][n] = (float)tanh((double)params[0] * (double)in[c][n]);
}
"""


def pairs(folder: Path) -> dict[str, tuple[Any, Any, str]]:
    """Kernel node, its peer, and who that is; None where this build has none."""
    import tenuto

    kernel: Any = tenuto.kernel
    source, library = folder / "shaper.c", folder / "shaper.so"
    source.write_text(SHAPER_SOURCE)
    command = [need("cc", "gcc"), "-O3", "-shared", "-fPIC", "-o", str(library), str(source), "-lm"]
    subprocess.run(command, check=True)
    compiled = ctypes.CDLL(str(library)).shaper
    low = {"b0": 0.0675, "b1": 0.1349, "b2": 0.0675, "a1": -1.143, "a2": 0.4128}
    times = {"frames": (12000, 1, 47999), "feedback": (0.4, 0.0, 0.9)}

    def built_in(name: str, **parameters: Any) -> Any:
        made = getattr(tenuto, name, None)
        return made(**parameters) if made is not None else None

    return {
        "gain": (
            kernel(params={"factor": 0.5})(gain)(),
            built_in("Gain", gain_db=-6),
            "Gain",
        ),
        "biquad": (
            kernel(state=4, params=low)(biquad)(),
            built_in("Biquad", response="low_pass", frequency=4000),
            "Biquad",
        ),
        "tanh": (
            kernel(params={"drive": 4.0})(shaper)(),
            tenuto.Kernel(compiled, params={"drive": 4.0}),
            "the same in C",
        ),
        "delay": (
            kernel(state=48000, params=times, state_dtype="float32")(delay)(),
            built_in("Delay", seconds=0.25, feedback=0.4),
            "Delay",
        ),
    }


def costs(repeat: int, frames: int) -> dict[str, dict[str, Any]]:
    """Nanoseconds per frame of each pair."""
    from tenuto import _core

    x = np.random.default_rng(1).uniform(-0.5, 0.5, (CHANNELS, frames)).astype(np.float32)
    results: dict[str, dict[str, Any]] = {}
    with scratch() as folder:
        for name, (mine, peer, who) in pairs(folder).items():
            nodes = {"kernel": mine} | ({"peer": peer} if peer is not None else {})
            instances = {
                key: node._instance(SAMPLERATE, CHANNELS, BLOCK) for key, node in nodes.items()
            }
            runs: dict[str, list[float]] = {key: [] for key in nodes}
            for turn in range(repeat + 3):
                for key, instance in instances.items():
                    began = time.perf_counter_ns()
                    _core.run_node(instance.core, x, [BLOCK])
                    took = (time.perf_counter_ns() - began) / frames
                    if turn >= 3:  # the first ones fetch code and data
                        runs[key].append(took)
            kernel_ns = median(runs["kernel"])
            peer_ns = median(runs["peer"]) if "peer" in runs else math.nan
            results[name] = {
                "kernel_ns": kernel_ns,
                "peer_ns": peer_ns,
                "peer": who if peer is not None else f"{who} is not in this build",
                "ratio": kernel_ns / peer_ns,
            }
    return results


# -- live ----------------------------------------------------------------------------------------


def child_kernel(load: int | str, seconds: float) -> None:
    import tenuto

    kernel: Any = tenuto.kernel
    made = kernel(state=1, params={"frequency": (30.0, 0.1, 5000.0, "Hz")})(ring)
    eng = tenuto.Engine("jack", channels=(2, 2), blocksize=BLOCK)
    node = made(frequency=440)
    eng.connect(eng.input, node, eng.output)
    with eng:
        time.sleep(0.5)
        tell(started=True)
        listen()
        work = Load(load)
        work.start()
        before = eng.stats()
        time.sleep(seconds)
        after = eng.stats()
        work.stop()
    tell(
        callbacks=after.callbacks - before.callbacks,
        late=after.late - before.late,
        load_p99=after.load.p99,
        bypassed=node.bypassed,
    )


def child_callback(load: int | str, seconds: float) -> None:
    from types import SimpleNamespace

    import sounddevice as sd
    from gil import lateness

    jack = next(i for i, api in enumerate(sd.query_hostapis()) if "JACK" in api["name"])
    device = sd.query_hostapis()[jack]["default_input_device"]
    params = SimpleNamespace(frequency=440.0, samplerate=float(SAMPLERATE))
    state, begins = np.zeros((CHANNELS, 1)), []

    def callback(indata: Any, outdata: Any, frames: int, _time: Any, _status: Any) -> None:
        begins.append(time.monotonic_ns())
        ring(indata.T, outdata.T, state, params)

    settings = {"samplerate": SAMPLERATE, "blocksize": BLOCK, "channels": 2, "dtype": "float32"}
    with sd.Stream(device=(device, device), callback=callback, **settings):
        time.sleep(0.5)
        tell(started=True)
        listen()
        work = Load(load)
        work.start()
        first = len(begins)
        time.sleep(seconds)
        last = len(begins)
        work.stop()
    late, lost, _ = lateness(begins[first:last], 1e9 * BLOCK / SAMPLERATE)
    tell(callbacks=last - first, late=late, lost_blocks=lost)


def live(seconds: float) -> list[dict[str, Any]]:
    """Callbacks and late ones for each client and load."""
    rows = []
    for load in LOADS:
        for role in ("kernel", "callback"):
            with JackServer(BLOCK) as server:
                child = Child(__file__, role, server.environment, load=load, seconds=seconds)
                child.hear()
                child.say(go=True)
                rows.append({"load": load, "role": role, **child.hear()})
                child.end()
            print(rows[-1], file=sys.stderr, flush=True)
    return rows


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--live", action="store_true", help="on a JACK server, too")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each live run")


def main() -> None:
    args = arguments(__doc__ or "", options)
    facts = machine()
    print(machine_line(facts))
    repeat = args.repeat or (5 if args.quick else 31)
    results: dict[str, Any] = {"cost": costs(repeat, 64 * (100 if args.quick else 1000))}
    rows = [
        [
            name,
            f"{one['kernel_ns']:.2f}",
            f"{one['peer_ns']:.2f}",
            f"{one['ratio']:.2f}",
            one["peer"],
        ]
        for name, one in results["cost"].items()
    ]
    print(table(["ns per frame", "kernel", "peer", "ratio", "which"], rows))
    verdicts = [
        Verdict(
            f"the {name} costs at most 1.5 times {one['peer']}",
            f"{one['ratio']:.2f}",
            one["ratio"] <= 1.5,
        )
        for name, one in results["cost"].items()
        if name != "gain" and not math.isnan(one["ratio"])  # that is mostly the call itself
    ]
    if args.live:
        seen = results["live"] = live(2.0 if args.quick else args.seconds)
        shown = [
            [
                f"{row['role']}, load {row['load']}",
                row["callbacks"],
                row["late"],
                f"{100 * row['late'] / max(1, row['callbacks']):.2f} %",
            ]
            for row in seen
        ]
        print(table(["64 frames on JACK", "callbacks", "late", "share"], shown))
        share = {
            row["load"]: row["late"] / max(1, row["callbacks"])
            for row in seen
            if row["role"] == "kernel"
        }
        verdicts.append(
            Verdict(
                "the kernel is late no more often under load than without",
                ", ".join(f"{load}: {100 * value:.3f} %" for load, value in share.items()),
                max(share.values()) <= share[0] + 1e-3,
            )
        )
    finish(args, facts, results, verdicts)


if __name__ == "__main__":
    if "--child" in sys.argv:
        no_interrupts()
        _, role, given = sys.argv[sys.argv.index("--child") :][:3]
        {"kernel": child_kernel, "callback": child_callback}[role](**json.loads(given))
    else:
        main()
