"""The part of tenuto that must run without Python."""

from collections.abc import Sequence
from typing import Annotated

import numpy
from numpy.typing import NDArray


class Scheduling:
    """How the kernel schedules a thread right now."""

    @property
    def policy(self) -> str:
        """For instance ``"SCHED_FIFO"``."""

    @property
    def priority(self) -> int:
        """Linux: 1 to 99 when real-time, else 0."""

    @property
    def error(self) -> str:
        """An errno name; empty when the call succeeded."""

    @property
    def cpu(self) -> int:
        """The only processor allowed; -1 when several are."""

    def __repr__(self) -> str: ...

def monotonic_ns() -> int:
    """Nanoseconds on the clock that the core schedules and measures by."""

def process_id() -> int:
    """The calling process, as the core sees it."""

def current_thread() -> int:
    """The calling thread's handle; equals ``threading.get_ident()``."""

def kernel_id(thread: int) -> int:
    """The kernel's number for a live thread, or -1."""

def read_scheduling(thread: int) -> Scheduling:
    """Ask the kernel how it schedules a live thread."""

def request_realtime(thread: int, policy: str, priority: int) -> Scheduling:
    """
    Ask for ``"SCHED_FIFO"`` or ``"SCHED_RR"`` for a live thread; says what it has afterwards.
    """

def pin(thread: int, cpu: int) -> Scheduling:
    """Tie a live thread to one processor; says what it has afterwards."""

class Meters:
    """Peak, RMS and clip count per channel."""

    def __init__(self, channels: int, samplerate: float) -> None: ...

    def look(self) -> list:
        """
        Per channel: peak since the last look, peak with hold, largest peak, mean square, sum of squares, clipped samples, frames, true peak since the last look, largest true peak (0 where it is not measured).
        """

class Tape:
    """The audio thread's end of one recording."""

    def __init__(self, ring_frames: int, picks: Sequence[int], limit: int) -> None: ...

    def record(self) -> None: ...

    def pause(self) -> None: ...

    def finish(self) -> None: ...

    def close(self) -> None:
        """Show the disk thread the end; no audio thread may run it."""

    def seal(self) -> None:
        """The same while the audio thread runs it, done and settled."""

    @property
    def is_done(self) -> bool: ...

    @property
    def is_closed(self) -> bool: ...

    @property
    def frames(self) -> int:
        """Device time taken: in the ring or lost."""

    @property
    def lost_frames(self) -> int: ...

    @property
    def free_frames(self) -> int: ...

    @property
    def ring_frames(self) -> int: ...

    def lock_memory(self) -> bool:
        """
        Keep the ring out of the swap; False when the system does not allow it.
        """

class Engine:
    """What the audio thread runs."""

    def __init__(self, in_channels: int, out_channels: int, samplerate: float, blocksize: int = 0, loss_quantum: int = 1, separate_output: bool = False, wobble_blocks: float = 0.5, event_slots: int = 16384) -> None: ...

    @property
    def address(self) -> int:
        """For the device library's user pointer."""

    def offer(self, tape: Tape | None, meters: Meters | None, monitor_gain: float) -> None:
        """A new plan for the next block."""

    def is_taken(self) -> bool: ...

    def device_returns(self) -> None: ...

    def close_tape(self, tape: Tape, gone_until_ns: int | None, device_frame: int) -> None: ...

    def counts(self) -> dict: ...

    def summary(self) -> dict:
        """As `counts`, with percentiles in place of histograms; in seconds."""

def miniaudio_callbacks(user_offset: int) -> tuple:
    """
    Addresses of the native callbacks for miniaudio's input and output devices.
    """

def ignore_message() -> int:
    """Address of a native message handler that does nothing."""

def portaudio_callback() -> int:
    """Address of the native callback for PortAudio streams."""

def simd_level() -> str:
    """Which kernels are used; the environment's TENUTO_SIMD forces one."""

def simd_levels() -> list[str]:
    """What this processor can run, the slowest first."""

class Node:
    """A node of a graph, on the audio thread's side."""

    def set(self, first: int, values: Sequence[float]) -> None:
        """Ask for new targets, from ``first`` on."""

    @property
    def id(self) -> int: ...

    def reset(self) -> None:
        """Forget what was heard; no audio thread may run it."""

    @property
    def in_channels(self) -> int: ...

    @property
    def side_channels(self) -> int: ...

    @property
    def out_channels(self) -> int: ...

    @property
    def latency_frames(self) -> int: ...

    @property
    def closes_loops(self) -> bool: ...

    @property
    def target_count(self) -> int: ...

    @property
    def contained(self) -> int:
        """How often its state was forgotten because it was not finite."""

