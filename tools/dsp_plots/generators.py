# SPDX-License-Identifier: MIT
"""Pictures of docs/dsp/generators.md: measured on the nodes themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

import tenuto
from tenuto import _core
from tenuto.design.sweep import inverse

RATE = 48000


def _play(node: Any, frames: int) -> NDArray[np.float64]:
    core = node._instance(RATE, 1, 1024).core
    nothing = np.zeros((0, frames), np.float32)
    return np.asarray(_core.run_node(core, nothing, [1024])[0], np.float64)


def _spectrum(y: NDArray[np.float64]) -> NDArray[np.float64]:
    window = np.kaiser(len(y), 20)
    size = np.abs(np.fft.rfft(y * window)) * 2 / window.sum()
    return np.asarray(20 * np.log10(np.maximum(size / size.max(), 1e-9)))


def _density(y: NDArray[np.float64], length: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Power per hertz, averaged over pieces (P. Welch, 1967)."""
    window = np.hanning(length)
    pieces = y[: len(y) // length * length].reshape(-1, length) * window
    power = (np.abs(np.fft.rfft(pieces)) ** 2).mean(0) * 2 / (RATE * (window**2).sum())
    return np.asarray(np.fft.rfftfreq(length, 1 / RATE)), np.asarray(power)


def _save(path: Path) -> None:
    plt.tight_layout()
    plt.savefig(path, dpi=80)
    plt.close()


def _oscillator(folder: Path) -> None:
    frames, frequency = 1 << 15, 4987.1
    at = np.fft.rfftfreq(frames, 1 / RATE) / 1000
    naive = np.where(frequency / RATE * np.arange(frames) % 1 < 0.3, 1.0, -1.0)
    ours = _play(tenuto.Oscillator("square", frequency, duty=0.3, level_db=0), frames)
    # Without their mean, 2 × 0.3 - 1.
    _, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
    for axis, y, title in zip(
        axes, (naive + 0.4, ours + 0.4), ("naive", "Oscillator"), strict=True
    ):
        axis.plot(at, _spectrum(y), linewidth=0.6)
        axis.set(title=f"square, 4987.1 Hz, duty 0.3: {title}", xlabel="kHz", ylim=(-160, 5))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("dB of the fundamental")
    _save(folder / "oscillator.png")


def _noise(folder: Path) -> None:
    plt.figure(figsize=(9, 3))
    for color in ("white", "pink"):
        y = _play(tenuto.Noise(color, seed=1), RATE * 100)
        at, density = _density(y, 1 << 14)
        level = 10 * np.log10(density[1:])
        plt.semilogx(at[1:], level, linewidth=0.6, label=color)
        if color == "pink":
            octaves = 10 * np.log10(at[1:])
            line = (level + octaves)[30:-2000].mean() - octaves
            plt.semilogx(at[1:], line, "k--", linewidth=0.8, label="-3.01 dB per octave")
    plt.xlim(5, 24_000)
    plt.xlabel("Hz")
    plt.ylabel("dBFS per hertz")
    plt.legend()
    plt.grid(alpha=0.3)
    _save(folder / "noise.png")


def _sweep(folder: Path) -> None:
    y = _play(tenuto.Sweep(50, 20_000, 4, level_db=-20, fade_in=0.02, fade_out=0.02), RATE * 4)
    back = inverse(50, 20_000, 4, samplerate=RATE, level_db=-20)
    whole = np.fft.irfft(np.fft.rfft(y, 1 << 19) * np.fft.rfft(back, 1 << 19))
    _, axes = plt.subplots(1, 2, figsize=(9, 3))
    shown = slice(RATE * 4 - 1 - 480, RATE * 4 + 480)
    level = 20 * np.log10(np.maximum(np.abs(whole[shown]), 1e-6))
    axes[0].plot((np.arange(len(level)) - 480) / RATE * 1000, level, linewidth=0.7)
    axes[0].set(title="sweep × inverse", xlabel="ms", ylabel="dB", ylim=(-120, 5))
    size = np.abs(np.fft.rfft(whole, 1 << 19))[::8]
    at = np.fft.rfftfreq(1 << 19, 1 / RATE)[::8]
    axes[1].semilogx(at[1:], 20 * np.log10(size[1:]), linewidth=0.7)
    axes[1].set(title="its spectrum", xlabel="Hz", xlim=(20, 24_000), ylim=(-12, 3))
    for axis in axes:
        axis.grid(alpha=0.3)
    _save(folder / "sweep.png")


def _multitone(folder: Path) -> None:
    plt.figure(figsize=(9, 3))
    frequencies = [100 * k for k in range(1, 33)]
    for phases in ("zero", "schroeder"):
        y = _play(tenuto.MultiTone(frequencies, phases=phases, level_db=-32), 960)
        crest = 20 * np.log10(np.abs(y).max() / y.std())
        label = f'phases="{phases}": crest factor {crest:.1f} dB'
        plt.plot(np.arange(960) / RATE * 1000, y, linewidth=0.8, label=label)
    plt.xlabel("ms")
    plt.legend(loc="upper right")
    plt.grid(alpha=0.3)
    _save(folder / "multitone.png")


def plots(folder: Path) -> None:
    """Write the pictures of this area into `folder`."""
    for draw in (_oscillator, _noise, _sweep, _multitone):
        draw(folder)
