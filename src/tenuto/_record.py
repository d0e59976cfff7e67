# SPDX-License-Identifier: MIT
"""Recording in one line."""

from __future__ import annotations

import os
from typing import Any

from ._recorder import Recorder
from ._take import Take


def record(
    path: str | os.PathLike[str] | None = None,
    seconds: float | None = None,
    **options: Any,
) -> Take:
    """Record, and return when it is done.

    Parameters
    ----------
    path : str, Path or None
        The file; None records into memory.
    seconds : float, optional
        How long, 1e-6 to 1e7. None records until Ctrl-C.
    **options
        As `Recorder` takes them.

    Returns
    -------
    Take
        What was recorded, with its gaps.

    Raises
    ------
    DeviceError, FileError, ValueError
        As `Recorder` does.

    Examples
    --------
    >>> import tenuto
    >>> tenuto.record(seconds=0.05, device="virtual", channels=1).to_numpy().shape
    (2400, 1)
    """
    with Recorder(path, seconds=seconds, **options) as recorder:
        recorder.start()
        try:
            recorder.wait()
        except KeyboardInterrupt:
            if seconds is not None:
                raise
        return recorder.stop()
