# SPDX-License-Identifier: MIT
"""Real-time audio for Python, on a thread that never waits.

Record, and know that nothing was lost: see `Recorder` and `record`. Devices are listed by
`devices`; `testing.VirtualDevice` stands in for one in tests.
"""

from . import design, testing
from ._async import DeviceEvent, DeviceEvents
from ._block_stream import BlockStream, DuplexBlock, DuplexStream
from ._blocks import blocks, duplex_blocks
from ._chain import Chain
from ._connections import Connection
from ._devices import devices
from ._devices.base import DeviceInfo
from ._engine import Engine
from ._errors import (
    DesignError,
    DeviceError,
    FileError,
    GraphError,
    KernelError,
    TenutoError,
)
from ._levels import Level
from ._nodes.base import Node, Port
from ._nodes.biquad import Biquad
from ._nodes.convolver import Convolver
from ._nodes.delay import Delay
from ._nodes.distortion import Distortion
from ._nodes.dynamics import Compressor, Gate, Limiter
from ._nodes.equalizer import Band, Equalizer
from ._nodes.gain import Gain
from ._nodes.generators import Noise, Oscillator
from ._nodes.kernel import Kernel
from ._nodes.meter import Meter
from ._nodes.mixer import Mixer
from ._nodes.pan import Pan
from ._nodes.player import FilePlayer
from ._nodes.python_node import PythonNode, PythonNodeStats
from ._nodes.recorder import FileRecorder
from ._nodes.reverb import Reverb
from ._nodes.source import Source
from ._nodes.tap import Block, Tap
from ._nodes.tones import MultiTone, Sweep
from ._offline import render
from ._python_worker import WorkerEvent
from ._record import record
from ._recorder import Recorder
from ._scheduling import SchedulingReport
from ._stats import Stats
from ._take import Gap, Take, read_ledger
from ._user_dsp import KernelFunction, kernel

__version__ = "0.1.0"

__all__ = [
    "Band",
    "Biquad",
    "Block",
    "BlockStream",
    "Chain",
    "Compressor",
    "Connection",
    "Convolver",
    "Delay",
    "DesignError",
    "DeviceError",
    "DeviceEvent",
    "DeviceEvents",
    "DeviceInfo",
    "Distortion",
    "DuplexBlock",
    "DuplexStream",
    "Engine",
    "Equalizer",
    "FileError",
    "FilePlayer",
    "FileRecorder",
    "Gain",
    "Gap",
    "Gate",
    "GraphError",
    "Kernel",
    "KernelError",
    "KernelFunction",
    "Level",
    "Limiter",
    "Meter",
    "Mixer",
    "MultiTone",
    "Node",
    "Noise",
    "Oscillator",
    "Pan",
    "Port",
    "PythonNode",
    "PythonNodeStats",
    "Recorder",
    "Reverb",
    "SchedulingReport",
    "Source",
    "Stats",
    "Sweep",
    "Take",
    "Tap",
    "TenutoError",
    "WorkerEvent",
    "__version__",
    "blocks",
    "design",
    "devices",
    "duplex_blocks",
    "kernel",
    "read_ledger",
    "record",
    "render",
    "testing",
]
