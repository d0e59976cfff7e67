// SPDX-License-Identifier: MIT
// The kernels of DynamicsKernels, as plain loops: the compiler makes vectors of them, of the width
// of the level that includes this. Nothing is fused, so all levels give the same bits.
#pragma once

#include <cstdint>

#include "dsp/log2.h"
#include "simd/inlined.h"
#include "simd/kernels.h"

namespace {

void reductions(float* __restrict wanted, const float* __restrict levels, std::uint32_t frames,
                const tenuto::simd::CurvePass& pass) noexcept TENUTO_NONBLOCKING {
    const tenuto::simd::CurvePass curve = pass;
    for (std::uint32_t n = 0; n < frames; ++n) {
        const float over = tenuto::dsp::quick_log2(levels[n]) - curve.threshold;
        const float into = over + curve.half_knee > 0 ? over + curve.half_knee : 0.0F;
        const float bend = into < 2 * curve.half_knee ? into : 2 * curve.half_knee;
        const float above = over > curve.half_knee ? over - curve.half_knee : 0.0F;
        wanted[n] = curve.slope * (bend * bend * curve.per_knee + above);
    }
}

void gains_of(float* __restrict gains, const float* __restrict wanted,
              std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t n = 0; n < frames; ++n)
        gains[n] = tenuto::dsp::quick_exp2(gains[n] - wanted[n]);
}

}  // namespace
