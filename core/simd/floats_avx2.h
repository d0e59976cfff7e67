// SPDX-License-Identifier: MIT
// Eight floats in an AVX register. No fused multiply-add: every level gives the same bits.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "simd/inlined.h"

namespace {

struct Floats {
    static constexpr unsigned count = 8;
    using Vector = __m256;
    using Bits = __m256i;
    struct Wide {
        __m256d low, high;
    };

    static TENUTO_INLINED Vector load(const float* from) noexcept { return _mm256_loadu_ps(from); }
    static TENUTO_INLINED void store(float* to, Vector a) noexcept { _mm256_storeu_ps(to, a); }
    static TENUTO_INLINED Vector all(float value) noexcept { return _mm256_set1_ps(value); }
    static TENUTO_INLINED Vector add(Vector a, Vector b) noexcept { return _mm256_add_ps(a, b); }
    static TENUTO_INLINED Vector subtract(Vector a, Vector b) noexcept {
        return _mm256_sub_ps(a, b);
    }
    static TENUTO_INLINED Vector multiply(Vector a, Vector b) noexcept {
        return _mm256_mul_ps(a, b);
    }
    // Without its sign.
    static TENUTO_INLINED Vector magnitude(Vector a) noexcept {
        return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), a);
    }
    // a < b ? b : a; what is not a number in b is never the larger one.
    static TENUTO_INLINED Vector larger(Vector a, Vector b) noexcept { return _mm256_max_ps(b, a); }
    // b < a ? b : a
    static TENUTO_INLINED Vector smaller(Vector a, Vector b) noexcept {
        return _mm256_min_ps(b, a);
    }

    // Magnitudes as whole numbers: in the same order, then the endless ones, then no numbers.
    static TENUTO_INLINED Bits magnitude_bits(Vector a) noexcept {
        return _mm256_castps_si256(magnitude(a));
    }
    static TENUTO_INLINED Bits no_bits() noexcept { return _mm256_setzero_si256(); }
    static TENUTO_INLINED Bits larger_bits(Bits a, Bits b) noexcept {
        return _mm256_max_epi32(a, b);
    }
    static TENUTO_INLINED bool is_any_above(Bits a, std::int32_t limit) noexcept {
        return _mm256_movemask_epi8(_mm256_cmpgt_epi32(a, _mm256_set1_epi32(limit))) != 0;
    }
    static TENUTO_INLINED void store_bits(std::int32_t* to, Bits a) noexcept {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a);
    }
    // To the nearest whole numbers (ties to even) of what is between -2^31 and 2^31; 0 of what is
    // not a number. What would be `limit` (2^31 at most) or more is the largest below it.
    static TENUTO_INLINED Bits whole(Vector a, float limit) noexcept {
        const __m256i most =
            _mm256_set1_epi32(static_cast<std::int32_t>(static_cast<double>(limit) - 1));
        const __m256 is_above = _mm256_cmp_ps(a, _mm256_set1_ps(limit - 0.5F), _CMP_GE_OQ);
        const __m256 is_number = _mm256_cmp_ps(a, a, _CMP_ORD_Q);
        const __m256i rounded =
            _mm256_blendv_epi8(_mm256_cvtps_epi32(a), most, _mm256_castps_si256(is_above));
        return _mm256_and_si256(rounded, _mm256_castps_si256(is_number));
    }

    // Eight doubles.
    static TENUTO_INLINED Wide load_wide(const double* from) noexcept {
        return {_mm256_loadu_pd(from), _mm256_loadu_pd(from + 4)};
    }
    static TENUTO_INLINED void store_wide(double* to, Wide a) noexcept {
        _mm256_storeu_pd(to, a.low);
        _mm256_storeu_pd(to + 4, a.high);
    }
    static TENUTO_INLINED Wide widen(Vector a) noexcept {
        return {_mm256_cvtps_pd(_mm256_castps256_ps128(a)),
                _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1))};
    }
    // keep * a + b
    static TENUTO_INLINED Wide fade(Wide a, double keep, Vector b) noexcept {
        const __m256d factor = _mm256_set1_pd(keep);
        const Wide sum = widen(b);
        return {_mm256_add_pd(_mm256_mul_pd(factor, a.low), sum.low),
                _mm256_add_pd(_mm256_mul_pd(factor, a.high), sum.high)};
    }
    static TENUTO_INLINED Wide add_wide(Wide a, Vector b) noexcept {
        const Wide sum = widen(b);
        return {_mm256_add_pd(a.low, sum.low), _mm256_add_pd(a.high, sum.high)};
    }

    // Sixteen in a row become those at even and those at odd places, and back.
    static TENUTO_INLINED void part(const float* from, Vector& even, Vector& odd) noexcept {
        const __m256 a = load(from), b = load(from + 8);
        const __m256 low = _mm256_permute2f128_ps(a, b, 0x20);   // 0 1 2 3, 8 9 10 11
        const __m256 high = _mm256_permute2f128_ps(a, b, 0x31);  // 4 5 6 7, 12 13 14 15
        even = _mm256_shuffle_ps(low, high, 0x88);
        odd = _mm256_shuffle_ps(low, high, 0xDD);
    }
    static TENUTO_INLINED void pair(float* to, Vector even, Vector odd) noexcept {
        const __m256 low = _mm256_unpacklo_ps(even, odd), high = _mm256_unpackhi_ps(even, odd);
        store(to, _mm256_permute2f128_ps(low, high, 0x20));
        store(to + 8, _mm256_permute2f128_ps(low, high, 0x31));
    }
    // Rows become columns.
    static TENUTO_INLINED void turn(Vector (&rows)[count]) noexcept {
        __m256 a[count], b[count];
        for (unsigned i = 0; i < count; i += 2) {
            a[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
            a[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
        }
        for (unsigned i = 0; i < count; i += 4) {
            b[i] = _mm256_shuffle_ps(a[i], a[i + 2], 0x44);
            b[i + 1] = _mm256_shuffle_ps(a[i], a[i + 2], 0xEE);
            b[i + 2] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0x44);
            b[i + 3] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0xEE);
        }
        for (unsigned i = 0; i < 4; ++i) {
            rows[i] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
            rows[i + 4] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
        }
    }
};

}  // namespace
