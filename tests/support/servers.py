# SPDX-License-Identifier: MIT
"""Sound servers without hardware, for tests that record from the real thing.

Each server is private (its own name or folder), is ended by the process id that it was started
with, and no step waits longer than a stated time. What is missing on the machine skips a test with
a sentence that names the package.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import fcntl
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, NoReturn, Self

import pytest

from support.children import END_SECONDS, end, end_with_us

READY_SECONDS = 15.0
_numbers = itertools.count(1)


def need_program(name: str, package: str) -> str:
    """Where a program is; without it the test is skipped."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install {package})")
    return found


def wait_until(condition: object, seconds: float, what: str, pause: float = 0.02) -> float:
    """Call `condition` until it is true, and return how long that took; fail after `seconds`."""
    assert callable(condition)
    start = time.monotonic()
    while not condition():
        waited = time.monotonic() - start
        if waited > seconds:
            pytest.fail(f"after {waited:.1f} s still not: {what}", pytrace=True)
        time.sleep(pause)
    return time.monotonic() - start


def _free_name() -> tuple[str, IO[str]]:
    """A server's name that no other test uses, and the lock that says so.

    Few names, used again and again: JACK has room for eight names of servers on a machine, and one
    that was killed keeps its place until a server of the same name comes.
    """
    for number in range(4):
        lock = (Path(tempfile.gettempdir()) / f"tenuto-test-jack-{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
        else:
            return f"tenuto-test-{number}", lock
    pytest.fail("four JACK servers of other tests are running already", pytrace=False)


class Server(ABC):
    """A server's process with its log, and the environment that leads programs to it."""

    def __init__(self, log_path: Path) -> None:
        self._log_path = log_path
        self._process: subprocess.Popen[str] | None = None
        self._log: IO[str] | None = None
        self._before: dict[str, str | None] = {}

    @property
    @abstractmethod
    def _settings(self) -> dict[str, str]:
        """What is set in the environment while it is entered."""

    @abstractmethod
    def start(self) -> None:
        """Start it and wait until it takes clients."""

    @property
    def pid(self) -> int:
        """The server's process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL: it goes without saying good-bye to its clients."""
        self._finish(signal.SIGKILL)

    def _comes_up(
        self, command: Sequence[str], environment: dict[str, str], is_ready: Callable[[], bool]
    ) -> bool:
        """Start its process; False when it is not ready in time (it is ended then)."""
        self._log = self._log_path.open("a", encoding="utf-8")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            text=True,
            env=environment,
            preexec_fn=end_with_us,
        )
        until = time.monotonic() + READY_SECONDS
        while self._process.poll() is None and time.monotonic() < until:
            if is_ready():
                return True
            time.sleep(0.02)
        self.kill()
        return False

    def _did_not_start(self, name: str) -> NoReturn:
        log = self._log_path.read_text()[-2000:]
        pytest.fail(f"{name} did not start:\n{log}", pytrace=False)

    def _finish(self, how: signal.Signals) -> None:
        if self._process is not None:
            end(self._process, how)
            self._process = None
        if self._log is not None:
            self._log.close()
            self._log = None

    def __enter__(self) -> Self:
        for name, value in self._settings.items():
            self._before[name] = os.environ.get(name)
            os.environ[name] = value
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._finish(signal.SIGTERM)
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class JackServer(Server):
    """A JACK server on the dummy driver: a real server on a real clock, without a sound card.

    While it is entered, ``JACK_DEFAULT_SERVER`` names it, so that libraries find it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        period: int = 128,
        samplerate: int = 48_000,
        inputs: int = 2,
        outputs: int = 2,
    ) -> None:
        self._jackd = need_program("jackd", "jackd2")
        self._lsp = need_program("jack_lsp", "jackd2")
        self.name, self._claim = _free_name()
        self.period, self.samplerate = period, samplerate
        self._driver = ["-r", str(samplerate), "-p", str(period), "-C", str(inputs)]
        self._driver += ["-P", str(outputs)]
        super().__init__(folder / f"{self.name}.log")

    @property
    def _settings(self) -> dict[str, str]:
        return {"JACK_DEFAULT_SERVER": self.name}

    @property
    def environment(self) -> dict[str, str]:
        """For programs that should meet this server."""
        return {**os.environ, "JACK_DEFAULT_SERVER": self.name, "JACK_NO_AUDIO_RESERVATION": "1"}

    def start(self) -> None:
        """Start it and wait until it takes clients."""
        # Where real-time threads are refused, a server without them is still a server.
        for realtime in (["-R", "-P", "70"], ["-r"]):
            command = [self._jackd, "-n", self.name, *realtime, "-d", "dummy", *self._driver]
            if self._comes_up(
                command, self.environment, lambda: "system:playback_1" in self.ports()
            ):
                return
        self._did_not_start("jackd")

    def stall(self, seconds: float) -> None:
        """Stop the server's process for a while: it is late, as on an overloaded machine."""
        os.kill(self.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(self.pid, signal.SIGCONT)

    def _finish(self, how: signal.Signals) -> None:
        super()._finish(how)
        # A killed server leaves its semaphores behind; the next one of the name trips over them.
        for left in Path("/dev/shm").glob(f"jack_sem.*_{self.name}_*"):
            left.unlink(missing_ok=True)

    def ports(self) -> list[str]:
        """Names of all ports, none when the server does not answer."""
        return self._ask(self._lsp).split()

    def connections(self, port: str) -> list[str]:
        """What a port is connected to."""
        lines = self._ask(self._lsp, "-c", port).splitlines()
        return [line.strip() for line in lines if line.startswith(" ")]

    def connect(self, source: str, target: str) -> None:
        """Lay a wire."""
        self._wire("jack_connect", source, target)

    def disconnect(self, source: str, target: str) -> None:
        """Take a wire away."""
        self._wire("jack_disconnect", source, target)

    def wire_only(self, sources: Sequence[str], client: str = "tenuto") -> None:
        """Let each input of `client` hear one of `sources`, in order, and nothing else.

        miniaudio connects its inputs to the sound card's by itself; those wires go first.
        """
        ports: list[str] = []

        def are_there() -> bool:
            ports[:] = self.inputs_of(client)
            return len(ports) >= len(sources)

        wait_until(are_there, 10.0, f'client "{client}" has {len(sources)} inputs')
        for port in ports:
            for source in self.connections(port):
                self.disconnect(source, port)
        for source, port in zip(sources, ports, strict=False):
            self.connect(source, port)

    def inputs_of(self, client: str) -> list[str]:
        """The input ports of one client, in order."""
        names, inputs = self._ask(self._lsp, "-p").splitlines(), []
        for name, properties in itertools.pairwise(names):
            if name.startswith(f"{client}:") and "input" in properties:
                inputs.append(name)
        return inputs

    def _wire(self, program: str, source: str, target: str) -> None:
        command = [need_program(program, "jackd2"), "-s", self.name, source, target]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=10
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"

    def _ask(self, *command: str) -> str:
        try:
            done = subprocess.run(
                [*command], env=self.environment, capture_output=True, text=True, timeout=10
            )
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout if done.returncode == 0 else ""

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._claim.close()


def build_index_player(folder: Path) -> Path:
    """Compile ``index_player.c``; returns the program."""
    if ctypes.util.find_library("jack") is None:
        pytest.skip("libjack.so.0 is not installed (Debian: apt-get install libjack-jackd2-0)")
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("there is no C compiler (Debian: apt-get install gcc)")
    program = folder / "index_player"
    source = Path(__file__).with_name("index_player.c")
    command = [compiler, "-O2", "-Wall", "-Wextra", "-Werror", str(source), "-o", str(program)]
    subprocess.run([*command, "-ldl", "-lpthread"], check=True, timeout=120)
    return program


class IndexPlayer:
    """The native JACK client of ``index_player.c``, running."""

    def __init__(self, program: Path, server: JackServer, channels: int, log: Path | None) -> None:
        self.name = f"index{next(_numbers)}"
        self.log = log
        command = [str(program), self.name, str(channels), *([str(log)] if log else [])]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=server.environment,
            preexec_fn=end_with_us,
        )
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        if not first.startswith("ready"):
            end(self._process)
            pytest.fail(f"the index player did not start: {first!r}", pytrace=False)
        self.pid = self._process.pid
        self.outputs = [f"{self.name}:out_{c + 1}" for c in range(channels)]

    def stop(self) -> dict[str, int]:
        """End it and return its counts: cycles, frames, skipped, xruns."""
        assert self._process.stdout is not None
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
            line = self._process.stdout.readline()
        finally:
            end(self._process, signal.SIGKILL)
        counts: dict[str, int] = json.loads(line)
        return counts


