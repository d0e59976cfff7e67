// SPDX-License-Identifier: MIT
// One double: for processors without a level of their own, and to hold the others against.
#pragma once

#include "shared/nonblocking.h"
#include "simd/inlined.h"

namespace {

struct Lanes {
    static constexpr unsigned count = 1;
    using Vector = double;
    using Mask = bool;

    static TENUTO_INLINED Vector load(const double* from) noexcept { return *from; }
    static TENUTO_INLINED void store(double* to, Vector v) noexcept { *to = v; }
    static TENUTO_INLINED Vector all(double value) noexcept { return value; }
    static TENUTO_INLINED Vector multiply(Vector a, Vector b) noexcept { return a * b; }
    // a * b + c
    static TENUTO_INLINED Vector add_product(Vector a, Vector b, Vector c) noexcept {
        return c + a * b;
    }
    // c - a * b
    static TENUTO_INLINED Vector subtract_product(Vector a, Vector b, Vector c) noexcept {
        return c - a * b;
    }
    // The larger of a - 1 and 0.
    static TENUTO_INLINED Vector count_down(Vector a) noexcept { return a > 1 ? a - 1 : 0; }
    // low < v <= high; not so for what is no number.
    static TENUTO_INLINED Mask within(Vector low, Vector v, Vector high) noexcept {
        return (low < v) & (v <= high);
    }
    static TENUTO_INLINED Mask both(Mask a, Mask b) noexcept { return a & b; }
    static TENUTO_INLINED bool is_everywhere(Mask m) noexcept { return m; }
    static TENUTO_INLINED Vector choose(Mask m, Vector yes, Vector no) noexcept {
        return m ? yes : no;
    }

    // `fresh` values from memory at the begin, the others from the begin of `v`, moved up.
    template <unsigned fresh>
    static TENUTO_INLINED Vector push(const double* from, Vector) noexcept {
        return *from;
    }
    // Stores the last `some` lanes.
    template <unsigned some>
    static TENUTO_INLINED void store_last(double* to, Vector v) noexcept {
        *to = v;
    }
};

}  // namespace
