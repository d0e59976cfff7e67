#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compose and synthesise the shipped piece of music, ``src/tenuto/data/tenuto-demo.flac``.

    tools/make_music.py [PATH]     write the piece (over the shipped file, if none is named)

Eight bars in D major, 108 beats a minute, written for this project: plucked strings, a pad, a bass,
a celesta and light percussion, ending on a chord that is held for its full value: *tenuto*. It is a
test signal that is pleasant to hear: from a single quiet string to the full band (some 20 dB), from
a drum at 45 Hz to brushes above 15 kHz, wide but mono-safe stereo, and a fade to true silence.

Every sound is arithmetic on NumPy arrays; nothing is sampled. All randomness comes from one bit
generator with a fixed seed, used raw because NumPy keeps that stream the same for ever.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

Signal = NDArray[np.float64]

SHIPPED = Path(__file__).resolve().parent.parent / "src" / "tenuto" / "data" / "tenuto-demo.flac"
RATE = 48_000
SECONDS = 20.0
BEAT = 60 / 108
PEAK_DB = -1.5
SIGNIFICANT_BITS = 18  # of the file's 24: the step is 102 dB below full scale, and FLAC stores
#                        the six constant bits for nothing, which saves 40 % of the file
BITS = np.random.PCG64(20_260_108)

# Chords, low to high, as MIDI notes (60 = middle C, 69 = 440 Hz). One bar each; the last is held.
BARS = [
    (50, 57, 62, 64, 66),  # D add9
    (47, 54, 57, 62, 66),  # B minor 7
    (43, 50, 57, 59, 66),  # G major 9
    (45, 52, 57, 59, 64),  # A sus 2; its third comes in the tune
    (42, 49, 57, 61, 64),  # F sharp minor 7
    (43, 50, 59, 62, 66),  # G major 7
    (40, 52, 55, 59, 62),  # E minor 7; its second half is A 9 sus
    (38, 57, 62, 66, 71),  # D 6/9, held
]
TURN = (45, 52, 55, 59, 64)  # A 9 sus: the last two beats before the held chord
ARPEGGIO = (0, 2, 3, 4, 2, 4, 3, 2)  # which of a chord's strings each eighth plays

# The celesta's tune: bar, beat, MIDI note, loudness.
TUNE = [
    (2, 0.0, 83, 0.5), (2, 1.5, 81, 0.4), (2, 2.0, 78, 0.5), (2, 3.0, 74, 0.4),
    (3, 0.0, 76, 0.5), (3, 2.0, 74, 0.5), (3, 3.0, 73, 0.4),
    (4, 0.0, 81, 0.6), (4, 1.5, 85, 0.5), (4, 2.0, 88, 0.7), (4, 3.0, 85, 0.5),
    (5, 0.0, 86, 0.7), (5, 1.5, 83, 0.5), (5, 2.0, 81, 0.6), (5, 3.0, 78, 0.5),
    (6, 0.0, 79, 0.6), (6, 1.0, 83, 0.7), (6, 2.0, 81, 0.6), (6, 2.5, 83, 0.7),
    (6, 3.0, 85, 0.8), (6, 3.5, 88, 0.9),
    (7, 0.0, 90, 1.0), (7, 0.06, 86, 0.6), (7, 0.12, 93, 0.5),
]  # fmt: skip


def at(bar: int, beat: float) -> float:
    """Seconds at which a beat falls; the last two beats before the held chord broaden by 12 %."""
    beats = 4 * bar + beat
    return BEAT * (beats + 0.12 * (min(max(beats, 26.0), 28.0) - 26.0))


def pitch(note: float) -> float:
    """Frequency of a MIDI note in hertz, equal temperament, A = 440 Hz."""
    return float(440.0 * 2 ** ((note - 69) / 12))


def clock(seconds: float) -> Signal:
    """Time of each frame of a sound that lasts `seconds`."""
    return np.arange(round(seconds * RATE)) / RATE


