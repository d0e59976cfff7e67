// SPDX-License-Identifier: MIT
// Eight floats in two SSE registers.
#pragma once

#include <nmmintrin.h>

#include <cstddef>
#include <cstdint>

#include "simd/inlined.h"

namespace {

struct Floats {
    static constexpr unsigned count = 8;
    struct Vector {
        __m128 low, high;
    };
    struct Bits {
        __m128i low, high;
    };
    struct Wide {
        __m128d v[4];
    };

    static TENUTO_INLINED Vector load(const float* from) noexcept {
        return {_mm_loadu_ps(from), _mm_loadu_ps(from + 4)};
    }
    static TENUTO_INLINED void store(float* to, Vector a) noexcept {
        _mm_storeu_ps(to, a.low);
        _mm_storeu_ps(to + 4, a.high);
    }
    static TENUTO_INLINED Vector all(float value) noexcept {
        return {_mm_set1_ps(value), _mm_set1_ps(value)};
    }
    static TENUTO_INLINED Vector add(Vector a, Vector b) noexcept {
        return {_mm_add_ps(a.low, b.low), _mm_add_ps(a.high, b.high)};
    }
    static TENUTO_INLINED Vector subtract(Vector a, Vector b) noexcept {
        return {_mm_sub_ps(a.low, b.low), _mm_sub_ps(a.high, b.high)};
    }
    static TENUTO_INLINED Vector multiply(Vector a, Vector b) noexcept {
        return {_mm_mul_ps(a.low, b.low), _mm_mul_ps(a.high, b.high)};
    }
    // Without its sign.
    static TENUTO_INLINED Vector magnitude(Vector a) noexcept {
        const __m128 sign = _mm_set1_ps(-0.0F);
        return {_mm_andnot_ps(sign, a.low), _mm_andnot_ps(sign, a.high)};
    }
    // a < b ? b : a; what is not a number in b is never the larger one.
    static TENUTO_INLINED Vector larger(Vector a, Vector b) noexcept {
        return {_mm_max_ps(b.low, a.low), _mm_max_ps(b.high, a.high)};
    }
    // b < a ? b : a
    static TENUTO_INLINED Vector smaller(Vector a, Vector b) noexcept {
        return {_mm_min_ps(b.low, a.low), _mm_min_ps(b.high, a.high)};
    }

    // Magnitudes as whole numbers: in the same order, then the endless ones, then no numbers.
    static TENUTO_INLINED Bits magnitude_bits(Vector a) noexcept {
        const Vector size = magnitude(a);
        return {_mm_castps_si128(size.low), _mm_castps_si128(size.high)};
    }
    static TENUTO_INLINED Bits no_bits() noexcept {
        return {_mm_setzero_si128(), _mm_setzero_si128()};
    }
    static TENUTO_INLINED Bits larger_bits(Bits a, Bits b) noexcept {
        return {_mm_max_epi32(a.low, b.low), _mm_max_epi32(a.high, b.high)};
    }
    static TENUTO_INLINED bool is_any_above(Bits a, std::int32_t limit) noexcept {
        const __m128i most = _mm_max_epi32(a.low, a.high);
        return _mm_movemask_epi8(_mm_cmpgt_epi32(most, _mm_set1_epi32(limit))) != 0;
    }
    static TENUTO_INLINED void store_bits(std::int32_t* to, Bits a) noexcept {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), a.low);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 4), a.high);
    }
    // To the nearest whole numbers (ties to even) of what is between -2^31 and 2^31; 0 of what is
    // not a number. What would be `limit` (2^31 at most) or more is the largest below it.
    static TENUTO_INLINED __m128i whole_of(__m128 a, float limit) noexcept {
        const __m128i most =
            _mm_set1_epi32(static_cast<std::int32_t>(static_cast<double>(limit) - 1));
        const __m128i is_above = _mm_castps_si128(_mm_cmpge_ps(a, _mm_set1_ps(limit - 0.5F)));
        const __m128i is_number = _mm_castps_si128(_mm_cmpord_ps(a, a));
        return _mm_and_si128(_mm_blendv_epi8(_mm_cvtps_epi32(a), most, is_above), is_number);
    }
    static TENUTO_INLINED Bits whole(Vector a, float limit) noexcept {
        return {whole_of(a.low, limit), whole_of(a.high, limit)};
    }

    // Eight doubles.
    static TENUTO_INLINED Wide load_wide(const double* from) noexcept {
        return {{_mm_loadu_pd(from), _mm_loadu_pd(from + 2), _mm_loadu_pd(from + 4),
                 _mm_loadu_pd(from + 6)}};
    }
    static TENUTO_INLINED void store_wide(double* to, const Wide& a) noexcept {
        for (std::size_t i = 0; i < 4; ++i) _mm_storeu_pd(to + 2 * i, a.v[i]);
    }
    static TENUTO_INLINED Wide widen(Vector a) noexcept {
        return {{_mm_cvtps_pd(a.low), _mm_cvtps_pd(_mm_movehl_ps(a.low, a.low)),
                 _mm_cvtps_pd(a.high), _mm_cvtps_pd(_mm_movehl_ps(a.high, a.high))}};
    }
    // keep * a + b
    static TENUTO_INLINED Wide fade(Wide a, double keep, Vector b) noexcept {
        const Wide sum = widen(b);
        for (unsigned i = 0; i < 4; ++i)
            a.v[i] = _mm_add_pd(_mm_mul_pd(_mm_set1_pd(keep), a.v[i]), sum.v[i]);
        return a;
    }
    static TENUTO_INLINED Wide add_wide(Wide a, Vector b) noexcept {
        const Wide sum = widen(b);
        for (unsigned i = 0; i < 4; ++i) a.v[i] = _mm_add_pd(a.v[i], sum.v[i]);
        return a;
    }

    // Sixteen in a row become those at even and those at odd places, and back.
    static TENUTO_INLINED void part(const float* from, Vector& even, Vector& odd) noexcept {
        const Vector a = load(from), b = load(from + 8);
        even = {_mm_shuffle_ps(a.low, a.high, 0x88), _mm_shuffle_ps(b.low, b.high, 0x88)};
        odd = {_mm_shuffle_ps(a.low, a.high, 0xDD), _mm_shuffle_ps(b.low, b.high, 0xDD)};
    }
    static TENUTO_INLINED void pair(float* to, Vector even, Vector odd) noexcept {
        _mm_storeu_ps(to, _mm_unpacklo_ps(even.low, odd.low));
        _mm_storeu_ps(to + 4, _mm_unpackhi_ps(even.low, odd.low));
        _mm_storeu_ps(to + 8, _mm_unpacklo_ps(even.high, odd.high));
        _mm_storeu_ps(to + 12, _mm_unpackhi_ps(even.high, odd.high));
    }
    // Rows become columns.
    static TENUTO_INLINED void turn(Vector (&rows)[count]) noexcept {
        for (unsigned i = 0; i < count; i += 4) {
            _MM_TRANSPOSE4_PS(rows[i].low, rows[i + 1].low, rows[i + 2].low, rows[i + 3].low);
            _MM_TRANSPOSE4_PS(rows[i].high, rows[i + 1].high, rows[i + 2].high, rows[i + 3].high);
        }
        for (unsigned i = 0; i < 4; ++i) {
            const __m128 kept = rows[i].high;
            rows[i].high = rows[i + 4].low;
            rows[i + 4].low = kept;
        }
    }
};

}  // namespace
