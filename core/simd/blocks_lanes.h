// SPDX-License-Identifier: MIT
// Between interleaved and planar, and from samples to whole numbers (see BlockKernels), once for
// any `Floats`.
//
// Channels are taken eight at a time, as the rows and columns of a square that is turned in
// registers; two by themselves; what is left one by one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/inlined.h"
#include "simd/kernels.h"

namespace {

constexpr std::int32_t largest_float_bits = 0x7F7FFFFF;

// Collects whether all that it has seen is finite.
class Finite {
  public:
    TENUTO_INLINED void see(Floats::Vector v) noexcept {
        most_ = Floats::larger_bits(most_, Floats::magnitude_bits(v));
    }
    TENUTO_INLINED void see(float sample) noexcept {
        const std::int32_t bits = __builtin_bit_cast(std::int32_t, sample) & 0x7FFFFFFF;
        most_of_rest_ = most_of_rest_ < bits ? bits : most_of_rest_;
    }
    TENUTO_INLINED bool is_all() const noexcept {
        return !Floats::is_any_above(most_, largest_float_bits) &&
               most_of_rest_ <= largest_float_bits;
    }

  private:
    Floats::Bits most_ = Floats::no_bits();
    std::int32_t most_of_rest_ = 0;
};

TENUTO_INLINED void part_two(float* const* planar, const float* from, std::uint32_t stride,
                             std::uint32_t frames, Finite& finite) noexcept {
    float* const left = planar[0];
    float* const right = planar[1];
    std::uint32_t n = 0;
    for (; stride == 2 && n + Floats::count <= frames; n += Floats::count) {
        Floats::Vector even, odd;
        Floats::part(from + std::size_t{2} * n, even, odd);
        finite.see(even);
        finite.see(odd);
        Floats::store(left + n, even);
        Floats::store(right + n, odd);
    }
    for (; n < frames; ++n) {
        const float* const frame = from + std::size_t{n} * stride;
        finite.see(left[n] = frame[0]);
        finite.see(right[n] = frame[1]);
    }
}

TENUTO_INLINED void part_eight(float* const* planar, const float* from, std::uint32_t stride,
                               std::uint32_t frames, Finite& finite) noexcept {
    std::uint32_t n = 0;
    for (; n + Floats::count <= frames; n += Floats::count) {
        Floats::Vector rows[Floats::count];
        for (unsigned i = 0; i < Floats::count; ++i) {
            rows[i] = Floats::load(from + std::size_t{n + i} * stride);
            finite.see(rows[i]);
        }
        Floats::turn(rows);
        for (unsigned i = 0; i < Floats::count; ++i) Floats::store(planar[i] + n, rows[i]);
    }
    for (; n < frames; ++n)
        for (unsigned i = 0; i < Floats::count; ++i)
            finite.see(planar[i][n] = from[std::size_t{n} * stride + i]);
}

bool part(float* const* planar, const float* from, std::uint32_t stride, std::uint32_t channels,
          std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    Finite finite;
    for (; channels >= Floats::count; channels -= Floats::count) {
        part_eight(planar, from, stride, frames, finite);
        planar += Floats::count;
        from += Floats::count;
    }
    for (; channels >= 2; channels -= 2) {
        part_two(planar, from, stride, frames, finite);
        planar += 2;
        from += 2;
    }
    if (channels == 0) return finite.is_all();
    float* const out = planar[0];
    std::uint32_t n = 0;
    for (; stride == 1 && n + Floats::count <= frames; n += Floats::count) {
        const Floats::Vector v = Floats::load(from + n);
        finite.see(v);
        Floats::store(out + n, v);
    }
    for (; n < frames; ++n) finite.see(out[n] = from[std::size_t{n} * stride]);
    return finite.is_all();
}

TENUTO_INLINED void join_two(float* to, const float* const* planar, std::uint32_t stride,
                             std::uint32_t frames, Finite& finite) noexcept {
    const float* const left = planar[0];
    const float* const right = planar[1];
    std::uint32_t n = 0;
    for (; stride == 2 && n + Floats::count <= frames; n += Floats::count) {
        const Floats::Vector even = Floats::load(left + n), odd = Floats::load(right + n);
        finite.see(even);
        finite.see(odd);
        Floats::pair(to + std::size_t{2} * n, even, odd);
    }
    for (; n < frames; ++n) {
        float* const frame = to + std::size_t{n} * stride;
        finite.see(frame[0] = left[n]);
        finite.see(frame[1] = right[n]);
    }
}

TENUTO_INLINED void join_eight(float* to, const float* const* planar, std::uint32_t stride,
                               std::uint32_t frames, Finite& finite) noexcept {
    std::uint32_t n = 0;
    for (; n + Floats::count <= frames; n += Floats::count) {
        Floats::Vector rows[Floats::count];
        for (unsigned i = 0; i < Floats::count; ++i) {
            rows[i] = Floats::load(planar[i] + n);
            finite.see(rows[i]);
        }
        Floats::turn(rows);
        for (unsigned i = 0; i < Floats::count; ++i)
            Floats::store(to + std::size_t{n + i} * stride, rows[i]);
    }
    for (; n < frames; ++n)
        for (unsigned i = 0; i < Floats::count; ++i)
            finite.see(to[std::size_t{n} * stride + i] = planar[i][n]);
}

bool join(float* to, const float* const* planar, std::uint32_t stride, std::uint32_t channels,
          std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    Finite finite;
    for (; channels >= Floats::count; channels -= Floats::count) {
        join_eight(to, planar, stride, frames, finite);
        planar += Floats::count;
        to += Floats::count;
    }
    for (; channels >= 2; channels -= 2) {
        join_two(to, planar, stride, frames, finite);
        planar += 2;
        to += 2;
    }
    if (channels == 0) return finite.is_all();
    const float* const in = planar[0];
    std::uint32_t n = 0;
    for (; stride == 1 && n + Floats::count <= frames; n += Floats::count) {
        const Floats::Vector v = Floats::load(in + n);
        finite.see(v);
        Floats::store(to + n, v);
    }
    for (; n < frames; ++n) finite.see(to[std::size_t{n} * stride] = in[n]);
    return finite.is_all();
}

// A float times a power of two is exact, so is rounding it, and 2^31 is a float.
void round(std::int32_t* out, const float* in, std::size_t count, std::uint32_t bits) noexcept
    TENUTO_NONBLOCKING {
    const auto limit = static_cast<float>(std::int64_t{1} << (bits - 1));
    const Floats::Vector scale = Floats::all(limit), low = Floats::all(-limit);
    const auto rounded = [&](const float* from) noexcept TENUTO_NONBLOCKING {
        const Floats::Vector v = Floats::multiply(Floats::load(from), scale);
        return Floats::whole(Floats::larger(v, low), limit);
    };
    std::size_t n = 0;
    for (; n + Floats::count <= count; n += Floats::count)
        Floats::store_bits(out + n, rounded(in + n));
    if (n == count) return;
    float last[Floats::count] = {};
    std::int32_t found[Floats::count];
    for (std::size_t i = 0; n + i < count; ++i) last[i] = in[n + i];
    Floats::store_bits(found, rounded(last));
    for (std::size_t i = 0; n + i < count; ++i) out[n + i] = found[i];
}

}  // namespace