def noise(frames: int) -> Signal:
    """White noise, uniform in ±1, from the raw generator."""
    return np.asarray(BITS.random_raw(frames)) / 2.0**63 - 1.0


def band(x: Signal, low: float, high: float) -> Signal:
    """Keep `low` to `high` hertz: zero phase, 24 dB an octave on both sides."""
    f = np.fft.rfftfreq(len(x), 1 / RATE) + 1e-9
    return np.fft.irfft(np.fft.rfft(x) / ((1 + (low / f) ** 4) * (1 + (f / high) ** 4)), len(x))


def swell(t: Signal, attack: float, release: float) -> Signal:
    """Envelope with raised-cosine ends, so that no sound starts or stops with a click."""
    rise = np.clip(t / attack, 0, 1)
    fall = np.clip((len(t) / RATE - t) / release, 0, 1)
    return np.asarray((0.5 - 0.5 * np.cos(np.pi * rise)) * (0.5 - 0.5 * np.cos(np.pi * fall)))


def pluck(note: float, seconds: float, brightness: float) -> Signal:
    """One plucked string.

    Source: K. Karplus and A. Strong, Digital Synthesis of Plucked-String and Drum Timbres, 1983:
    a period of noise runs round a delay line and loses its highs at each turn. Here the averaging
    filter is followed by a linear-interpolation tap, so that the period need not be whole.
    """
    period = RATE / pitch(note)
    line = int(period - 0.5)
    part = period - 0.5 - line  # the averaging filter itself delays by half a frame
    taps = np.convolve([0.5, 0.5], [1 - part, part])
    taps *= 10 ** (-3 * period / RATE / (1.2 + 220 / pitch(note)))  # 60 dB in that many seconds
    excited = band(noise(line), 30, 800 + 7_000 * brightness)
    excited -= np.roll(excited, max(1, round(0.21 * line)))  # where the finger meets the string
    out = np.zeros(round(seconds * RATE) + 2 * line + 4)
    out[2 : 2 + line] = (excited - excited.mean()) / np.abs(excited).max()
    for start in range(2 + line, len(out) - line, line):  # a whole turn of the delay line at once
        turn = out[start - line - 2 : start]
        out[start : start + line] = np.convolve(turn, taps, "valid")[:line]
    return out[2 : 2 + round(seconds * RATE)] * swell(clock(seconds), 0.001, 0.15)


def pad(note: float, seconds: float, attack: float, release: float) -> Signal:
    """Two soft voices, shape (frames, 2): harmonics that open slowly, the sides detuned."""
    t = clock(seconds)
    out = np.zeros((len(t), 2))
    for side, cents in ((0, -4.0), (1, 4.0)):
        for k in range(1, 13):
            f = k * pitch(note + cents / 100)
            opening = np.minimum(1, t / (0.25 * k * attack)) ** 2
            wave = np.sin(2 * np.pi * f * t + 0.7 * k + side + 0.3 * np.sin(4.6 * t + k))
            out[:, side] += wave * opening * k**-1.7
    return np.asarray(out * swell(t, attack, release)[:, None])


def bass(note: float, seconds: float) -> Signal:
    """A round bass: three harmonics, the upper ones gone sooner."""
    t, f = clock(seconds), pitch(note)
    tone = sum(a * np.exp(-d * t) * np.sin(2 * np.pi * k * f * t)
               for k, a, d in ((1, 1.0, 0.7), (2, 0.45, 2.5), (3, 0.2, 5.0)))  # fmt: skip
    return np.asarray(tone * swell(t, 0.008, 0.12))


def celesta(note: float, seconds: float) -> Signal:
    """A struck bar: a sine, phase-modulated for a moment by a partial near its own fourth."""
    t, f = clock(seconds), pitch(note)
    strike = 1.6 * np.exp(-9 * t) * np.sin(2 * np.pi * 4.02 * f * t)
    return np.asarray(np.sin(2 * np.pi * f * t + strike) * np.exp(-2.4 * t) * swell(t, 0.002, 0.2))


