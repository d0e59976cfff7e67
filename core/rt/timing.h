// SPDX-License-Identifier: MIT
// Statistics of durations in fixed memory: a histogram with 16 steps per octave (4.4 % wide), from
// 64 ns to 68 s, so that percentiles can be had at any time without keeping the values.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "shared/counters.h"
#include "shared/nonblocking.h"

namespace tenuto::rt {

class Histogram {
  public:
    static constexpr std::size_t steps = 16, octaves = 30, lowest_bit = 6;
    static constexpr std::size_t buckets = steps * octaves + 1;

    // [audio] Enters one duration.
    void enter(std::int64_t ns) noexcept TENUTO_NONBLOCKING {
        counts_[bucket(ns)].add(1);
        largest_.raise_to(ns);
    }

    // [any] How many durations fell into a bucket.
    std::uint64_t count(std::size_t index) const noexcept TENUTO_NONBLOCKING {
        return counts_[index].get();
    }
    // [any] The largest one of all.
    std::int64_t largest() const noexcept TENUTO_NONBLOCKING { return largest_.get(); }

    // [any] Bucket 0 holds all below 64 ns; bucket 1 + 16 o + s begins at 2^(6+o) (1 + s/16) ns.
    static std::size_t bucket(std::int64_t ns) noexcept TENUTO_NONBLOCKING {
        if (ns < (std::int64_t{1} << lowest_bit)) return 0;
        const auto value = static_cast<std::uint64_t>(ns);
        const auto octave = static_cast<std::size_t>(std::bit_width(value)) - 1;
        const std::size_t step = (value >> (octave - 4)) & (steps - 1);
        const std::size_t index = 1 + (octave - lowest_bit) * steps + step;
        return index < buckets ? index : buckets - 1;
    }
    // [any] Where a bucket begins, in nanoseconds.
    static double edge(std::size_t index) noexcept TENUTO_NONBLOCKING {
        if (index == 0) return 0;
        const std::size_t octave = (index - 1) / steps, step = (index - 1) % steps;
        return static_cast<double>(std::uint64_t{1} << (lowest_bit + octave)) *
               (1 + static_cast<double>(step) / steps);
    }

  private:
    std::array<shared::Counter, buckets> counts_{};
    shared::Cell<std::int64_t> largest_{0};
};

}  // namespace tenuto::rt