@contextlib.contextmanager
def playing(
    program: Path, server: JackServer, channels: int = 2, log: Path | None = None
) -> Iterator[IndexPlayer]:
    """An index player that is ended in any case."""
    player = IndexPlayer(program, server, channels, log)
    try:
        yield player
    finally:
        end(player._process, signal.SIGKILL)


class PulseServer(Server):
    """A PulseAudio daemon in a private folder, with one null sink, named "t".

    What is played to the sink can be recorded from its monitor, "Monitor of Null Output" or
    ``t.monitor``. While it is entered, ``PULSE_SERVER`` leads there.
    """

    def __init__(self, folder: Path, *, samplerate: int = 48_000, channels: int = 2) -> None:
        self._daemon = need_program("pulseaudio", "pulseaudio")
        self._folder = folder
        self._socket = folder / "pulse" / "native"
        self._sink = f"sink_name=t rate={samplerate} channels={channels} format=float32le"
        super().__init__(folder / "pulseaudio.log")

    @property
    def _settings(self) -> dict[str, str]:
        return {
            "XDG_RUNTIME_DIR": str(self._folder),
            "XDG_CONFIG_HOME": str(self._folder / "config"),
            "PULSE_SERVER": f"unix:{self._socket}",
        }

    def start(self) -> None:
        """Start it and wait until it takes clients."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._folder / "config").mkdir(exist_ok=True)
        self._socket.unlink(missing_ok=True)  # a killed daemon leaves it
        # The daemon itself refuses to start when PULSE_SERVER names another one.
        environment = {**os.environ, **self._settings}
        del environment["PULSE_SERVER"]
        command = [self._daemon, "--daemonize=no", "-n", "--exit-idle-time=-1"]
        command += ["-L", f"module-null-sink {self._sink}", "-L", "module-native-protocol-unix"]
        if not self._comes_up(command, environment, self._socket.exists):
            self._did_not_start("pulseaudio")

    @contextlib.contextmanager
    def playing(self, samples: Path, samplerate: int, channels: int) -> Iterator[None]:
        """Play raw float32 samples from a file into the sink, until it ends or the block does."""
        command = [need_program("pacat", "pulseaudio-utils"), "--playback", "--raw"]
        command += ["--format=float32le", f"--rate={samplerate}", f"--channels={channels}"]
        command += ["--device=t", "--latency-msec=200", str(samples)]
        process = subprocess.Popen(command, text=True, env={**os.environ, **self._settings})
        try:
            yield
        finally:
            end(process, signal.SIGKILL)
