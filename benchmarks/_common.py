# SPDX-License-Identifier: MIT
# file length: what all benches share, in one place so that each bench reads as one question.
"""What the benchmarks share: the machine's line, servers, load, percentiles, JSON out."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import math
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HOLD_SECONDS = 0.2


# -- who measured ------------------------------------------------------------------------------


def commit() -> str:
    """The commit of the tree, with a plus sign when something in it was changed since."""
    git = ["git", "-C", str(HERE.parent)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True
        )
        dirty = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True
        )
    except OSError:
        return "unknown"
    if head.returncode:
        return "unknown"
    return head.stdout.strip() + ("+" if dirty.stdout.strip() else "")


def machine() -> dict[str, Any]:
    """Facts without which a number means nothing."""
    import tenuto

    model = "unknown processor"
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "hypervisor": "hypervisor" in _cpu_flags(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "tenuto": tenuto.__version__,
        "commit": commit(),
        "load_before": os.getloadavg()[0],
    }


def _cpu_flags() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


def machine_line(facts: dict[str, Any]) -> str:
    """The same in one line."""
    virtual = " (virtual machine)" if facts["hypervisor"] else ""
    return (
        f"{facts['processor']}, {facts['cores']} cores{virtual}, {facts['system']}, "
        f"Python {facts['python']}, tenuto {facts['tenuto']} at {facts['commit']}, "
        f"load before {facts['load_before']:.2f}"
    )


# -- command line and output -------------------------------------------------------------------


def arguments(doc: str, extra: Callable[[argparse.ArgumentParser], None] | None = None) -> Any:
    """Parse what every benchmark takes; `doc` is its docstring."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a few seconds: does it run at all?")
    parser.add_argument("--json", metavar="PATH", help="write everything there too")
    parser.add_argument("--repeat", type=int, help="how often; medians are reported")
    if extra is not None:
        extra(parser)
    return parser.parse_args()


@dataclass
class Verdict:
    """One requirement, and whether it was met in this run."""

    requirement: str
    measured: str
    is_met: bool

    def __str__(self) -> str:
        return f"{'met' if self.is_met else 'NOT MET'}: {self.requirement}: {self.measured}"


