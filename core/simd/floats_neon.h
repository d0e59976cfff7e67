// SPDX-License-Identifier: MIT
// Eight floats in two NEON registers of AArch64.
#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "simd/inlined.h"

namespace {

struct Floats {
    static constexpr unsigned count = 8;
    struct Vector {
        float32x4_t low, high;
    };
    struct Bits {
        int32x4_t low, high;
    };
    struct Wide {
        float64x2_t v[4];
    };

    static TENUTO_INLINED Vector load(const float* from) noexcept {
        return {vld1q_f32(from), vld1q_f32(from + 4)};
    }
    static TENUTO_INLINED void store(float* to, Vector a) noexcept {
        vst1q_f32(to, a.low);
        vst1q_f32(to + 4, a.high);
    }
    static TENUTO_INLINED Vector all(float value) noexcept {
        return {vdupq_n_f32(value), vdupq_n_f32(value)};
    }
    static TENUTO_INLINED Vector add(Vector a, Vector b) noexcept {
        return {vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
    }
    static TENUTO_INLINED Vector subtract(Vector a, Vector b) noexcept {
        return {vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)};
    }
    static TENUTO_INLINED Vector multiply(Vector a, Vector b) noexcept {
        return {vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)};
    }
    // Without its sign.
    static TENUTO_INLINED Vector magnitude(Vector a) noexcept {
        return {vabsq_f32(a.low), vabsq_f32(a.high)};
    }
    // a < b ? b : a; what is not a number in b is never the larger one.
    static TENUTO_INLINED Vector larger(Vector a, Vector b) noexcept {
        return {vbslq_f32(vcltq_f32(a.low, b.low), b.low, a.low),
                vbslq_f32(vcltq_f32(a.high, b.high), b.high, a.high)};
    }
    // b < a ? b : a
    static TENUTO_INLINED Vector smaller(Vector a, Vector b) noexcept {
        return {vbslq_f32(vcltq_f32(b.low, a.low), b.low, a.low),
                vbslq_f32(vcltq_f32(b.high, a.high), b.high, a.high)};
    }

    // Magnitudes as whole numbers: in the same order, then the endless ones, then no numbers.
    static TENUTO_INLINED Bits magnitude_bits(Vector a) noexcept {
        const int32x4_t mask = vdupq_n_s32(0x7FFFFFFF);
        return {vandq_s32(vreinterpretq_s32_f32(a.low), mask),
                vandq_s32(vreinterpretq_s32_f32(a.high), mask)};
    }
    static TENUTO_INLINED Bits no_bits() noexcept { return {vdupq_n_s32(0), vdupq_n_s32(0)}; }
    static TENUTO_INLINED Bits larger_bits(Bits a, Bits b) noexcept {
        return {vmaxq_s32(a.low, b.low), vmaxq_s32(a.high, b.high)};
    }
    static TENUTO_INLINED bool is_any_above(Bits a, std::int32_t limit) noexcept {
        return vmaxvq_s32(vmaxq_s32(a.low, a.high)) > limit;
    }
    static TENUTO_INLINED void store_bits(std::int32_t* to, Bits a) noexcept {
        vst1q_s32(to, a.low);
        vst1q_s32(to + 4, a.high);
    }
    // To the nearest whole numbers (ties to even) of what is between -2^31 and 2^31; 0 of what is
    // not a number (so the instruction is made). What would be `limit` (2^31 at most) or more is
    // the largest below it.
    static TENUTO_INLINED int32x4_t whole_of(float32x4_t a, float limit) noexcept {
        const int32x4_t most =
            vdupq_n_s32(static_cast<std::int32_t>(static_cast<double>(limit) - 1));
        return vbslq_s32(vcgeq_f32(a, vdupq_n_f32(limit - 0.5F)), most, vcvtnq_s32_f32(a));
    }
    static TENUTO_INLINED Bits whole(Vector a, float limit) noexcept {
        return {whole_of(a.low, limit), whole_of(a.high, limit)};
    }

    // Eight doubles.
    static TENUTO_INLINED Wide load_wide(const double* from) noexcept {
        return {{vld1q_f64(from), vld1q_f64(from + 2), vld1q_f64(from + 4), vld1q_f64(from + 6)}};
    }
    static TENUTO_INLINED void store_wide(double* to, const Wide& a) noexcept {
        for (unsigned i = 0; i < 4; ++i) vst1q_f64(to + 2 * i, a.v[i]);
    }
    static TENUTO_INLINED Wide widen(Vector a) noexcept {
        return {{vcvt_f64_f32(vget_low_f32(a.low)), vcvt_high_f64_f32(a.low),
                 vcvt_f64_f32(vget_low_f32(a.high)), vcvt_high_f64_f32(a.high)}};
    }
    // keep * a + b
    static TENUTO_INLINED Wide fade(Wide a, double keep, Vector b) noexcept {
        const Wide sum = widen(b);
        for (unsigned i = 0; i < 4; ++i)
            a.v[i] = vaddq_f64(vmulq_f64(vdupq_n_f64(keep), a.v[i]), sum.v[i]);
        return a;
    }
    static TENUTO_INLINED Wide add_wide(Wide a, Vector b) noexcept {
        const Wide sum = widen(b);
        for (unsigned i = 0; i < 4; ++i) a.v[i] = vaddq_f64(a.v[i], sum.v[i]);
        return a;
    }

    // Sixteen in a row become those at even and those at odd places, and back.
    static TENUTO_INLINED void part(const float* from, Vector& even, Vector& odd) noexcept {
        const float32x4x2_t a = vld2q_f32(from), b = vld2q_f32(from + 8);
        even = {a.val[0], b.val[0]};
        odd = {a.val[1], b.val[1]};
    }
    static TENUTO_INLINED void pair(float* to, Vector even, Vector odd) noexcept {
        // vst2q_f32 may be a macro: what it is given has a name, not commas of its own.
        const float32x4x2_t low{{even.low, odd.low}};
        const float32x4x2_t high{{even.high, odd.high}};
        vst2q_f32(to, low);
        vst2q_f32(to + 8, high);
    }
    // Rows become columns.
    static TENUTO_INLINED void turn_four(float32x4_t& a, float32x4_t& b, float32x4_t& c,
                                         float32x4_t& d) noexcept {
        const float32x4_t ac = vzip1q_f32(a, c), ac2 = vzip2q_f32(a, c);
        const float32x4_t bd = vzip1q_f32(b, d), bd2 = vzip2q_f32(b, d);
        a = vzip1q_f32(ac, bd);
        b = vzip2q_f32(ac, bd);
        c = vzip1q_f32(ac2, bd2);
        d = vzip2q_f32(ac2, bd2);
    }
    static TENUTO_INLINED void turn(Vector (&rows)[count]) noexcept {
        for (unsigned i = 0; i < count; i += 4) {
            turn_four(rows[i].low, rows[i + 1].low, rows[i + 2].low, rows[i + 3].low);
            turn_four(rows[i].high, rows[i + 1].high, rows[i + 2].high, rows[i + 3].high);
        }
        for (unsigned i = 0; i < 4; ++i) {
            const float32x4_t kept = rows[i].high;
            rows[i].high = rows[i + 4].low;
            rows[i + 4].low = kept;
        }
    }
};

}  // namespace
