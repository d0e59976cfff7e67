// SPDX-License-Identifier: MIT
// Base-2 logarithm and power, quick enough for every sample and without a branch, so that a loop
// around them is vectorised. Levels are then in octaves of amplitude: one is 6.0206 dB.
//
// Inlined always, as kernels for newer processors are made of them, too (simd/kernels.h).
// Polynomials: least squares weighted towards an even error, fitted in double.
#pragma once

#include <cstdint>

#include "shared/nonblocking.h"
#include "simd/inlined.h"

namespace tenuto::dsp {

// [audio] Of a positive, finite number; -127 for 0 and what is nearly 0. Within 2e-7, or one
// rounding of the result where that is more: 1e-5 dB at -120 dB. Exact for powers of two.
TENUTO_INLINED float quick_log2(float x) noexcept TENUTO_NONBLOCKING {
    // Mantissa in [sqrt(1/2), sqrt(2)), so that the sum does not cancel near 1.
    constexpr std::int32_t root_half = 0x3F3504F3;
    const auto bits = __builtin_bit_cast(std::int32_t, x);
    const std::int32_t exponent = (bits - root_half) >> 23;
    const float u = __builtin_bit_cast(float, bits - (exponent << 23)) - 1;
    float p = -0.145757588F;
    p = p * u + 0.236882516F;
    p = p * u - 0.250061182F;
    p = p * u + 0.286708536F;
    p = p * u - 0.36008812F;
    p = p * u + 0.480939392F;
    p = p * u - 0.721357121F;
    p = p * u + 1.44269477F;
    return static_cast<float>(exponent) + p * u;
}

// [audio] 2 to the x; relative error below 3e-7 (2.6e-6 dB), exact for whole numbers. What is below
// -126 counts as that (1.2e-38), above 127 as 127.
TENUTO_INLINED float quick_exp2(float x) noexcept TENUTO_NONBLOCKING {
    const float low = x > -126.0F ? x : -126.0F;
    const float y = low < 127.0F ? low : 127.0F;
    // Adding 1.5 * 2^23 leaves the nearest whole number in the lowest bits.
    constexpr float shift = 12582912.0F;
    const float shifted = y + shift;
    const float u = y - (shifted - shift);
    float p = 0.00134072377F;
    p = p * u + 0.00967186099F;
    p = p * u + 0.0555030845F;
    p = p * u + 0.240222349F;
    p = p * u + 0.693147215F;
    const float mantissa = p * u + 1;
    return __builtin_bit_cast(float, __builtin_bit_cast(std::int32_t, mantissa) +
                                         (__builtin_bit_cast(std::int32_t, shifted) << 23));
}

}  // namespace tenuto::dsp