def finish(
    args: Any, facts: dict[str, Any], results: dict[str, Any], verdicts: Sequence[Verdict]
) -> None:
    """Print the verdicts and write the JSON. A benchmark's exit code is about itself, not these."""
    print()
    for verdict in verdicts:
        print(verdict)
    if args.quick:
        print("(a quick run: it shows that the benchmark works; its numbers are not to be quoted)")
    if args.json:
        out = {
            "machine": facts,
            "quick": args.quick,
            "results": results,
            "verdicts": [vars(verdict) for verdict in verdicts],
        }
        Path(args.json).write_text(json.dumps(out, indent=1) + "\n")


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns in line; the first one left, the others right."""
    text = [list(map(str, row)) for row in [head, *rows]]
    widths = [max(len(row[i]) for row in text) for i in range(len(head))]
    lines = []
    for row in text:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells))
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def median(values: Sequence[float]) -> float:
    """The median; NaN of nothing."""
    return statistics.median(values) if values else math.nan


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def weighted_percentile(histogram: dict[float, int], share: float) -> float:
    """The same of value -> count."""
    total, seen = sum(histogram.values()), 0
    for value, count in sorted(histogram.items()):
        seen += count
        if seen >= share * total:
            return value
    return math.nan


def need(program: str, package: str) -> str:
    """Where a program is, or an end with a clear sentence."""
    found = shutil.which(program)
    if found is None:
        sys.exit(f"{program} is needed (Debian: apt-get install {package})")
    return found


def end_with_us() -> None:
    """In a child: end when the benchmark does, however it ends (PR_SET_PDEATHSIG of Linux)."""
    ctypes.CDLL(None).prctl(1, 15)


def stay_awake() -> None:
    """Ask for processors that do not sleep, until this program ends (Linux's cpu_dma_latency)."""
    try:
        request = os.open("/dev/cpu_dma_latency", os.O_WRONLY)
    except OSError as error:
        print(f"processors may sleep ({error.strerror}), which makes wake-ups later")
        return
    os.write(request, (0).to_bytes(4, "little"))


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder for the run's files, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tenuto-bench-") as name:
        yield Path(name)


# -- the sound server --------------------------------------------------------------------------


class JackServer:
    """A JACK server of our own with the dummy driver, under a private name.

    Other servers of the machine are not touched: clients find this one through `environment`, and
    it is ended by its process id.
    """

    def __init__(self, blocksize: int, channels: int = 2, samplerate: int = 48_000) -> None:
        self.blocksize, self.channels, self.samplerate = blocksize, channels, samplerate
        # One name for all: JACK has room for eight, and a killed server keeps its place.
        self.name = "tenuto-bench"
        self.environment = {
            **os.environ,
            "JACK_DEFAULT_SERVER": self.name,
            "JACK_NO_START_SERVER": "1",
            "JACK_NO_AUDIO_RESERVATION": "1",
        }
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed in __exit__)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> JackServer:
        command = [need("jackd", "jackd2"), "-n", self.name, "-R", "-P", "70", "-d", "dummy"]
        command += ["-r", str(self.samplerate), "-p", str(self.blocksize)]
        command += ["-C", str(self.channels), "-P", str(self.channels)]
        self._process = subprocess.Popen(
            command,
            env=self.environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=end_with_us,
        )
        until = time.monotonic() + 10
        while "system:capture_1" not in self.tool("jack_lsp", check=False):
            if time.monotonic() > until or self._process.poll() is not None:
                self.__exit__()
                sys.exit(f"the JACK server does not start:\n{self.messages()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def messages(self) -> str:
        """What the server printed so far."""
        self._log.seek(0)
        return self._log.read()

    @property
    def xruns(self) -> int:
        """How often the server says that it could not keep its own clock."""
        return self.messages().count("XRun")

    def tool(self, *command: str, check: bool = True) -> str:
        """Run one of JACK's small programs on this server."""
        need(command[0], "jackd2")
        result = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if check and result.returncode:
            raise RuntimeError(f"{' '.join(command)}: {result.stderr or result.stdout}")
        return result.stdout

    def connections(self) -> dict[str, list[str]]:
        """Every port, with the ports it is wired to."""
        ports: dict[str, list[str]] = {}
        last = ""
        for line in self.tool("jack_lsp", "-c").splitlines():
            if line.startswith(" "):
                ports[last].append(line.strip())
            elif line.strip():
                last = line.strip()
                ports[last] = []
        return ports

    def inputs_of(self, client: str) -> list[str]:
        """Names of a client's input ports, in order."""
        found, last = [], ""
        for line in self.tool("jack_lsp", "-p").splitlines():
            if line.startswith(("\t", " ")):
                if "input" in line and last.startswith(f"{client}:"):
                    found.append(last)
            else:
                last = line.strip()
        return found

    def wire(self, sources: Sequence[str], client: str, timeout: float = 10) -> None:
        """Disconnect a client's inputs from whatever they hear, and connect `sources` to them."""
        until = time.monotonic() + timeout
        while len(inputs := self.inputs_of(client)) < len(sources):
            if time.monotonic() > until:
                raise RuntimeError(f"no inputs of {client}: {self.tool('jack_lsp')}")
            time.sleep(0.05)
        wired = self.connections()
        for port in inputs:
            for other in wired[port]:
                self.tool("jack_disconnect", other, port)
        for source, port in zip(sources, inputs, strict=False):
            self.tool("jack_connect", source, port)


def compile_c(source: str, folder: Path) -> Path:
    """Build one of the C programs beside this file."""
    out = folder / Path(source).stem
    compiler = need(os.environ.get("CC", "cc"), "gcc")
    command = [compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", str(out)]
    subprocess.run([*command, str(HERE / source), "-ldl"], check=True)
    return out


# -- load --------------------------------------------------------------------------------------


class Load:
    """Keeps this interpreter busy: Python threads, or a C call that does not give the GIL back.

    Parameters
    ----------
    kind : int or "hold"
        That many threads of pure Python, or one that holds the GIL for 0.2 s at a time.
    """

    def __init__(self, kind: int | str) -> None:
        self._stop = threading.Event()
        self.longest_hold = 0.0
        work = self._hold if kind == "hold" else self._spin
        count = 1 if kind == "hold" else int(kind)
        if kind == "hold":
            self._repeats = _calibrate()
        self._threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _spin(self) -> None:
        x = 0
        while not self._stop.is_set():
            for i in range(1000):
                x = (x + i) & 0xFFFF

    def _hold(self) -> None:
        while not self._stop.is_set():
            began = time.perf_counter()
            sum(range(self._repeats))  # one C loop: the interpreter never gets to switch threads
            self.longest_hold = max(self.longest_hold, time.perf_counter() - began)


def steal(seconds: float, seed: int) -> None:
    """Take all processors away now and then, as a host does to a virtual machine.

    Every 0.15 to 0.6 s for 1 to 12 ms, at a priority above the sound server's clients (67: they
    are late, the server is not) or above the server too (80). To be run in a process of its own;
    needs the right to SCHED_FIFO.
    """
    chosen = random.Random(seed)
    until = time.monotonic() + seconds
    for processor in range((os.cpu_count() or 1) - 1):
        if os.fork() == 0:
            os.sched_setaffinity(0, {processor})
            break
    else:
        os.sched_setaffinity(0, {(os.cpu_count() or 1) - 1})
    began = time.monotonic()
    at = 0.0
    while began + at < until:  # all processes draw the same numbers
        at += chosen.uniform(0.15, 0.6)
        priority, length = chosen.choice((67, 80)), chosen.uniform(0.001, 0.012)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
        time.sleep(max(0.0, began + at - time.monotonic()))
        while time.monotonic() < began + at + length:
            pass


def _calibrate() -> int:
    repeats = 1 << 18
    while True:
        began = time.perf_counter()
        sum(range(repeats))
        took = time.perf_counter() - began
        if took > 0.02:
            return int(repeats * HOLD_SECONDS / took)
        repeats *= 2


# -- processes ---------------------------------------------------------------------------------


class Child:
    """This same script in a process of its own, talking in lines of JSON."""

    def __init__(self, script: str, role: str, environment: dict[str, str], **options: Any) -> None:
        command = [sys.executable, script, "--child", role, json.dumps(options)]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def hear(self) -> dict[str, Any]:
        """Its next line."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                return dict(json.loads(line))
        raise RuntimeError(f"the child ended early with code {self._process.wait()}")

    def say(self, **message: Any) -> None:
        """Let it go on."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def end(self) -> None:
        """Wait for its end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.wait(60):
            raise RuntimeError(f"the child failed with code {self._process.returncode}")


def tell(**message: Any) -> None:
    """In a child: one line to the parent."""
    print(json.dumps(message), flush=True)


def listen() -> dict[str, Any]:
    """In a child: the parent's next line."""
    return dict(json.loads(sys.stdin.readline()))


def process_memory(pid: int | str = "self") -> dict[str, float]:
    """Peak and present memory of a process in MiB: VmHWM, Rss, Pss, anonymous, locked."""
    wanted: dict[str, float] = {}
    for name in ("status", "smaps_rollup"):
        for line in Path(f"/proc/{pid}/{name}").read_text().splitlines():
            key, _, rest = line.partition(":")
            if key in (
                "VmHWM",
                "Pss",
                "Pss_Anon",
                "Rss",
                "Anonymous",
                "VmLck",
                "Private_Clean",
                "Private_Dirty",
            ):
                wanted[key] = int(rest.split()[0]) / 1024
    return wanted


def threads_cpu(pid: int | str = "self") -> dict[int, tuple[str, float]]:
    """User and system time of each thread so far, in seconds: thread -> (its name, time).

    `schedstat` is exact to a nanosecond; `stat` would count in ticks of 10 ms.
    """
    out = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            used = int((task / "schedstat").read_text().split()[0]) * 1e-9
            out[int(task.name)] = ((task / "comm").read_text().strip(), used)
    return out


def no_interrupts() -> None:
    """In a child of a shell's Ctrl-C: the parent decides when it ends."""
    libc = ctypes.CDLL(None)
    libc.prctl(1, 15)  # PR_SET_PDEATHSIG, SIGTERM: never outlive the parent
