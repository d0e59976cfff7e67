# SPDX-License-Identifier: MIT
"""A device for tests: no hardware, scripted faults, the same run every time.

Pass one wherever a device is named; it works for your own programs as it does for tenuto's tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._checks import number, whole
from ._devices.virtual import Script, VirtualAdapter
from ._errors import DeviceError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from ._stream import Stream

__all__ = ["VirtualDevice", "index_signal"]

Spans = Sequence[tuple[int, int]]


class VirtualDevice:
    """A device without hardware, with faults at places that you choose.

    Parameters
    ----------
    source : array_like, "silence", "index" or "loopback"
        What comes in. An array of shape (frames, channels) (or 1-D), then silence; ``"index"``:
        every sample tells its own frame (see `index_signal`); ``"loopback"``: what was played one
        block before.
    clocked : bool
        True: a real thread on a clock. False: it moves when you call `step`, as fast as it can.
    tells_position : bool
        True: the device knows its own frame count, so losses are exact. False: they have to be
        found from the clock, as with real hardware.
    drift_ppm : float
        How much faster than nominal the device runs, -1000 to 1000.
    jitter_seconds : float
        Mean of an exponential random lateness of each callback, 0 to 1.
    xruns, stalls, unplugs : sequence of (frame, frames)
        Where, on the device's own timeline, frames are lost; callbacks are held up, to catch up
        afterwards; the device is away. Places must not overlap.
    seed : int
        Of the jitter; 0 or more.

    Raises
    ------
    ValueError
        A number is out of its range, or faults overlap.

    Examples
    --------
    >>> import tenuto
    >>> device = tenuto.testing.VirtualDevice("index", clocked=False, xruns=[(1000, 64)])
    >>> with tenuto.Recorder(None, device, channels=1) as rec:
    ...     rec.start()
    ...     device.step(4800)
    ...     take = rec.stop()
    >>> take.frames, [(gap.frame, gap.frames, gap.cause) for gap in take.gaps]
    (4800, [(1000, 64, 'xrun')])
    """

    def __init__(
        self,
        source: ArrayLike | str = "silence",
        *,
        clocked: bool = True,
        tells_position: bool = True,
        drift_ppm: float = 0.0,
        jitter_seconds: float = 0.0,
        xruns: Spans = (),
        stalls: Spans = (),
        unplugs: Spans = (),
        seed: int = 0,
    ) -> None:
        drift_ppm = number("drift_ppm", drift_ppm, -1000, 1000, "ppm")
        jitter_seconds = number("jitter_seconds", jitter_seconds, 0, 1, "s")
        seed = whole("seed", seed, 0, 2**64 - 1, "")
        samples, name, channels = _input_of(source)
        self.script = Script(
            input=name,
            source=samples,
            in_channels=channels,
            name="virtual",
            clocked=clocked,
            tells_position=tells_position,
            drift_ppm=drift_ppm,
            jitter_seconds=jitter_seconds,
            seed=seed,
            faults=_faults(xruns, stalls, unplugs),
        )
        self._stream: Stream | None = None

    def _bind(self, stream: Stream) -> None:
        self._stream = stream

    def step(self, frames: int, *, wait_for_disk: bool = True) -> None:
        """Let device time pass, as fast as it can.

        Parameters
        ----------
        frames : int
            How many frames of device time, 0 to 10**12.
        wait_for_disk : bool
            True: hold on before a ring is full (or empty, of a player), so that only scripted
            losses happen. False: go on, as a real device would.

        Raises
        ------
        DeviceError
            It is clocked, or no stream was started on it.
        ValueError
            `frames` is no whole number in its range.
        """
        frames = whole("frames", frames, 0, 10**12, "frames")
        stream = self._stream
        if stream is None or not stream.is_running:
            raise DeviceError("nothing is running on this virtual device: start a recorder on it")
        if self.script.clocked:
            raise DeviceError("this virtual device is on a clock: make it with clocked=False")
        assert isinstance(stream.adapter, VirtualAdapter)
        tape = stream.tape if wait_for_disk else None
        hold = stream.on_step() if wait_for_disk and stream.on_step is not None else None
        done = 0
        while done < frames and stream.is_running:
            some = frames - done if hold is None else hold(frames - done)
            done += stream.adapter.device.step(some, tape)
            stream.poll()

    @property
    def position(self) -> int:
        """Frames of device time that went by since it was opened."""
        if self._stream is None:
            return 0
        assert isinstance(self._stream.adapter, VirtualAdapter)
        return int(self._stream.adapter.device.position)


def _input_of(source: Any) -> tuple[NDArray[np.float32] | None, str, int]:
    if isinstance(source, str):
        if source not in ("silence", "index", "loopback"):
            raise ValueError(
                f'source={source!r}: possible are "silence", "index", "loopback", or an array'
            )
        return None, source, 0
    import numpy as np

    samples = np.asarray(source, dtype=np.float32)
    if samples.ndim == 1:
        samples = samples[:, np.newaxis]
    if samples.ndim != 2 or samples.shape[1] == 0:
        raise ValueError(f"source has shape {samples.shape}: give (frames, channels)")
    return samples, "samples", int(samples.shape[1])


def _faults(xruns: Spans, stalls: Spans, unplugs: Spans) -> tuple[tuple[str, int, int], ...]:
    faults = [
        (kind, int(at), int(frames))
        for kind, spans in (("xrun", xruns), ("stall", stalls), ("unplug", unplugs))
        for at, frames in spans
    ]
    faults.sort(key=lambda fault: fault[1])
    end = 0
    for kind, at, frames in faults:
        if at < 0 or frames < 1:
            raise ValueError(f"{kind} at {at} for {frames} frames: give frame ≥ 0, frames ≥ 1")
        if at < end:
            raise ValueError(f"{kind} at frame {at} overlaps the fault before it, to frame {end}")
        end = at if kind == "stall" else at + frames
    return tuple(faults)


def index_signal(start: int, frames: int) -> NDArray[np.float32]:
    """The samples that an ``"index"`` source gives for device frames from `start` on.

    Parameters
    ----------
    start, frames : int
        Which frames, counted from 0.

    Returns
    -------
    ndarray, float32, shape (frames,)
        ``((n mod 2**24) - 2**23) / 2**23``: exact in 24-bit PCM, so each sample of a recording
        tells where it came from. It repeats after 2**24 frames (349 s at 48 kHz).

    Examples
    --------
    >>> index_signal(0, 2).tolist()
    [-1.0, -0.9999998807907104]
    """
    import numpy as np

    n = (np.arange(start, start + frames, dtype=np.int64) % 2**24) - 2**23
    return (n / 2**23).astype(np.float32)
