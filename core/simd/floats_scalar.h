// SPDX-License-Identifier: MIT
// Eight floats one by one: for processors without a level of their own, and to hold the others
// against.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "simd/inlined.h"

namespace {

struct Floats {
    static constexpr unsigned count = 8;
    struct Vector {
        float v[count];
    };
    struct Bits {
        std::int32_t v[count];
    };
    struct Wide {
        double v[count];
    };

    template <typename F>
    static TENUTO_INLINED Vector each(F&& f) noexcept {
        Vector out;
        for (unsigned i = 0; i < count; ++i) out.v[i] = f(i);
        return out;
    }
    template <typename F>
    static TENUTO_INLINED Bits each_bit(F&& f) noexcept {
        Bits out;
        for (unsigned i = 0; i < count; ++i) out.v[i] = f(i);
        return out;
    }
    template <typename F>
    static TENUTO_INLINED Wide each_wide(F&& f) noexcept {
        Wide out;
        for (unsigned i = 0; i < count; ++i) out.v[i] = f(i);
        return out;
    }

    static TENUTO_INLINED Vector load(const float* from) noexcept {
        return each([&](unsigned i) { return from[i]; });
    }
    static TENUTO_INLINED void store(float* to, Vector a) noexcept {
        for (unsigned i = 0; i < count; ++i) to[i] = a.v[i];
    }
    static TENUTO_INLINED Vector all(float value) noexcept {
        return each([&](unsigned) { return value; });
    }
    static TENUTO_INLINED Vector add(Vector a, Vector b) noexcept {
        return each([&](unsigned i) { return a.v[i] + b.v[i]; });
    }
    static TENUTO_INLINED Vector subtract(Vector a, Vector b) noexcept {
        return each([&](unsigned i) { return a.v[i] - b.v[i]; });
    }
    static TENUTO_INLINED Vector multiply(Vector a, Vector b) noexcept {
        return each([&](unsigned i) { return a.v[i] * b.v[i]; });
    }
    // Without its sign.
    static TENUTO_INLINED Vector magnitude(Vector a) noexcept {
        return each([&](unsigned i) {
            return std::bit_cast<float>(std::bit_cast<std::uint32_t>(a.v[i]) & 0x7FFFFFFFU);
        });
    }
    // a < b ? b : a; what is not a number in b is never the larger one.
    static TENUTO_INLINED Vector larger(Vector a, Vector b) noexcept {
        return each([&](unsigned i) { return a.v[i] < b.v[i] ? b.v[i] : a.v[i]; });
    }
    // b < a ? b : a
    static TENUTO_INLINED Vector smaller(Vector a, Vector b) noexcept {
        return each([&](unsigned i) { return b.v[i] < a.v[i] ? b.v[i] : a.v[i]; });
    }

    // Magnitudes as whole numbers: in the same order, then the endless ones, then no numbers.
    static TENUTO_INLINED Bits magnitude_bits(Vector a) noexcept {
        return each_bit(
            [&](unsigned i) { return std::bit_cast<std::int32_t>(a.v[i]) & 0x7FFFFFFF; });
    }
    static TENUTO_INLINED Bits no_bits() noexcept {
        return each_bit([](unsigned) { return 0; });
    }
    static TENUTO_INLINED Bits larger_bits(Bits a, Bits b) noexcept {
        return each_bit([&](unsigned i) { return a.v[i] < b.v[i] ? b.v[i] : a.v[i]; });
    }
    static TENUTO_INLINED bool is_any_above(Bits a, std::int32_t limit) noexcept {
        bool is_above = false;
        for (unsigned i = 0; i < count; ++i) is_above |= a.v[i] > limit;
        return is_above;
    }
    static TENUTO_INLINED void store_bits(std::int32_t* to, Bits a) noexcept {
        for (unsigned i = 0; i < count; ++i) to[i] = a.v[i];
    }
    // To the nearest whole numbers (ties to even) of what is between -2^31 and 2^31; 0 of what is
    // not a number. What would be `limit` (2^31 at most) or more is the largest below it.
    static TENUTO_INLINED Bits whole(Vector a, float limit) noexcept {
        return each_bit([&](unsigned i) {
            if (a.v[i] != a.v[i]) return 0;
            if (a.v[i] >= limit - 0.5F)
                return static_cast<std::int32_t>(static_cast<double>(limit) - 1);
            constexpr double magic = 6755399441055744.0;  // 1.5 * 2^52: rounds to whole numbers
            return static_cast<std::int32_t>(
                std::bit_cast<std::int64_t>(static_cast<double>(a.v[i]) + magic));
        });
    }

    // Eight doubles.
    static TENUTO_INLINED Wide load_wide(const double* from) noexcept {
        return each_wide([&](unsigned i) { return from[i]; });
    }
    static TENUTO_INLINED void store_wide(double* to, Wide a) noexcept {
        for (unsigned i = 0; i < count; ++i) to[i] = a.v[i];
    }
    // keep * a + b
    static TENUTO_INLINED Wide fade(Wide a, double keep, Vector b) noexcept {
        return each_wide([&](unsigned i) { return keep * a.v[i] + static_cast<double>(b.v[i]); });
    }
    static TENUTO_INLINED Wide add_wide(Wide a, Vector b) noexcept {
        return each_wide([&](unsigned i) { return a.v[i] + static_cast<double>(b.v[i]); });
    }

    // Sixteen in a row become those at even and those at odd places, and back.
    static TENUTO_INLINED void part(const float* from, Vector& even, Vector& odd) noexcept {
        even = each([&](unsigned i) { return from[std::size_t{2} * i]; });
        odd = each([&](unsigned i) { return from[std::size_t{2} * i + 1]; });
    }
    static TENUTO_INLINED void pair(float* to, Vector even, Vector odd) noexcept {
        for (std::size_t i = 0; i < count; ++i) {
            to[2 * i] = even.v[i];
            to[2 * i + 1] = odd.v[i];
        }
    }
    // Rows become columns.
    static TENUTO_INLINED void turn(Vector (&rows)[count]) noexcept {
        Vector columns[count];
        for (unsigned i = 0; i < count; ++i)
            for (unsigned k = 0; k < count; ++k) columns[i].v[k] = rows[k].v[i];
        for (unsigned i = 0; i < count; ++i) rows[i] = columns[i];
    }
};

}  // namespace
