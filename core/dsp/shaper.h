// SPDX-License-Identifier: MIT
// Curves that bend a waveform, without most of the aliases that bending makes.
//
// Instead of f(x[n]) each gives the mean of f on the straight way from x[n-1] to x[n]: half a
// sample late, and with what would fold back weakened by a sinc. Source: J. Parker, V. Zavalishin,
// E. Le Bivic: Reducing the Aliasing of Nonlinear Waveshaping Using Continuous-Time Convolution,
// DAFx-16, 2016. Their quotient of an antiderivative's difference cancels in float where the way is
// short; the forms below do not: a sample is split at the limits into c (inside) + o (outside), and
// differences of c and of o are divided, never differences of large sums.
// All curves have a slope of 1 at 0 and go to 1.
#pragma once

#include <cmath>
#include <cstdint>

#include "dsp/log2.h"
#include "shared/nonblocking.h"

namespace tenuto::dsp {

enum class Curve : std::uint8_t { tanh, hard, soft };

namespace shaper {

// [audio] To -1 to 1.
inline float clip(float x) noexcept TENUTO_NONBLOCKING {
    const float low = x > -1.0F ? x : -1.0F;
    return low < 1.0F ? low : 1.0F;
}

// [audio] The quotient; `inside`: the part of the antiderivative's difference between c0 and c1.
inline float mean(float x0, float c0, float x1, float c1, float inside, float at_middle) noexcept
    TENUTO_NONBLOCKING {
    const float o0 = x0 - c0, o1 = x1 - c1;
    const float way = (c1 - c0) + (o1 - o0);
    const bool stands = std::abs(way) < 1e-12F;
    const float quotient = (inside + (c1 * o1 - c0 * o0)) / (stands ? 1.0F : way);
    return stands ? at_middle : quotient;
}

// [audio] Of clip(x).
inline float hard(float x0, float x1) noexcept TENUTO_NONBLOCKING {
    const float c0 = clip(x0), c1 = clip(x1);
    const float middle = (c0 + c1) * 0.5F;
    return mean(x0, c0, x1, c1, (c1 - c0) * middle, middle);
}

// [audio] Of 3/2 (u - u^3 / 3) of u = clip(2/3 x): the cubic whose slope is 0 where it meets the
// limits. The antiderivative's difference has the factor c1 - c0.
inline float soft(float x0, float x1) noexcept TENUTO_NONBLOCKING {
    constexpr float scale = 2.0F / 3;
    const float u0 = scale * x0, u1 = scale * x1;
    const float c0 = clip(u0), c1 = clip(u1);
    const float m = (c0 + c1) * 0.5F;
    const float inside = 3 * (c1 - c0) * m * (0.5F - (c0 * c0 + c1 * c1) * (1.0F / 12));
    return mean(u0, c0, u1, c1, inside, 1.5F * (m - m * m * m * (1.0F / 3)));
}

// [audio] log(1 + exp(-2|x|)): log(cosh(x)) is |x| + this - log 2.
inline float tanh_rest(float x) noexcept TENUTO_NONBLOCKING {
    constexpr float two_log2_e = 2.88539008F, log_2 = 0.693147181F;
    return log_2 * quick_log2(1 + quick_exp2(-two_log2_e * std::abs(x)));
}

// [audio] Of one number; within 2e-7, and relatively so for small x.
inline float tanh_of(float x) noexcept TENUTO_NONBLOCKING {
    constexpr float two_log2_e = 2.88539008F;
    const float size = std::abs(x), square = x * x;
    const float power = quick_exp2(-two_log2_e * size);
    const float far = (1 - power) / (1 + power);
    // Taylor series; its next term is 4e-8 of it at 0.3.
    float p = 62.0F / 2835;
    p = p * square - 17.0F / 315;
    p = p * square + 2.0F / 15;
    p = p * square - 1.0F / 3;
    const float near = size + size * square * p;
    return std::copysign(size < 0.3F ? near : far, x);
}

// [audio] Of tanh(x); `rest0`, `rest1`: tanh_rest of x0 and x1.
inline float tanh(float x0, float x1, float rest0, float rest1) noexcept TENUTO_NONBLOCKING {
    const float way = x1 - x0;
    const bool is_short = std::abs(way) < 0.2F;
    const float quotient =
        ((std::abs(x1) - std::abs(x0)) + (rest1 - rest0)) / (is_short ? 1.0F : way);
    // A short way: value and curvature in the middle; the next term is below 4e-6.
    const float t = tanh_of((x0 + x1) * 0.5F);
    const float bent = t - t * (1 - t * t) * way * way * (1.0F / 12);
    return is_short ? bent : quotient;
}

}  // namespace shaper

// [audio] y[n] for n < count from x[n - 1] and x[n]: x[-1] is read, too. `rests` has room for
// count + 1 numbers.
inline void shape_samples(Curve curve, const float* x, float* y, float* rests,
                          std::uint32_t count) noexcept TENUTO_NONBLOCKING {
    const float* const before = x - 1;
    switch (curve) {
        case Curve::hard:
            for (std::uint32_t n = 0; n < count; ++n) y[n] = shaper::hard(before[n], x[n]);
            break;
        case Curve::soft:
            for (std::uint32_t n = 0; n < count; ++n) y[n] = shaper::soft(before[n], x[n]);
            break;
        case Curve::tanh:
            for (std::uint32_t n = 0; n <= count; ++n) rests[n] = shaper::tanh_rest(before[n]);
            for (std::uint32_t n = 0; n < count; ++n)
                y[n] = shaper::tanh(before[n], x[n], rests[n], rests[n + 1]);
            break;
    }
}

}  // namespace tenuto::dsp
