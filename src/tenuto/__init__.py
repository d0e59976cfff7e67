# SPDX-License-Identifier: MIT
"""Real-time audio for Python, on a thread that never waits.

Record, and know that nothing was lost: `Recorder` and `record`. Process: an `Engine` runs a graph
of nodes on the audio thread, `render` the same offline. Have every sample in Python: `blocks`.
Devices are listed by `devices`; `testing.VirtualDevice` stands in for one in tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from ._memory import empty, open_mapped
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
    from ._play import Playback, play
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
    "Playback",
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
    "empty",
    "kernel",
    "open_mapped",
    "play",
    "read_ledger",
    "record",
    "render",
    "testing",
]

# Where each name lives. It is loaded when it is asked for: a program that records need not wait for
# the reverb.
_HOMES = {
    "design": "",
    "testing": "",
    "DeviceEvent": "_async",
    "DeviceEvents": "_async",
    "BlockStream": "_block_stream",
    "DuplexBlock": "_block_stream",
    "DuplexStream": "_block_stream",
    "blocks": "_blocks",
    "duplex_blocks": "_blocks",
    "Chain": "_chain",
    "Connection": "_connections",
    "devices": "_devices",
    "DeviceInfo": "_devices.base",
    "Engine": "_engine",
    "DesignError": "_errors",
    "DeviceError": "_errors",
    "FileError": "_errors",
    "GraphError": "_errors",
    "KernelError": "_errors",
    "TenutoError": "_errors",
    "Level": "_levels",
    "empty": "_memory",
    "open_mapped": "_memory",
    "Node": "_nodes.base",
    "Port": "_nodes.base",
    "Biquad": "_nodes.biquad",
    "Convolver": "_nodes.convolver",
    "Delay": "_nodes.delay",
    "Distortion": "_nodes.distortion",
    "Compressor": "_nodes.dynamics",
    "Gate": "_nodes.dynamics",
    "Limiter": "_nodes.dynamics",
    "Band": "_nodes.equalizer",
    "Equalizer": "_nodes.equalizer",
    "Gain": "_nodes.gain",
    "Noise": "_nodes.generators",
    "Oscillator": "_nodes.generators",
    "Kernel": "_nodes.kernel",
    "Meter": "_nodes.meter",
    "Mixer": "_nodes.mixer",
    "Pan": "_nodes.pan",
    "FilePlayer": "_nodes.player",
    "PythonNode": "_nodes.python_node",
    "PythonNodeStats": "_nodes.python_node",
    "FileRecorder": "_nodes.recorder",
    "Reverb": "_nodes.reverb",
    "Source": "_nodes.source",
    "Block": "_nodes.tap",
    "Tap": "_nodes.tap",
    "MultiTone": "_nodes.tones",
    "Sweep": "_nodes.tones",
    "render": "_offline",
    "Playback": "_play",
    "play": "_play",
    "WorkerEvent": "_python_worker",
    "record": "_record",
    "Recorder": "_recorder",
    "SchedulingReport": "_scheduling",
    "Stats": "_stats",
    "Gap": "_take",
    "Take": "_take",
    "read_ledger": "_take",
    "KernelFunction": "_user_dsp",
    "kernel": "_user_dsp",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    home = _HOMES[name]
    module = import_module(f"{__name__}.{home or name}")
    value = getattr(module, name) if home else module
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