class Meter(Node):
    """A node that shows how loud it is."""

    def look(self) -> list:
        """As `Meters.look`."""

    @property
    def has_true_peak(self) -> bool: ...

def make_node(kind: str, samplerate: float, channels: int, max_block: int, targets: Sequence[float], options: Sequence[float], data: object | None) -> Node:
    """A node of one of the core's kinds."""

def node_kinds() -> list[str]:
    """The names that `make_node` knows."""

def run_node(node: Node, planar: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], blocks: Sequence[int]) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None))]:
    """
    Run one node alone over an array (channels, frames), in blocks of these sizes.
    """

class Connection:
    """The gain and the presence of one path."""

    def __init__(self, factor: float, fades_in: bool, samplerate: float) -> None: ...

    @property
    def id(self) -> int: ...

    def set(self, first: int, values: Sequence[float]) -> None: ...

class TapeNode(Node):
    """The end of a branch: to a tape."""

    def __init__(self, tape: Tape, channels: int, max_block: int, samplerate: float) -> None: ...

    def put(self, frames: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None:
        """Record frames (frames, channels) that no engine brings."""

class FeedNode(Node):
    """Sound that Python puts in."""

    def __init__(self, channels: int, ring_frames: int, max_block: int, samplerate: float) -> None: ...

    def write(self, frames: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> int:
        """Put in what fits; returns how many frames."""

    def announce_end(self, ends: bool) -> None: ...

    @property
    def free_frames(self) -> int: ...

    @property
    def missing(self) -> int: ...

    @property
    def played(self) -> int: ...

def offer_graph(engine: Engine, max_block: int, parts: Sequence[tuple[Node, str]], links: Sequence[tuple[Connection, int, int, int, Sequence[int]]]) -> int:
    """
    Compile a graph and hand it to the engine's next block; returns the bytes of its buffers.
    """

def schedule(engine: Engine, frame: int, target: int, first: int, values: Sequence[float]) -> bool:
    """Change targets at a frame; False when too much is scheduled already."""

def run_offline(engine: Engine, frames: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], out: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu')], blocksize: int) -> None:
    """
    Run an engine that has no device over an array into another one, as fast as it can.
    """

class KernelNode(Node):
    """A node that calls a function from outside."""

    def watch(self, share: float) -> None:
        """
        Bypass it when it repeatedly takes more than this share of a block's time; 0: never.
        """

    def rearm(self) -> None:
        """Let it run again after it was bypassed."""

    def ask_reset(self) -> None:
        """Forget what was heard, at the next block."""

    @property
    def is_bypassed(self) -> bool: ...

    @property
    def bypasses(self) -> int:
        """How often it was bypassed."""

    @property
    def late(self) -> int:
        """Watched blocks that took too long."""

    @property
    def worst_ns(self) -> int:
        """The longest watched block."""

    @property
    def failed(self) -> int:
        """Calls in which the function gave up."""

    @property
    def failure(self) -> int:
        """The number that it gave up with last."""

class Track:
    """One recording on its way to its file or to memory."""

    def state(self) -> dict: ...

    def gaps(self) -> list:
        """Tuples of frame, frames, cause, UTC text."""

    @property
    def error(self) -> str: ...

    @property
    def ledger_path(self) -> bytes:
        """As the system writes paths; empty: the ledger stays in memory."""

    def samples(self, start: int, frames: int) -> Annotated[NDArray[numpy.float32], dict(shape=(None, None))]:
        """A copy of frames that are in memory."""

    def wait_until_over(self, seconds: float) -> bool: ...

def file_track(tape: Tape, api: dict, fd: int, format: int, samplerate: int, integer_bits: int, packed: bool, most_bytes: int, ledger_path: bytes, utc_offset_ns: int) -> Track:
    """
    A recording into an open file; the descriptor is owned by it from here on.
    """

def memory_track(tape: Tape, samplerate: int, utc_offset_ns: int) -> Track:
    """A recording into memory."""

def serve(track: Track) -> None:
    """Let the disk thread take care of a recording."""

def wake_writer() -> None: ...

def served_tracks() -> int: ...

class Source:
    """Where a player's sound comes from."""

    @property
    def frames(self) -> int: ...

    @property
    def channels(self) -> int: ...

    @property
    def step(self) -> float: ...

class PushSource(Source):
    """Sound that a worker makes."""

    def order(self) -> tuple:
        """
        Number of the order, the frame to begin with, and how many frames are wanted now.
        """

    def push(self, number: int, samples: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], is_end: bool, error: str) -> bool:
        """Bring the next frames; False when they are not wanted any more."""

class Deck:
    """What fills one player, ahead of time."""

    def add(self, source: Source) -> int: ...

    def replace(self, item: int, source: Source) -> None: ...

    def set_rules(self, order: Sequence[int], repeat: bool, loop: bool, span_item: int, a: int, b: int, at_once: bool) -> None: ...

    def seek(self, item: int, frame: int) -> None: ...

    def state(self) -> dict: ...

    def troubles(self) -> list:
        """Tuples of item and what went wrong, since the last time."""

    def wait_for_work(self, seconds: float) -> bool:
        """Wait until a source of a worker wants something."""

    def wake_worker(self) -> None: ...

def file_source(api: dict, path: bytes, channels: int, samplerate: int) -> Source:
    """A sound file at the engine's rate."""

def memory_source(samples: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> Source:
    """Sound in memory (it is copied), shape (frames, channels)."""

def push_source(channels: int, step: float, frames: int, room_frames: int) -> PushSource:
    """Sound that a worker makes."""

def make_deck(ring_frames: int, reserve_frames: int, channels: int) -> Deck:
    """A deck that the disk thread serves."""

def make_player(deck: Deck, samplerate: float, max_block: int, targets: Sequence[float]) -> Node:
    """The node that plays a deck."""

def served_players() -> int: ...

def wake_reader() -> None: ...

class TapeReader:
    """A tape that Python reads."""

    def __init__(self, tape: Tape, samplerate: float) -> None: ...

    def read(self, frames: int) -> tuple:
        """
        What is there, up to the next loss: frames, the first one's place in device time, when it arrived (monotonic, ns), and losses in front of it.
        """

    def is_ready(self, frames: int) -> bool: ...

    def is_over(self) -> bool: ...

    @property
    def frame(self) -> int: ...

    @property
    def fill(self) -> int:
        """Frames that wait to be read."""

    def watch(self, frames: int, samplerate: float, descriptor: int) -> None:
        """Signal a descriptor once, as soon as `is_ready` may have become true."""

def forget_watch(descriptor: int) -> None:
    """Nothing is signalled on a descriptor after this."""

class Exchange:
    """Chunks to a worker and back."""

    def __init__(self, in_channels: int, out_channels: int, chunk_frames: int, slots: int, latency_frames: int, samplerate: float, shared: bool) -> None: ...

    @staticmethod
    def attach(descriptor: int) -> Exchange:
        """One that another process made."""

    @property
    def descriptor(self) -> int:
        """-1: it is not shared."""

    @property
    def waiting(self) -> int:
        """Chunks that no worker has taken yet."""

    def facts(self) -> dict: ...

class Worker:
    """The worker's end of an exchange."""

    def __init__(self, exchange: Exchange) -> None: ...

    def begin(self) -> None: ...

    def wait(self, seconds: float) -> bool:
        """True when a chunk is there."""

    def take(self) -> tuple[int, Annotated[NDArray[numpy.float32], dict(shape=(None, None))]] | None:
        """Number and frames of the next chunk, or None."""

    def give(self, chunk: int, answer: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None: ...

    def fail(self) -> None:
        """There is no answer to what was taken."""

class PythonNode(Node):
    """A node that a worker answers for."""

    def __init__(self, exchange: Exchange, max_block: int, passes: bool) -> None: ...

    @property
    def late(self) -> int: ...

    @property
    def left_out(self) -> int: ...

    @property
    def played(self) -> int: ...

class VirtualDevice:
    """A device without hardware."""

    def __init__(self, engine: Engine, input: str, source: object | None, blocksize: int, tells_position: bool, drift_ppm: float, jitter_seconds: float, seed: int, faults: Sequence[tuple[str, int, int]]) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def step(self, frames: int, tape: Tape | None) -> int: ...

    def attach(self) -> bool: ...

    @property
    def position(self) -> int: ...

    @property
    def is_present(self) -> bool: ...

    @property
    def is_lost(self) -> bool: ...

    @property
    def now_ns(self) -> int: ...
