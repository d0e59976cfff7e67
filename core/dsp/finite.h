// SPDX-License-Identifier: MIT
// Looking for numbers that are none (NaN) or endless (Inf).
#pragma once

#include <bit>
#include <cstdint>

#include "shared/nonblocking.h"

namespace tenuto::dsp {

// [any] Neither NaN nor Inf: those, and only those, have all bits of the exponent set. Compared as
// whole numbers, so that no compiler flag for fast arithmetic can take the comparison away.
inline bool is_finite(float value) noexcept TENUTO_NONBLOCKING {
    return (std::bit_cast<std::uint32_t>(value) & 0x7F800000U) != 0x7F800000U;
}

// [any] Whether all of them are finite. Without a branch, so that it can be vectorised.
inline bool all_finite(const float* values, std::uint32_t count) noexcept TENUTO_NONBLOCKING {
    std::uint32_t bad = 0;
    for (std::uint32_t i = 0; i < count; ++i) bad |= is_finite(values[i]) ? 0U : 1U;
    return bad == 0;
}

// [any] Puts silence in place of what is not finite.
inline void silence_not_finite(float* values, std::uint32_t count) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t i = 0; i < count; ++i) values[i] = is_finite(values[i]) ? values[i] : 0.0F;
}

}  // namespace tenuto::dsp
