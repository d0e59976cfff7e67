# SPDX-License-Identifier: MIT
"""Plots of docs/dsp/space.md: delay, panning, reverb, convolution, measured on the real nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

import tenuto

FS = 48000


def response(node: tenuto.Node, seconds: float) -> NDArray[np.float64]:
    """What one frame of full scale becomes, one channel."""
    x = np.zeros((int(seconds * FS), 1), np.float32)
    x[0] = 1
    y: NDArray[np.float32] = tenuto.render(x, [node], samplerate=FS)
    return y[:, 0].astype(np.float64)


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=76)
    plt.close(figure)


def delay_and_pan(path: Path) -> None:
    """Echoes of one frame, and the laws of Pan."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    h = response(tenuto.Delay(0.1, feedback=-0.6, mix=0.5), 0.9)
    at = np.flatnonzero(h)
    left.stem(at / FS, h[at], basefmt=" ")
    left.set(title="Delay(0.1, feedback=-0.6, mix=0.5)", xlabel="seconds", ylabel="response")
    positions = np.linspace(-1, 1, 101)
    ones = np.ones((4, 1), np.float32)
    for law in ("constant_power", "linear", "compromise"):
        right_side = [
            tenuto.render(ones, [tenuto.Pan(float(p), law=law)], samplerate=FS)[3, 1]
            for p in positions
        ]
        right.plot(positions, 20 * np.log10(np.maximum(right_side, 1e-6)), label=law)
    right.set(
        title="Pan, one channel", xlabel="position", ylabel="right channel, dB", ylim=(-40, 2)
    )
    right.legend()
    for axes in (left, right):
        axes.grid(alpha=0.3)
    _save(figure, path)


def decay(path: Path) -> None:
    """Schroeder's integral and the decay time that fits it; the tail's spectrum with its modes."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    for asked in (0.5, 1.5, 4.0):
        h = response(tenuto.Reverb(asked, damping=0, mix=1), 1.1 * asked + 0.2)
        energy = np.cumsum(h[::-1] ** 2)[::-1]
        level = 10 * np.log10(energy / energy[0] + 1e-12)
        used = np.flatnonzero((level < -5) & (level > -35))
        slope, start = np.polyfit(used / FS, level[used], 1)
        time = np.arange(len(h)) / FS
        (line,) = left.plot(
            time[::96], level[::96], label=f"{asked:g} s asked for, {-60 / slope:.3f} s found"
        )
        left.plot(time, start + slope * time, "--", color=line.get_color(), linewidth=0.8)
    left.set(title="Reverb: energy still to come", xlabel="seconds", ylabel="dB", ylim=(-60, 2))
    left.legend(fontsize=8)
    for motion, colour in ((0, "tab:red"), (1, "tab:blue")):
        h = response(tenuto.Reverb(8, damping=0, mix=1, motion=motion), 8)
        at = np.arange(2 * FS, 8 * FS)
        tail = h[at] * 10 ** (3 * at / FS / 8) * np.hanning(len(at))
        power = np.abs(np.fft.rfft(tail)) ** 2
        shown = slice(6 * 500, 6 * 520)
        right.plot(
            np.arange(shown.start, shown.stop) / 6,
            10 * np.log10(power[shown] / np.median(power[300:100000])),
            color=colour,
            linewidth=0.9,
            label=f"motion={motion}",
        )
    right.set(title="its late tail (8 s)", xlabel="hertz", ylabel="dB about the median")
    right.legend(fontsize=8)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    _save(figure, path)


def convolver(path: Path) -> None:
    """Distance from a convolution in double precision, by the length of the response."""
    random = np.random.default_rng(1)
    lengths = [2**k for k in range(0, 19)]
    errors = []
    for length in lengths:
        fall = 10 ** (-3 * np.arange(length) / length)
        h = (random.standard_normal(length) * fall).astype(np.float32)
        x = random.uniform(-1, 1, (max(20000, length), 1)).astype(np.float32)
        size = 2 * 2 ** int(np.ceil(np.log2(len(x))))
        spectra = np.fft.rfft(x[:, 0].astype(float), size) * np.fft.rfft(h.astype(float), size)
        exact = np.fft.irfft(spectra)[: len(x)]
        y = tenuto.render(x, [tenuto.Convolver(h)], samplerate=FS)[:, 0]
        errors.append(20 * np.log10(np.abs(y - exact).max() / np.abs(exact).max() + 1e-9))
    figure, axes = plt.subplots(figsize=(9, 3))
    axes.semilogx(lengths, errors, "o-", base=2)
    axes.axhline(-120, color="tab:red", linewidth=0.8, label="bound")
    axes.set(
        title="Convolver: largest error beside double precision",
        xlabel="frames of the response",
        ylabel="dB of the peak",
        ylim=(-155, -110),
    )
    axes.legend()
    axes.grid(alpha=0.3)
    _save(figure, path)


def plots(folder: Path) -> None:
    """Draw all into `folder`."""
    delay_and_pan(folder / "space-delay-pan.png")
    decay(folder / "space-reverb.png")
    convolver(folder / "space-convolver.png")
