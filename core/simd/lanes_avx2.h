// SPDX-License-Identifier: MIT
// Four doubles in an AVX register, with fused multiply-add.
#pragma once

#include <immintrin.h>

#include "simd/inlined.h"

namespace {

struct Lanes {
    static constexpr unsigned count = 4;
    using Vector = __m256d;
    using Mask = __m256d;

    static TENUTO_INLINED Vector load(const double* from) noexcept { return _mm256_loadu_pd(from); }
    static TENUTO_INLINED void store(double* to, Vector v) noexcept { _mm256_storeu_pd(to, v); }
    static TENUTO_INLINED Vector all(double value) noexcept { return _mm256_set1_pd(value); }
    static TENUTO_INLINED Vector multiply(Vector a, Vector b) noexcept {
        return _mm256_mul_pd(a, b);
    }
    // a * b + c
    static TENUTO_INLINED Vector add_product(Vector a, Vector b, Vector c) noexcept {
        return _mm256_fmadd_pd(a, b, c);
    }
    // c - a * b
    static TENUTO_INLINED Vector subtract_product(Vector a, Vector b, Vector c) noexcept {
        return _mm256_fnmadd_pd(a, b, c);
    }
    // The larger of a - 1 and 0.
    static TENUTO_INLINED Vector count_down(Vector a) noexcept {
        return _mm256_max_pd(_mm256_sub_pd(a, _mm256_set1_pd(1)), _mm256_setzero_pd());
    }
    // low < v <= high; not so for what is no number.
    static TENUTO_INLINED Mask within(Vector low, Vector v, Vector high) noexcept {
        return _mm256_and_pd(_mm256_cmp_pd(low, v, _CMP_LT_OQ), _mm256_cmp_pd(v, high, _CMP_LE_OQ));
    }
    static TENUTO_INLINED Mask both(Mask a, Mask b) noexcept { return _mm256_and_pd(a, b); }
    static TENUTO_INLINED bool is_everywhere(Mask m) noexcept {
        return _mm256_movemask_pd(m) == 15;
    }
    static TENUTO_INLINED Vector choose(Mask m, Vector yes, Vector no) noexcept {
        return _mm256_blendv_pd(no, yes, m);
    }

    // `fresh` values from memory at the begin, the others from the begin of `v`, moved up.
    template <unsigned fresh>
    static TENUTO_INLINED Vector push(const double* from, Vector v) noexcept {
        if constexpr (fresh == 1) {
            const __m256d halves_swapped = _mm256_permute2f128_pd(v, v, 1);  // 2 3 0 1
            const __m256d moved = _mm256_shuffle_pd(halves_swapped, v, 5);   // 3 0 1 2
            return _mm256_blend_pd(moved, _mm256_broadcast_sd(from), 1);
        } else if constexpr (fresh == 2) {
            return _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(from)),
                                        _mm256_castpd256_pd128(v), 1);
        } else {
            return _mm256_loadu_pd(from);
        }
    }
    // Stores the last `some` lanes.
    template <unsigned some>
    static TENUTO_INLINED void store_last(double* to, Vector v) noexcept {
        if constexpr (some == 1)
            _mm_storeh_pd(to, _mm256_extractf128_pd(v, 1));
        else if constexpr (some == 2)
            _mm_storeu_pd(to, _mm256_extractf128_pd(v, 1));
        else
            _mm256_storeu_pd(to, v);
    }
};

}  // namespace
