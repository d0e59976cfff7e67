// SPDX-License-Identifier: MIT
// Two doubles in a NEON register (AArch64), with fused multiply-add.
#pragma once

#include <arm_neon.h>

#include "simd/inlined.h"

namespace {

struct Lanes {
    static constexpr unsigned count = 2;
    using Vector = float64x2_t;
    using Mask = uint64x2_t;

    static TENUTO_INLINED Vector load(const double* from) noexcept { return vld1q_f64(from); }
    static TENUTO_INLINED void store(double* to, Vector v) noexcept { vst1q_f64(to, v); }
    static TENUTO_INLINED Vector all(double value) noexcept { return vdupq_n_f64(value); }
    static TENUTO_INLINED Vector multiply(Vector a, Vector b) noexcept { return vmulq_f64(a, b); }
    // a * b + c
    static TENUTO_INLINED Vector add_product(Vector a, Vector b, Vector c) noexcept {
        return vfmaq_f64(c, a, b);
    }
    // c - a * b
    static TENUTO_INLINED Vector subtract_product(Vector a, Vector b, Vector c) noexcept {
        return vfmsq_f64(c, a, b);
    }
    // The larger of a - 1 and 0.
    static TENUTO_INLINED Vector count_down(Vector a) noexcept {
        return vmaxq_f64(vsubq_f64(a, vdupq_n_f64(1)), vdupq_n_f64(0));
    }
    // low < v <= high; not so for what is no number.
    static TENUTO_INLINED Mask within(Vector low, Vector v, Vector high) noexcept {
        return vandq_u64(vcltq_f64(low, v), vcleq_f64(v, high));
    }
    static TENUTO_INLINED Mask both(Mask a, Mask b) noexcept { return vandq_u64(a, b); }
    static TENUTO_INLINED bool is_everywhere(Mask m) noexcept {
        return (vgetq_lane_u64(m, 0) & vgetq_lane_u64(m, 1)) != 0;
    }
    static TENUTO_INLINED Vector choose(Mask m, Vector yes, Vector no) noexcept {
        return vbslq_f64(m, yes, no);
    }

    // `fresh` values from memory at the begin, the others from the begin of `v`, moved up.
    template <unsigned fresh>
    static TENUTO_INLINED Vector push(const double* from, Vector v) noexcept {
        if constexpr (fresh == 1)
            return vcombine_f64(vld1_f64(from), vget_low_f64(v));
        else
            return vld1q_f64(from);
    }
    // Stores the last `some` lanes.
    template <unsigned some>
    static TENUTO_INLINED void store_last(double* to, Vector v) noexcept {
        if constexpr (some == 1)
            vst1_f64(to, vget_high_f64(v));
        else
            vst1q_f64(to, v);
    }
};

}  // namespace
