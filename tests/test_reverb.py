# SPDX-License-Identifier: MIT
"""Reverb: the decay that was asked for, and a tail like noise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import signal

from support.changes import check_forgets_what_is_not_finite, run_with_changes
from support.nodes import CHUNKINGS, check_chunks, run
from tenuto import GraphError, Reverb
from tenuto.design import reverb as design

FS = 48000
NOISE = np.random.default_rng(2).uniform(-1, 1, (6000, 2)).astype(np.float32)


def impulse_response(node: Reverb, seconds: float, channels: int = 1, fs: int = FS) -> np.ndarray:
    x = np.zeros((int(seconds * fs), channels), np.float32)
    x[0, 0] = 1
    return run(node, x, fs).astype(np.float64)


def decay_seconds(h: np.ndarray, fs: int = FS) -> float:
    """RT60 from the slope between -5 and -35 dB of Schroeder's backward integral (ISO 3382)."""
    energy = np.cumsum(h[::-1] ** 2)[::-1]
    level = 10 * np.log10(energy / energy[0] + 1e-30)
    used = np.flatnonzero((level < -5) & (level > -35))
    return float(-60 / np.polyfit(used / fs, level[used], 1)[0])


def prominence(h: np.ndarray, decay: float) -> float:
    """How far the highest line of the tail's spectrum stands above the median, in decibels.

    The tail is what comes between a quarter of the decay time and all of it, its decay taken off.
    """
    at = np.arange(int(decay * FS / 4), int(decay * FS))
    tail = h[at] * 10 ** (3 * at / FS / decay) * np.hanning(len(at))
    power = np.abs(np.fft.rfft(tail)) ** 2
    power = power[(len(tail) * 50) // FS : (len(tail) * 20000) // FS]
    return float(10 * np.log10(power.max() / np.median(power)))


@pytest.mark.parametrize("size", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("decay", [0.3, 1.0, 3.0, 8.0])
def test_the_room_decays_in_the_time_that_was_asked_for(decay: float, size: float) -> None:
    h = impulse_response(Reverb(decay, size=size, damping=0, mix=1), 1.2 * decay + 0.3)
    assert decay_seconds(h[:, 0]) == pytest.approx(decay, rel=0.1)


@pytest.mark.parametrize("fs", [8000, 44100, 192000])
def test_the_decay_is_the_same_at_other_samplerates(fs: int) -> None:
    h = impulse_response(Reverb(1.0, damping=0, mix=1), 1.5, fs=fs)
    assert decay_seconds(h[:, 0], fs) == pytest.approx(1, rel=0.1)


def test_damping_shortens_the_decay_of_high_frequencies_as_it_says() -> None:
    h = impulse_response(Reverb(2.0, damping=0.5, mix=1), 3)[:, 0]
    low = signal.sosfilt(signal.butter(4, [150, 300], "band", fs=FS, output="sos"), h)
    high = signal.sosfilt(signal.butter(4, [3800, 4200], "band", fs=FS, output="sos"), h)
    assert decay_seconds(low) == pytest.approx(2.0, rel=0.1)
    assert decay_seconds(high) == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("decay", [1.0, 3.0, 8.0])
def test_no_mode_of_the_room_stands_out(decay: float) -> None:
    h = impulse_response(Reverb(decay, damping=0, mix=1), 1.05 * decay)[:, 0]
    random = np.random.default_rng(4)
    fall = 10 ** (-3 * np.arange(len(h)) / FS / decay)
    # The extreme of so many lines of noise varies by about 1 dB.
    noise = np.mean([prominence(random.standard_normal(len(h)) * fall, decay) for _ in range(3)])
    assert prominence(h, decay) < noise + 6


def test_a_standing_room_does_ring_in_a_long_decay() -> None:
    # What the measure above would say without motion: it can fail.
    h = impulse_response(Reverb(8, damping=0, mix=1, motion=0), 8.4)[:, 0]
    assert prominence(h, 8) > 30


def test_after_a_tenth_of_a_second_the_room_is_as_dense_as_noise() -> None:
    h = impulse_response(Reverb(2.0, damping=0, mix=1), 1)[:, 0]
    # Share of frames beyond the standard deviation, beside that of a normal distribution (Abel and
    # Huang, 2006): 0 for single echoes, 1 for noise.
    for begin in range(4800, 40000, 4800):
        part = h[begin : begin + 960]
        density = np.mean(np.abs(part) > part.std()) / math.erfc(1 / math.sqrt(2))
        assert density > 0.85


@pytest.mark.parametrize("channels", [1, 2, 5, 16])
def test_the_room_is_as_loud_as_its_input(channels: int) -> None:
    x = np.random.default_rng(8).standard_normal((4 * FS, channels)).astype(np.float32)
    y = run(Reverb(0.5, damping=0, mix=1), x)[FS:]
    assert y.shape[1] == channels
    level = 10 * np.log10((y.astype(float) ** 2).mean(axis=0))
    assert np.mean(level) == pytest.approx(0, abs=1)
    assert level == pytest.approx(0, abs=2)


def test_the_width_goes_from_one_channel_to_two_that_differ() -> None:
    for width, least, most in ((0.0, 1, 1), (1.0, -0.2, 0.2)):
        y = run(Reverb(1.0, mix=1, width=width), NOISE[:, :1].repeat(2, 1))
        assert least - 1e-6 <= np.corrcoef(y[3000:].T)[0, 1] <= most + 1e-6


def test_predelay_is_silence_and_mix_zero_is_the_input() -> None:
    plain = impulse_response(Reverb(1.0, mix=1), 0.5)
    late = impulse_response(Reverb(1.0, mix=1, predelay_seconds=0.1, motion=0), 0.5)
    assert not late[:4800].any()
    still = impulse_response(Reverb(1.0, mix=1, motion=0), 0.5)
    assert np.array_equal(late[4800:], still[:-4800])
    assert not np.array_equal(plain, still)
    assert np.array_equal(run(Reverb(mix=0), NOISE), NOISE)


@pytest.mark.parametrize("damping", [0.0, 0.4])
def test_it_does_not_matter_how_a_reverb_is_cut_into_blocks(damping: float) -> None:
    check_chunks(lambda: Reverb(damping=damping, predelay_seconds=0.01), NOISE)


def test_it_does_not_matter_how_a_reverb_is_cut_while_it_changes() -> None:
    def once(blocks: list[int]) -> np.ndarray:
        room = Reverb(damping=0)

        def change() -> None:
            room.size, room.damping, room.decay_seconds, room.mix = 0.1, 0.5, 0.4, 0.9
            room.predelay_seconds, room.width, room.motion = 0.02, 0.2, 0.3

        def again() -> None:
            room.size, room.damping = 0.8, 0

        return run_with_changes(room, NOISE, {1500: change, 1700: again}, blocks)

    whole = once([1000])
    for blocks in CHUNKINGS.values():
        assert np.array_equal(once(blocks), whole)


CHANGES: list[Callable[[Reverb], None]] = [
    lambda room: setattr(room, "size", 1.0),
    lambda room: setattr(room, "decay_seconds", 0.2),
    lambda room: setattr(room, "damping", 0.9),
    lambda room: setattr(room, "predelay_seconds", 0.0965),
    lambda room: setattr(room, "mix", 0.0),
    lambda room: setattr(room, "width", 0.0),
    lambda room: setattr(room, "motion", 0.0),
]


@pytest.mark.parametrize("change", CHANGES)
def test_changing_the_room_while_it_sounds_does_not_click(change: Callable[[Reverb], None]) -> None:
    room = Reverb(2.0, size=0.3, mix=1)
    time = np.arange(2 * FS) / FS
    x = np.stack([np.sin(2 * np.pi * 150 * time)] * 2, axis=1)
    y = run_with_changes(room, x, {FS: lambda: change(room)}).astype(np.float64)
    peak = np.abs(y).max()
    # A sine's largest step, and that of a fade from one extreme to the other in 480 frames.
    bound = peak * (2 * np.pi * 150 / FS + 2 / 480)
    assert np.abs(np.diff(y[FS - 100 :], axis=0)).max() < bound
    assert peak < 8


def test_a_minute_of_silence_leaves_no_denormals_in_the_room() -> None:
    x = np.zeros((60 * FS, 1), np.float32)
    x[:1000] = NOISE[:1000, :1]
    y = run(Reverb(1.0), x)
    assert not np.any((y != 0) & (np.abs(y) < np.finfo(np.float32).tiny))
    assert not y[-FS:].any()


def test_a_reverb_forgets_what_is_not_finite() -> None:
    check_forgets_what_is_not_finite(lambda: Reverb(mix=0.5), NOISE)
    x = np.full((20000, 2), 3e38, np.float32)
    assert np.isfinite(run(Reverb(mix=1), x)).all()


def test_the_lines_that_feed_back_are_different_primes() -> None:
    for size in (0.0, 0.37, 1.0):
        for fs in (8000.0, 44100.0, 192000.0):
            short, long = design.delays(size, fs)
            assert len(set(long)) == design.LINES
            assert all(n % k for n in long for k in range(2, math.isqrt(n) + 1))
            assert len(short) == 2 * design.LINES and min(short) >= 0


def test_a_reverb_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"Reverb.decay_seconds=0\.05.*0\.1 and 30 seconds"):
        Reverb(0.05)
    with pytest.raises(GraphError, match="17 channels; a Reverb takes 1 to 16"):
        Reverb()._widths(17)
