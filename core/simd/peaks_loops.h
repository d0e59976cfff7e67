// SPDX-License-Identifier: MIT
// The kernels of PeakKernels, as plain loops: the compiler makes vectors of them, of the width of
// the level that includes this. No product is fused with a sum (-ffp-contract=off), so all levels
// give the same bits.
//
// Pairs     The filters of two instants that lie mirrored about the middle between two samples are
//           each other's reverse. With s = x[k] + x[-k] and d = x[k] - x[-k] one gives E + O, the
//           other E - O, where E sums the even part of the filter over s and O the odd part over d.
//           The larger magnitude of the two is |E| + |O|: half the multiplications, no comparison.
// Middle    The instant in the middle has no odd part.
#pragma once

#include <math.h>  // not <cmath>: its inline functions are one for all levels

#include <cstddef>
#include <cstdint>
#include <utility>

#include "simd/inlined.h"
#include "simd/kernels.h"

namespace {

// What is not a number is never the larger one, as `b`.
TENUTO_INLINED float larger(float a, float b) noexcept { return a < b ? b : a; }

// Written without loops, so that a loop around them is vectorised.
template <std::size_t... k>
TENUTO_INLINED float sum(const float* h, const float* v, std::index_sequence<k...>) noexcept {
    return ((h[k] * v[k]) + ...);
}
template <std::size_t count>
TENUTO_INLINED float pair(const float* even, const float* odd, const float* s,
                          const float* d) noexcept {
    constexpr std::make_index_sequence<count> each;
    return fabsf(sum(even, s, each)) + fabsf(sum(odd, d, each));
}
template <std::size_t... k>
TENUTO_INLINED float between_12(const float* h, const float* x,
                                std::index_sequence<k...> each) noexcept {
    const float s[] = {(x[k] + x[11 - k])...};
    const float d[] = {(x[k] - x[11 - k])...};
    constexpr std::size_t count = each.size();
    return larger(pair<count>(h, h + count, s, d), pair<count>(h + 2 * count, h + 3 * count, s, d));
}
template <std::size_t... k>
TENUTO_INLINED float between_20(const float* h, const float* x,
                                std::index_sequence<k...> each) noexcept {
    const float s[] = {(x[k] + x[19 - k])...};
    const float d[] = {(x[k] - x[19 - k])...};
    constexpr std::size_t count = each.size();
    return larger(pair<count>(h, h + count, s, d), fabsf(sum(h + 2 * count, s, each)));
}

void rise(float* __restrict tops, const float* coefficients, const float* __restrict x,
          std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    constexpr std::uint32_t lanes = tenuto::simd::PeakKernels::tops;
    float h[24];
    for (std::size_t k = 0; k < 24; ++k) h[k] = coefficients[k];
    for (; frames >= lanes; frames -= lanes, x += lanes)
        for (std::size_t n = 0; n < lanes; ++n)
            tops[n] = larger(tops[n], between_12(h, x + n, std::make_index_sequence<6>()));
    for (std::size_t n = 0; n < frames; ++n)
        tops[n] = larger(tops[n], between_12(h, x + n, std::make_index_sequence<6>()));
}

void detect(float* __restrict peaks, const float* coefficients, const float* __restrict x,
            std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    float h[30];
    for (std::size_t k = 0; k < 30; ++k) h[k] = coefficients[k];
    const float* const older = x + 9;
    const float* const newer = x + 10;
    for (std::size_t n = 0; n < frames; ++n) {
        const float samples = larger(fabsf(older[n]), fabsf(newer[n]));
        const float between = between_20(h, x + n, std::make_index_sequence<10>());
        // Where sound is so loud that the filter overflows, its samples are loud enough.
        peaks[n] = larger(larger(peaks[n], samples), between);
    }
}

}  // namespace
