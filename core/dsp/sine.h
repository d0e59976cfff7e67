// SPDX-License-Identifier: MIT
// Phases of 64 bits, and the sine of one: what oscillators, sweeps and tones share.
//
// A phase is the share of a cycle, times 2^64: it wraps by itself, and a frequency that is added up
// for days stays exact to 2^-64 of the samplerate.
#pragma once

#include <cstdint>

#include "shared/nonblocking.h"

namespace tenuto::dsp {

// [any] The phase of so many cycles, -2 < cycles < 2.
inline std::uint64_t phase_of(double cycles) noexcept TENUTO_NONBLOCKING {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(cycles * 0x1p62)) << 2;
}

// [any] Cycles of a phase, 0 to 1 (exclusive); 53 bits of it.
inline double cycles_of(std::uint64_t phase) noexcept TENUTO_NONBLOCKING {
    return static_cast<double>(static_cast<std::int64_t>(phase >> 11)) * 0x1p-53;
}

// [any] sin(2π x) for a quarter of a cycle to both sides, -1/4 <= x <= 1/4: the Taylor series to
// the 15th power, within 7e-12.
inline double sine_near_zero(double x) noexcept TENUTO_NONBLOCKING {
    const double square = x * x;
    // (-1)^i (2π)^(2i+1) / (2i+1)!
    double sum = -0.71812230177850012;
    sum = sum * square + 3.8199525848482803;
    sum = sum * square - 15.094642576822984;
    sum = sum * square + 42.058693944897634;
    sum = sum * square - 76.705859753061361;
    sum = sum * square + 81.605249276075043;
    sum = sum * square - 41.341702240399755;
    sum = sum * square + 6.2831853071795862;
    return sum * x;
}

// [any] The sine of a phase within 2e-9 (-174 dB): 32 bits of it are used, for fast vector code.
inline double sine_of(std::uint64_t phase) noexcept TENUTO_NONBLOCKING {
    // A quarter of a cycle earlier it is a cosine, and even.
    const auto shifted = static_cast<std::uint32_t>(phase >> 32) - 0x40000000U;
    const double cycles = static_cast<double>(static_cast<std::int32_t>(shifted)) * 0x1p-32;
    return sine_near_zero(0.25 - (cycles < 0 ? -cycles : cycles));
}

// [any] The same from 53 bits, within 1e-11.
inline double fine_sine_of(std::uint64_t phase) noexcept TENUTO_NONBLOCKING {
    const auto shifted = static_cast<std::int64_t>(phase - 0x4000000000000000U) >> 11;
    const double cycles = static_cast<double>(shifted) * 0x1p-53;
    return sine_near_zero(0.25 - (cycles < 0 ? -cycles : cycles));
}

}  // namespace tenuto::dsp