def drum(seconds: float = 0.35) -> Signal:
    """A soft low drum: a sine that falls from 130 to 45 Hz."""
    t = clock(seconds)
    phase = 2 * np.pi * (45 * t + 85 * 0.03 * (1 - np.exp(-t / 0.03)))
    return np.asarray(np.sin(phase) * np.exp(-11 * t) * swell(t, 0.002, 0.05))


def brush(seconds: float, low: float, high: float, decay: float, attack: float) -> Signal:
    """Filtered noise with a short rise and an exponential fall: shaker, brush, cymbal."""
    t = clock(seconds)
    return np.asarray(
        band(noise(len(t)), low, high) * np.exp(-decay * t) * swell(t, attack, seconds / 3)
    )


class Band:
    """Two stereo sums, what is heard directly and what goes to the room."""

    def __init__(self) -> None:
        self.dry = np.zeros((round(SECONDS * RATE), 2))
        self.room = np.zeros_like(self.dry)

    def play(self, x: Signal, start: float, gain: float, pan: float = 0, send: float = 0.2) -> None:
        """Add a sound, mono (placed by `pan`, -1 left to 1 right, equal power) or (frames, 2)."""
        angle = (pan + 1) * np.pi / 4
        pair = x if x.ndim == 2 else x[:, None] * np.array([np.cos(angle), np.sin(angle)])
        first = round(start * RATE)
        last = min(first + len(pair), len(self.dry))
        self.dry[first:last] += gain * pair[: last - first]
        self.room[first:last] += gain * send * pair[: last - first]


def perform() -> Band:
    """All parts of the piece, each in the order of its bars."""
    band_ = Band()
    held = at(7, 0)
    for bar, chord in enumerate(BARS[:7]):
        growing = 0.45 + 0.55 * bar / 6  # one crescendo over the whole piece
        for eighth, string in enumerate(ARPEGGIO):
            voices = TURN if bar == 6 and eighth >= 4 else chord
            accent = 1.0 if eighth in (0, 4) else 0.72
            sound = pluck(voices[string] + (12 if bar < 1 and string else 0), 2.2, growing * accent)
            pan = (-0.55, -0.2, 0.15, 0.35, 0.6)[string]
            band_.play(sound, at(bar, eighth / 2), 0.42 * growing * accent, pan, 0.3)
        if bar >= 1:
            for note in chord[1:]:
                length = 4 * BEAT + 0.5
                band_.play(pad(note, length, 0.7, 0.8), at(bar, 0), 0.045 * growing, send=0.5)
        if bar >= 2:
            root = chord[0] - (12 if chord[0] > 43 else 0)
            band_.play(bass(root, 1.5 * BEAT), at(bar, 0), 0.30 * growing, send=0.02)
            band_.play(bass(root, 0.5 * BEAT), at(bar, 1.5), 0.20 * growing, send=0.02)
            turn = 33 if bar == 6 else root
            band_.play(bass(turn, 1.9 * BEAT), at(bar, 2), 0.28 * growing, send=0.02)
            for eighth in range(8):
                loud = 0.14 if eighth % 2 else 0.07
                shake = brush(0.12, 5_500, 15_000, 38, 0.012)
                band_.play(shake, at(bar, eighth / 2), loud * growing, -0.5, 0.15)
        if bar >= 3:
            for beat in (0.0, 2.5):
                band_.play(drum(), at(bar, beat), 0.34 * growing, 0, 0.08)
            for beat in (1.0, 3.0):
                sweep = brush(0.3, 900, 9_000, 16, 0.006)
                band_.play(sweep, at(bar, beat), 0.16 * growing, 0.3, 0.4)
    for bar, beat, note, loud in TUNE:
        length = 3.6 if bar == 7 else 1.6
        band_.play(celesta(note, length), at(bar, beat), 0.17 * loud, 0.3, 0.6)
    # A cymbal rises into the held chord and rings on beneath it.
    rise = brush(2.2 * BEAT, 2_500, 14_000, 0, 2.2 * BEAT * 0.98) * 0.5
    band_.play(rise, held - 2.2 * BEAT, 0.12, 0.25, 0.4)
    band_.play(brush(3.0, 3_000, 16_000, 1.9, 0.003), held, 0.10, 0.25, 0.4)
    # Tenuto: the chord is strummed once and held to the end.
    for string, note in enumerate((*BARS[7], 76, 78)):
        strum = held + 0.022 * string
        band_.play(pluck(note, SECONDS - strum, 1.0), strum, 0.5, string / 5 - 0.6, 0.35)
        band_.play(pad(note, SECONDS - held, 0.25, 1.6), held, 0.062, send=0.5)
    band_.play(bass(38, SECONDS - held), held, 0.36, send=0.02)
    band_.play(drum(), held, 0.5, 0, 0.1)
    return band_


