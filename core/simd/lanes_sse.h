// SPDX-License-Identifier: MIT
// Two doubles in an SSE register. Without fused multiply-add, so results equal the scalar ones.
#pragma once

#include <nmmintrin.h>

#include "simd/inlined.h"

namespace {

struct Lanes {
    static constexpr unsigned count = 2;
    using Vector = __m128d;
    using Mask = __m128d;

    static TENUTO_INLINED Vector load(const double* from) noexcept { return _mm_loadu_pd(from); }
    static TENUTO_INLINED void store(double* to, Vector v) noexcept { _mm_storeu_pd(to, v); }
    static TENUTO_INLINED Vector all(double value) noexcept { return _mm_set1_pd(value); }
    static TENUTO_INLINED Vector multiply(Vector a, Vector b) noexcept { return _mm_mul_pd(a, b); }
    // a * b + c
    static TENUTO_INLINED Vector add_product(Vector a, Vector b, Vector c) noexcept {
        return _mm_add_pd(c, _mm_mul_pd(a, b));
    }
    // c - a * b
    static TENUTO_INLINED Vector subtract_product(Vector a, Vector b, Vector c) noexcept {
        return _mm_sub_pd(c, _mm_mul_pd(a, b));
    }
    // The larger of a - 1 and 0.
    static TENUTO_INLINED Vector count_down(Vector a) noexcept {
        return _mm_max_pd(_mm_sub_pd(a, _mm_set1_pd(1)), _mm_setzero_pd());
    }
    // low < v <= high; not so for what is no number.
    static TENUTO_INLINED Mask within(Vector low, Vector v, Vector high) noexcept {
        return _mm_and_pd(_mm_cmplt_pd(low, v), _mm_cmple_pd(v, high));
    }
    static TENUTO_INLINED Mask both(Mask a, Mask b) noexcept { return _mm_and_pd(a, b); }
    static TENUTO_INLINED bool is_everywhere(Mask m) noexcept { return _mm_movemask_pd(m) == 3; }
    static TENUTO_INLINED Vector choose(Mask m, Vector yes, Vector no) noexcept {
        return _mm_blendv_pd(no, yes, m);
    }

    // `fresh` values from memory at the begin, the others from the begin of `v`, moved up.
    template <unsigned fresh>
    static TENUTO_INLINED Vector push(const double* from, Vector v) noexcept {
        if constexpr (fresh == 1)
            return _mm_unpacklo_pd(_mm_load_sd(from), v);
        else
            return _mm_loadu_pd(from);
    }
    // Stores the last `some` lanes.
    template <unsigned some>
    static TENUTO_INLINED void store_last(double* to, Vector v) noexcept {
        if constexpr (some == 1)
            _mm_storeh_pd(to, v);
        else
            _mm_storeu_pd(to, v);
    }
};

}  // namespace
