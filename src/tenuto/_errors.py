# SPDX-License-Identifier: MIT
"""What can go wrong, as a tree.

::

    TenutoError
    ├── DeviceError (OSError)      a device is missing, busy, or cannot do what was asked
    ├── FileError (OSError)        a file cannot be made, written or read
    ├── GraphError (ValueError)    nodes cannot be connected this way
    ├── DesignError (ValueError)   a filter or effect cannot be designed with these numbers
    └── KernelError (TypeError)    a function cannot run on the audio thread

A missed deadline is never an exception: it is counted, shown, and written in the ledger.
"""

from __future__ import annotations


class TenutoError(Exception):
    """Everything that tenuto raises on purpose, besides `ValueError` for a bad argument."""


class DeviceError(TenutoError, OSError):
    """A device is missing, busy, or cannot do what was asked."""


class FileError(TenutoError, OSError):
    """A file cannot be made, written or read."""


class GraphError(TenutoError, ValueError):
    """Nodes cannot be connected this way."""


class DesignError(TenutoError, ValueError):
    """A filter or effect cannot be designed with these numbers."""


class KernelError(TenutoError, TypeError):
    """A function cannot run on the audio thread."""
