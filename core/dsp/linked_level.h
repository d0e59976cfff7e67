// SPDX-License-Identifier: MIT
// What drives a node that gives all its channels the same gain.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "dsp/finite.h"
#include "shared/nonblocking.h"

namespace tenuto::dsp {

// [audio] The largest amplitude of each frame from `from` on: of the key, the channel behind the
// `channels` ones, where there is one, else of these. What is not a number is never the larger one;
// what is endless counts as 1e30.
inline void linked_level(const float* const* in, std::uint32_t channels, std::uint32_t from,
                         std::uint32_t frames, float* levels) noexcept TENUTO_NONBLOCKING {
    const float* const key = in[channels];
    std::fill_n(levels, frames, 0.0F);
    for (std::uint32_t c = 0; c < (key ? 1 : channels); ++c) {
        const float* const x = (key ? key : in[c]) + from;
        for (std::uint32_t n = 0; n < frames; ++n) {
            const float size = std::min(std::abs(x[n]), 1e30F);
            levels[n] = levels[n] < size ? size : levels[n];
        }
    }
}

// [audio] Silences what is not finite; true when there was nothing.
inline bool make_finite(float* const* out, std::uint32_t channels, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    bool was_finite = true;
    for (std::uint32_t c = 0; c < channels; ++c) {
        if (all_finite(out[c], frames)) continue;
        was_finite = false;
        silence_not_finite(out[c], frames);
    }
    return was_finite;
}

}  // namespace tenuto::dsp
