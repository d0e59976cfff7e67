# SPDX-License-Identifier: MIT
"""Plots of docs/dsp/filters.md: what the core's filters do, measured on their impulse response."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from tenuto import Band, Biquad, Equalizer, _core

RATE = 48000
FRAMES = 2**17


def measured_db(node: Any) -> tuple[Any, Any]:
    """Frequencies, and the gain there in decibels, from the spectrum of the impulse response."""
    impulse = np.zeros((1, FRAMES), np.float32)
    impulse[0, 0] = 1
    core = node._instance(RATE, 1, 1024).core
    response = _core.run_node(core, impulse, [1024])[0].astype(float)
    gain = np.abs(np.fft.rfft(response))
    return np.fft.rfftfreq(FRAMES, 1 / RATE), 20 * np.log10(np.maximum(gain, 1e-8))


def frequency_axes(axes: Any, title: str, low: float, high: float) -> None:
    """Label one picture."""
    axes.set(title=title, xlabel="Hz", ylabel="dB", xscale="log", xlim=(20, RATE / 2))
    axes.set_ylim(low, high)
    axes.set_xticks([20, 100, 1000, 10000], ["20", "100", "1 k", "10 k"])
    axes.grid(alpha=0.3)


def sections(axes: Any) -> None:
    """Draw one section of each kind."""
    for node, label in [
        (Biquad("peaking", 1000, 1.4, 9), "peaking"),
        (Biquad("low_shelf", 150, gain_db=6), "low_shelf"),
        (Biquad("high_shelf", 5000, gain_db=-9), "high_shelf"),
        (Biquad("low_pass", 12000), "low_pass"),
        (Biquad("high_pass", 50), "high_pass"),
        (Biquad("band_pass", 400, 2), "band_pass"),
        (Biquad("notch", 3000, 4), "notch"),
    ]:
        axes.plot(*measured_db(node), label=label, lw=1.2)
    frequency_axes(axes, "one section of each kind", -24, 12)
    axes.legend(fontsize=7, ncols=2, loc="lower center")


def eight_bands(axes: Any) -> None:
    """Draw the presets, and one band alone."""
    for name in Equalizer.presets():
        axes.plot(*measured_db(Equalizer.preset(name)), label=name, lw=1.2)
    alone = Equalizer.eight_band([0, 0, 0, -6, 0, 0, 0, 0])
    axes.plot(*measured_db(alone), "k:", lw=1, label="bands[3] at -6 dB")
    frequency_axes(axes, "eight bands: presets", -9, 14)
    axes.legend(fontsize=7, ncols=2, loc="upper center")


def turning(axes: Any) -> None:
    """Draw a bell at 60 Hz that is turned up by 12 dB while a tone of 60 Hz runs."""
    eq = Equalizer([Band("peaking", 60, 0, 1.4)])
    instance = eq._instance(RATE, 1, 1024)
    t = np.arange(RATE // 4) / RATE
    x = (0.2 * np.sin(2 * np.pi * 60 * t)).astype(np.float32)[None]
    half = x.shape[1] // 2
    before = _core.run_node(instance.core, np.ascontiguousarray(x[:, :half]), [64])
    eq.bands[0].gain_db = 12
    after = _core.run_node(instance.core, np.ascontiguousarray(x[:, half:]), [64])
    y = np.concatenate([before[0], after[0]])
    axes.axvspan(0, 10, color="0.9", label="coefficients move")
    axes.plot((t - t[half]) * 1000, y, lw=1.2)
    axes.set(title="a bell at 60 Hz, turned up by 12 dB", xlabel="ms", xlim=(-50, 125))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, loc="upper left")


def plots(folder: Path) -> None:
    """Write the pictures."""
    figure, all_axes = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
    for draw, axes in zip((sections, eight_bands, turning), all_axes, strict=True):
        draw(axes)
    path = folder / "filters.png"
    figure.savefig(path, dpi=72)
    plt.close(figure)
    with Image.open(path) as picture:  # 64 colours: half the size, and nobody sees it
        small = picture.convert("RGB").quantize(64)
    small.save(path, optimize=True)
