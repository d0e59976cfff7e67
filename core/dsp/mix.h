// SPDX-License-Identifier: MIT
// Copying and adding with a gain that may be on its way. None of these moves the ramp on: several
// channels share one, and whoever calls moves it once (`skip`). `Gain` is a `Ramp` or a `Fader`.
#pragma once

#include <algorithm>
#include <cstdint>

#include "shared/nonblocking.h"

namespace tenuto::dsp {

// [audio] out = gain × in
template <typename Gain>
void copy_scaled(float* out, const float* in, std::uint32_t frames, Gain gain) noexcept
    TENUTO_NONBLOCKING {
    std::uint32_t n = 0;
    for (; n < frames && gain.is_moving(); ++n) out[n] = static_cast<float>(gain.next()) * in[n];
    const auto factor = static_cast<float>(gain.value());
    if (factor == 1.0F)
        std::copy_n(in + n, frames - n, out + n);
    else
        for (; n < frames; ++n) out[n] = factor * in[n];
}

// [audio] out += gain × in
template <typename Gain>
void add_scaled(float* out, const float* in, std::uint32_t frames, Gain gain) noexcept
    TENUTO_NONBLOCKING {
    std::uint32_t n = 0;
    for (; n < frames && gain.is_moving(); ++n) out[n] += static_cast<float>(gain.next()) * in[n];
    const auto factor = static_cast<float>(gain.value());
    for (; n < frames; ++n) out[n] += factor * in[n];
}

// [audio] The gain of each frame, as a row of numbers.
inline void spread(float* out, std::uint32_t frames, Ramp gain) noexcept TENUTO_NONBLOCKING {
    std::uint32_t n = 0;
    for (; n < frames && gain.is_moving(); ++n) out[n] = static_cast<float>(gain.next());
    std::fill_n(out + n, frames - n, static_cast<float>(gain.value()));
}

}  // namespace tenuto::dsp
