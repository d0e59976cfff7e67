# SPDX-License-Identifier: MIT
"""Pictures of docs/dsp/dynamics.md: measured on the nodes themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import tenuto
from tenuto import _core

RATE = 48000


def _run(node: Any, x: NDArray[Any]) -> NDArray[np.float32]:
    core = node._instance(RATE, 1, 1024).core
    planar = np.ascontiguousarray(np.atleast_2d(x), dtype=np.float32)
    if node.side_inputs:
        planar = np.vstack([planar, np.abs(planar[0])])
    return np.asarray(_core.run_node(core, planar, [512])[0])


def _curves(axes: Any) -> None:
    levels = np.arange(-60.0, 0.5, 0.5)
    for ratio, knee, style in [(2, 0, "C0-"), (4, 0, "C1-"), (4, 12, "C1--"), (100, 0, "C2-")]:
        node = tenuto.Compressor(-24, ratio, knee_db=knee, attack_seconds=0, release_seconds=0)
        out = [20 * np.log10(_run(node, np.full(32, 10 ** (v / 20)))[-1]) for v in levels]
        axes.plot(
            levels, out, style, lw=1.3, label=f"{ratio}:1" + (f", knee {knee} dB" * (knee > 0))
        )
    axes.set(title="Compressor: static curve, measured", xlabel="in, dBFS", ylabel="out, dBFS")


def _times(axes: Any) -> None:
    x = np.concatenate([np.full(2400, 0.05), np.full(9600, 0.7), np.full(14400, 0.05)])
    t = np.arange(len(x)) / RATE * 1000
    for attack, release in [(0.005, 0.05), (0.02, 0.1)]:
        node = tenuto.Compressor(-20, 4, attack_seconds=attack, release_seconds=release)
        label = f"attack {attack * 1000:.0f} ms, release {release * 1000:.0f} ms"
        axes.plot(t, 20 * np.log10(_run(node, x) / x), lw=1.3, label=label)
    gate = tenuto.Gate(-20, range_db=20, hold_seconds=0.05, release_seconds=0.05)
    axes.plot(t, 20 * np.log10(_run(gate, x) / x), "C7", lw=1.3, label="gate, 50 ms hold")
    axes.set(title="a burst 23 dB louder, 50 to 250 ms", xlabel="ms", ylabel="gain, dB")


def _limiter(axes: Any) -> None:
    t = (np.arange(4800) - 1200) / RATE * 1000
    x = 0.5 * np.sin(2 * np.pi * 500 * t / 1000)
    x[1200:2160] *= 5
    node = tenuto.Limiter(-3, release_seconds=0.02)
    late = node._instance(RATE, 1, 1024).core.latency_frames
    y = _run(node, np.concatenate([x, np.zeros(late)]))[late:]
    axes.plot(t, x, "0.8", lw=0.9, label="in")
    axes.plot(t, y, "C0", lw=0.9, label=f"out, {late} frames earlier")
    for side in (1, -1):
        axes.axhline(side * 10 ** (-3 / 20), color="C3", lw=0.8, ls="--")
    axes.set(title="Limiter at -3 dB: a burst 14 dB louder", xlabel="ms", ylim=(-2.6, 2.6))


def _aliases(axes: Any) -> None:
    frames = 1 << 15
    cycles = 3413  # 5 kHz
    n = np.arange(2 * frames)
    x = np.sin(2 * np.pi * cycles * n / frames)
    plain = np.clip(10 ** (18 / 20) * x, -1, 1)
    ours = _run(tenuto.Distortion(18, shape="hard"), x)
    frequency = np.arange(frames // 2 + 1) * RATE / frames / 1000
    curves: list[tuple[Any, str, str]] = [
        (plain, "C3", "clipped at 48 kHz"),
        (ours, "C0", "Distortion, 8 times oversampled"),
    ]
    for y, style, label in curves:
        amplitude = np.abs(np.fft.rfft(y[-frames:].astype(float))) * 2 / frames
        axes.plot(frequency, 20 * np.log10(np.maximum(amplitude, 1e-8)), style, lw=0.8, label=label)
    axes.set(title='5 kHz, drive 18 dB, "hard"', xlabel="kHz", ylabel="dB", ylim=(-150, 10))
    axes.set_xlim(0, 24)


def _write(path: Path, draws: list[Any]) -> None:
    figure, all_axes = plt.subplots(1, len(draws), figsize=(11, 3.8), layout="constrained")
    for draw, axes in zip(draws, all_axes, strict=True):
        draw(axes)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7)
    figure.savefig(path, dpi=72)
    plt.close(figure)
    with Image.open(path) as picture:  # 64 colours: half the size, and nobody sees it
        small = picture.convert("RGB").quantize(64)
    small.save(path, optimize=True)


def plots(folder: Path) -> None:
    """Write the pictures."""
    _write(folder / "dynamics-compressor.png", [_curves, _times])
    _write(folder / "dynamics-limiter-distortion.png", [_limiter, _aliases])
