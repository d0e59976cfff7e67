# SPDX-License-Identifier: MIT
"""Real-time audio for Python, on a thread that never waits.

Record, and know that nothing was lost: see `Recorder` and `record`. Devices are listed by
`devices`; `testing.VirtualDevice` stands in for one in tests.
"""

from . import testing
from ._devices import devices
from ._devices.base import DeviceInfo
from ._errors import (
    DesignError,
    DeviceError,
    FileError,
    GraphError,
    KernelError,
    TenutoError,
)
from ._levels import Level
from ._record import record
from ._recorder import Recorder
from ._scheduling import SchedulingReport
from ._stats import Stats
from ._take import Gap, Take, read_ledger

__version__ = "0.1.0"

__all__ = [
    "DesignError",
    "DeviceError",
    "DeviceInfo",
    "FileError",
    "Gap",
    "GraphError",
    "KernelError",
    "Level",
    "Recorder",
    "SchedulingReport",
    "Stats",
    "Take",
    "TenutoError",
    "__version__",
    "devices",
    "read_ledger",
    "record",
    "testing",
]