def room(x: Signal) -> Signal:
    """What a small hall answers: noise, another one for each side, whose highs die first."""
    t = clock(2.0)
    bands = ((60, 300, 1.7), (300, 2_000, 1.5), (2_000, 6_000, 1.0), (6_000, 14_000, 0.55))
    out = np.zeros_like(x)
    size = 1 << (len(x) + len(t)).bit_length()  # long enough that the convolution does not wrap
    for side in (0, 1):
        answer = sum(band(noise(len(t)), low, high) * 10 ** (-3 * t / t60)
                     for low, high, t60 in bands)  # fmt: skip
        answer = np.concatenate([np.zeros(round(0.018 * RATE)), answer * swell(t, 0.01, 0.3)])
        answer /= np.sqrt(np.sum(answer**2))
        wet = np.fft.irfft(np.fft.rfft(x[:, side], size) * np.fft.rfft(answer, size), size)
        out[:, side] = wet[: len(x)]
    return out


def master(sounds: Band) -> Signal:
    """Dry and room together: no DC, faded at both ends, the peak where it is wanted."""
    mix = sounds.dry + room(sounds.room)
    mix = np.tanh(1.1 * mix / np.abs(mix).max())  # rounds the highest peaks, as tape would
    f = np.fft.rfftfreq(len(mix), 1 / RATE)[:, None] + 1e-9
    mix = np.fft.irfft(np.fft.rfft(mix, axis=0) / (1 + (24 / f) ** 6), len(mix), axis=0)
    t = clock(SECONDS)
    mix *= swell(t, 0.01, 1.4)[:, None]
    mix *= 10 ** (PEAK_DB / 20) / np.abs(mix).max()
    return np.asarray(mix)


def main() -> None:
    """Write the piece and say what it is in numbers."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED
    mix = master(perform())
    step = 2.0 ** (1 - SIGNIFICANT_BITS)
    dither = (noise(mix.size) + noise(mix.size)).reshape(mix.shape) / 2  # triangular, ±1 step
    dither *= np.abs(mix).max(axis=1, keepdims=True) > step  # the ends stay truly silent
    steps = np.rint(mix / step + dither).astype(np.int32)
    with soundfile.SoundFile(path, "w", RATE, 2, "PCM_24", format="FLAC", compression_level=1) as f:
        f.write(steps << (32 - SIGNIFICANT_BITS))
    peak, rms = np.abs(mix).max(), np.sqrt(np.mean(mix**2))
    print(
        f"{path}: {len(mix) / RATE:g} s, {RATE} Hz, 24 bit, peak {20 * np.log10(peak):.2f} dBFS, "
        f"RMS {20 * np.log10(rms):.2f} dBFS, {path.stat().st_size:,} bytes"
    )


if __name__ == "__main__":
    main()
