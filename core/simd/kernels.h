// SPDX-License-Identifier: MIT
// The inner loops that exist once for each instruction set, as tables of function pointers; which
// one a processor gets is chosen once, at start (dispatch.h).
//
// Adding a kernel: a struct of pointers here, a row in `Kernels`, one file `<kernel>_<level>.cpp`
// for each level, and in dispatch.cpp its address in each row. What the levels share is a template
// in `<kernel>_lanes.h` over the `Lanes` (doubles) of `lanes_<level>.h` or the `Floats` (always
// eight of them, so that all levels do the same) of `floats_<level>.h`.
//
// One rule   A file that is compiled for a newer processor must not leave anything behind that the
//            linker could hand to other files: no inline function or template with external
//            linkage (so nothing of std:: but types), everything in an anonymous namespace.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shared/nonblocking.h"

namespace tenuto::simd {

// Second-order sections, one after the other, for `channels` channels at once: what one call runs.
//
// A vector holds `lanes` doubles: the same section of all channels side by side, then the section
// that is `vectors` further on, and so on. Section s is thus in vector s % vectors, at the lanes
// from (s / vectors) * channels on, and there are vectors * lanes / channels sections; those that
// are not needed are identities. All arrays are 64-byte aligned.
struct CascadePass {
    std::uint32_t channels;      // 1, 2 or 4; at most `lanes`
    std::uint32_t vectors;       // 1 to cascade_max_vectors
    const double* coefficients;  // for each vector: b0 b1 b2 a1 a2, a vector each
    const double* steps;         // likewise: how far these move from frame to frame
    const double* left;          // for each vector: frames until they have arrived
    double* state;               // 2 * vectors + 2 vectors; zero is silence
};
constexpr std::uint32_t cascade_max_vectors = 4;

struct CascadeKernels {
    std::uint32_t lanes;

    // [audio] Filters `frames` frames in place; channels are interleaved. `is_moving`: coefficients
    // are on their way: before each frame `left` falls by one (to 0 at least), and the
    // coefficient of that frame is `coefficients - left * steps`.
    void (*run)(const CascadePass& pass, double* interleaved, std::uint32_t frames,
                bool is_moving) noexcept TENUTO_NONBLOCKING;
    // [audio] interleaved = in; `channels` as in CascadePass
    void (*gather)(double* interleaved, const float* const* in, std::uint32_t channels,
                   std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    // [audio] out = interleaved; false when something was no number, or too large for a float.
    bool (*scatter)(float* const* out, const double* interleaved, std::uint32_t channels,
                    std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
};

// How high sound rises between its samples. All levels give the same bits (peaks_loops.h). Each
// filter is folded: its even part (h[k] + h[-k]) / 2 and its odd part (h[k] - h[-k]) / 2.
struct PeakKernels {
    static constexpr std::uint32_t tops = 32;

    // [audio] Two filters of 12 taps and their reverses; `coefficients`: even, odd, even, odd, six
    // each. tops[n % 32] becomes the largest of itself and of what they give for x[n] to x[n + 11].
    void (*rise)(float* tops, const float* coefficients, const float* x,
                 std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    // [audio] A filter of 20 taps and its reverse, and a symmetric one; `coefficients`: even, odd,
    // the symmetric one's half, ten each. peaks[n] becomes the largest of itself, of what they give
    // for x[n] to x[n + 19], and of x[n + 9] and x[n + 10].
    void (*detect)(float* peaks, const float* coefficients, const float* x,
                   std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
};

// Blocks between the device's form and the graph's, and between samples and a file's numbers. All
// levels give the same bits.
struct BlockKernels {
    // [audio] Takes `channels` channels that lie side by side out of frames that are `stride` wide:
    // planar[c][n] = interleaved[n * stride + c]. False when something was not finite.
    bool (*part)(float* const* planar, const float* interleaved, std::uint32_t stride,
                 std::uint32_t channels, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    // [audio] The other way round.
    bool (*join)(float* interleaved, const float* const* planar, std::uint32_t stride,
                 std::uint32_t channels, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    // [any] To the nearest whole number (ties to even), full scale 1.0 being 2^(bits-1); clipped;
    // not a number is silence.
    void (*round)(std::int32_t* out, const float* in, std::size_t count,
                  std::uint32_t bits) noexcept TENUTO_NONBLOCKING;
};

// What a meter knows of one channel (rt/meters.h). The sums are kept in eight parts, by the place
// of a frame in its group modulo 8; their value is the sum of the parts.
struct MeterPass {
    static constexpr std::uint32_t parts = 8, group = 32;  // frames of a group

    const float* weights;  // of the squares of a group
    double keep;           // what is left of the mean square after a group
    float limit;           // what is larger counts as this; not a number counts as 0
    double* mean_square;   // `parts`
    double* square_sum;    // `parts`
};

// All levels give the same bits.
struct MeterKernels {
    // [audio] Meters whole groups; returns the largest magnitude.
    float (*groups)(const MeterPass& pass, const float* x, std::uint32_t groups) noexcept
        TENUTO_NONBLOCKING;
};

// A compressor's static curve (dsp/compressor.h); levels and reductions in octaves.
struct CurvePass {
    float threshold, slope;
    float half_knee, per_knee;  // half the knee's width; one over twice the width, or 0
};

// All levels give the same bits.
struct DynamicsKernels {
    // [audio] The reductions that the curve asks for, of amplitudes.
    void (*reductions)(float* wanted, const float* levels, std::uint32_t frames,
                       const CurvePass& pass) noexcept TENUTO_NONBLOCKING;
    // [audio] gains[n] becomes 2 to the gains[n] - wanted[n].
    void (*gains)(float* gains, const float* wanted, std::uint32_t frames) noexcept
        TENUTO_NONBLOCKING;
};

// All kernels of one level.
struct Kernels {
    const char* level;
    const CascadeKernels* cascade;
    const PeakKernels* peaks;
    const BlockKernels* blocks;
    const MeterKernels* meters;
    const DynamicsKernels* dynamics;
};

}  // namespace tenuto::simd
