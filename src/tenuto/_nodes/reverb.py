# SPDX-License-Identifier: MIT
"""A room."""

from __future__ import annotations

from .._errors import GraphError
from ..design import reverb as design
from .base import Node
from .params import Param

MOST_PREDELAY = 0.5


class Reverb(Node):
    """Let sound ring in a room.

    Takes 1 to 16 channels and gives as many; each output hears all inputs, and with two channels
    the room is stereo. All parameters may be changed while it sounds: numbers move in 10 ms, a room
    of another size fades in over the same time.

    Parameters
    ----------
    decay_seconds : float
        Time in which the sound of the room falls by 60 dB (RT60), 0.1 to 30 seconds.
    predelay_seconds : float
        Silence before the room answers, 0 to 0.5 seconds.
    size : float
        0 (a closet) to 1 (a hall), no unit: the lengths of the room's ways. A small room with a
        long decay sounds like a pipe.
    damping : float
        0 to 0.95, no unit: how much faster high frequencies decay. At 4 kHz the time is
        ``1 - damping`` of `decay_seconds`; 0: all frequencies alike.
    mix : float
        0 (only the input) to 1 (only the room), no unit. The room's response has the energy of one
        full-scale frame (within 1 dB, undamped): steady sound is as loud there as at the input.
    width : float
        0 (both channels hear the same) to 1 (the room is as wide as it gets), no unit; only for
        two channels.
    motion : float
        0 (the room stands still) to 2, no unit: how fast its modes wander. A long decay needs some,
        or single tones of the room are heard in it.
    name : str, optional
        How messages call it.

    Raises
    ------
    ValueError
        A parameter is out of its range.
    GraphError
        More than 16 channels are connected.

    Notes
    -----
    A feedback delay network of 16 lines, see docs/dsp/space.md for its sources and measurements.

    Examples
    --------
    >>> room = Reverb(decay_seconds=2.5, damping=0.4)
    >>> room.decay_seconds = 1.2
    >>> room.size
    0.5
    """

    kind = "reverb"
    decay_seconds = Param(1.5, 0.1, 30, "seconds", "Time in which the room's sound falls by 60 dB.")
    predelay_seconds = Param(0.0, 0, MOST_PREDELAY, "seconds", "Silence before the room answers.")
    size = Param(0.5, 0, 1, "", "How large the room is.")
    damping = Param(0.3, 0, 0.95, "", "How much faster high frequencies decay.")
    mix = Param(0.3, 0, 1, "", "How much of the output is the room.")
    motion = Param(1.0, 0, 2, "", "How fast the room's modes wander.")
    width = Param(1.0, 0, 1, "", "How wide the room is.")

    def __init__(
        self,
        decay_seconds: float = 1.5,
        *,
        predelay_seconds: float = 0.0,
        size: float = 0.5,
        damping: float = 0.3,
        mix: float = 0.3,
        width: float = 1.0,
        motion: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(
            name=name,
            decay_seconds=decay_seconds,
            predelay_seconds=predelay_seconds,
            size=size,
            damping=damping,
            mix=mix,
            width=width,
            motion=motion,
        )

    def _targets(self, samplerate: float) -> list[float]:
        short, long = design.delays(self.size, samplerate)
        losses = [
            design.damping(frames, self.decay_seconds, self.damping, samplerate) for frames in long
        ]
        room = design.loudness(long, self.decay_seconds, samplerate)
        predelay = round(self.predelay_seconds * samplerate)
        numbers = [1 - self.mix, self.mix * room, self.width, self.motion, predelay, *short, *long]
        return [
            *map(float, numbers),
            *(feed for feed, _ in losses),
            *(keep for _, keep in losses),
        ]

    def _options(self, samplerate: float) -> list[float]:
        short, long = design.delays(1.0, samplerate)
        return [round(MOST_PREDELAY * samplerate), max(short), max(long)]

    def _widths(self, incoming: int) -> tuple[int, int]:
        if incoming > design.LINES:
            raise GraphError(
                f'"{self.name}" gets {incoming} channels; a Reverb takes 1 to {design.LINES}: '
                "use one for each group of channels"
            )
        return super()._widths(incoming)
