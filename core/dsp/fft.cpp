// SPDX-License-Identifier: MIT
#include "dsp/fft.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace tenuto::dsp {

namespace {

// A stage is cut into parts of at most so many points, so that no step takes long.
constexpr std::uint32_t most_points_at_once = 4096;

constexpr std::uint32_t row_gap = 16;  // between rows of factors; see `row` for the reason

struct Complex {
    float re, im;
};

Complex operator+(Complex a, Complex b) noexcept TENUTO_NONBLOCKING {
    return {a.re + b.re, a.im + b.im};
}
Complex operator-(Complex a, Complex b) noexcept TENUTO_NONBLOCKING {
    return {a.re - b.re, a.im - b.im};
}
Complex operator*(Complex a, Complex b) noexcept TENUTO_NONBLOCKING {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
// Times the square root of -1.
Complex turned(Complex a) noexcept TENUTO_NONBLOCKING { return {-a.im, a.re}; }

// Four points become four; w is the factor of the second, and so on.
struct Butterfly {
    Complex a, b, c, d;
    Butterfly(Complex p, Complex q, Complex r, Complex s) noexcept TENUTO_NONBLOCKING
        : a(p + r + (q + s)),
          b(p - r - turned(q - s)),
          c(p + r - (q + s)),
          d(p - r + turned(q - s)) {}
};

}  // namespace

RealFft::RealFft(std::uint32_t points) : half_(points / 2) {
    std::uint32_t length = half_, stride = 1;
    for (; length > 1; ++stages_) {
        const std::uint32_t radix = length == 2 ? 2 : 4, quarter = length / 4;
        const std::uint32_t row = quarter < 256 ? quarter : quarter + row_gap;
        stage_[stages_] = {length, stride, factors_.size(), row};
        if (radix == 4) {
            for (const int power : {1, 2, 3})
                for (const bool imaginary : {false, true}) {
                    for (std::uint32_t p = 0; p < quarter; ++p) {
                        const double angle = -2 * std::numbers::pi * power * p / length;
                        factors_.push_back(
                            static_cast<float>(imaginary ? std::sin(angle) : std::cos(angle)));
                    }
                    factors_.resize(factors_.size() + row - quarter);
                }
        }
        length /= radix;
        stride *= radix;
    }
    parts_ = std::max(1U, half_ / most_points_at_once);
    cos_.resize(half_ / 2 + 1);
    sin_.resize(half_ / 2 + 1);
    for (std::uint32_t k = 0; k <= half_ / 2; ++k) {
        cos_[k] = static_cast<float>(std::cos(std::numbers::pi * k / half_));
        sin_[k] = static_cast<float>(-std::sin(std::numbers::pi * k / half_));
    }
}

void RealFft::run_stage(std::uint32_t index, std::uint32_t part, Split from,
                        Split to) const noexcept TENUTO_NONBLOCKING {
    const Stage& stage = stage_[index];
    const std::uint32_t s = stage.stride;
    const float* __restrict xr = from.re;
    const float* __restrict xi = from.im;
    float* __restrict yr = to.re;
    float* __restrict yi = to.im;
    if (stage.length == 2) {
        const std::uint32_t begin = s / parts_ * part, end = begin + s / parts_;
        for (std::uint32_t q = begin; q < end; ++q) {
            yr[q] = xr[q] + xr[q + s];
            yi[q] = xi[q] + xi[q + s];
            yr[q + s] = xr[q] - xr[q + s];
            yi[q + s] = xi[q] - xi[q + s];
        }
        return;
    }
    // Parts of the stage: ranges of p, or of q when there are few p.
    const std::uint32_t m = stage.length / 4;
    const bool by_p = m >= parts_;
    const std::uint32_t p_begin = by_p ? m / parts_ * part : 0;
    const std::uint32_t p_end = by_p ? p_begin + m / parts_ : m;
    const std::uint32_t q_begin = by_p ? 0 : s / parts_ * part;
    const std::uint32_t q_end = by_p ? s : q_begin + s / parts_;
    const float* const w = factors_.data() + stage.factors;
    const std::size_t row = stage.factor_row;

    if (s == 1) {
        for (std::uint32_t p = p_begin; p < p_end; ++p) {
            const Butterfly y({xr[p], xi[p]}, {xr[p + m], xi[p + m]},
                              {xr[p + 2 * m], xi[p + 2 * m]}, {xr[p + 3 * m], xi[p + 3 * m]});
            const Complex b = y.b * Complex{w[p], w[p + row]};
            const Complex c = y.c * Complex{w[p + 2 * row], w[p + 3 * row]};
            const Complex d = y.d * Complex{w[p + 4 * row], w[p + 5 * row]};
            const std::size_t q = std::size_t{4} * p;
            yr[q] = y.a.re, yr[q + 1] = b.re, yr[q + 2] = c.re, yr[q + 3] = d.re;
            yi[q] = y.a.im, yi[q + 1] = b.im, yi[q + 2] = c.im, yi[q + 3] = d.im;
        }
        return;
    }
    const std::uint32_t step = s * m;
    for (std::uint32_t p = p_begin; p < p_end; ++p) {
        const Complex w1{w[p], w[p + row]}, w2{w[p + 2 * row], w[p + 3 * row]},
            w3{w[p + 4 * row], w[p + 5 * row]};
        const std::uint32_t in = s * p, out = 4 * s * p;
        for (std::uint32_t q = q_begin; q < q_end; q += 4)
            for (std::uint32_t lane = 0; lane < 4; ++lane) {  // the stride is a multiple of 4
                const std::uint32_t i = in + q + lane, o = out + q + lane;
                const Butterfly y({xr[i], xi[i]}, {xr[i + step], xi[i + step]},
                                  {xr[i + 2 * step], xi[i + 2 * step]},
                                  {xr[i + 3 * step], xi[i + 3 * step]});
                const Complex b = y.b * w1, c = y.c * w2, d = y.d * w3;
                yr[o] = y.a.re, yi[o] = y.a.im;
                yr[o + s] = b.re, yi[o + s] = b.im;
                yr[o + 2 * s] = c.re, yi[o + 2 * s] = c.im;
                yr[o + 3 * s] = d.re, yi[o + 3 * s] = d.im;
            }
    }
}

// Even and odd points are the real and imaginary parts of a complex row z with the transform Z. Its
// symmetric part is the transform of the even points, the other one that of the odd:
//   X[k] = (Z[k] + Z*[M-k]) / 2 + e^(-iπk/M) (Z[k] - Z*[M-k]) / 2i,  M = half the points.
void RealFft::forward(std::uint32_t step, const float* first, const float* second, Split a, Split b,
                      Split out) const noexcept TENUTO_NONBLOCKING {
    const std::uint32_t m = half_;
    if (step == 0) {
        for (std::uint32_t k = 0; k < m / 2; ++k) {
            a.re[k] = first[std::size_t{2} * k];
            a.im[k] = first[std::size_t{2} * k + 1];
        }
        for (std::uint32_t k = 0; k < m / 2; ++k) {
            a.re[m / 2 + k] = second[std::size_t{2} * k];
            a.im[m / 2 + k] = second[std::size_t{2} * k + 1];
        }
        return;
    }
    if (step <= stages_ * parts_) {
        const std::uint32_t stage = (step - 1) / parts_;
        return run_stage(stage, (step - 1) % parts_, stage % 2 ? b : a, stage % 2 ? a : b);
    }
    const Split z = stages_ % 2 ? b : a;
    const float* __restrict zr = z.re;
    const float* __restrict zi = z.im;
    float* __restrict yr = out.re;
    float* __restrict yi = out.im;
    yr[0] = zr[0] + zi[0];
    yi[0] = zr[0] - zi[0];
    for (std::uint32_t k = 1; k <= m / 2; ++k) {
        const Complex even{0.5F * (zr[k] + zr[m - k]), 0.5F * (zi[k] - zi[m - k])};
        const Complex odd{0.5F * (zi[k] + zi[m - k]), 0.5F * (zr[m - k] - zr[k])};
        const Complex shifted = odd * Complex{cos_[k], sin_[k]};
        yr[k] = even.re + shifted.re;
        yi[k] = even.im + shifted.im;
        yr[m - k] = even.re - shifted.re;
        yi[m - k] = shifted.im - even.im;
    }
}

void RealFft::inverse(std::uint32_t step, Split in, Split a, Split b, float* second) const noexcept
    TENUTO_NONBLOCKING {
    const std::uint32_t m = half_;
    if (step == 0) {
        const float* __restrict xr = in.re;
        const float* __restrict xi = in.im;
        float* __restrict zr = a.re;
        float* __restrict zi = a.im;
        const float scale = 1.0F / static_cast<float>(2 * m);
        zr[0] = scale * (xr[0] + xi[0]);
        zi[0] = scale * (xr[0] - xi[0]);
        for (std::uint32_t k = 1; k <= m / 2; ++k) {
            const Complex even{scale * (xr[k] + xr[m - k]), scale * (xi[k] - xi[m - k])};
            const Complex shifted{scale * (xr[k] - xr[m - k]), scale * (xi[k] + xi[m - k])};
            const Complex odd = shifted * Complex{cos_[k], -sin_[k]};
            zr[k] = even.re - odd.im;
            zi[k] = even.im + odd.re;
            zr[m - k] = even.re + odd.im;
            zi[m - k] = odd.re - even.im;
        }
        return;
    }
    // The way back is the way there with real and imaginary parts exchanged.
    if (step <= stages_ * parts_) {
        const std::uint32_t stage = (step - 1) / parts_;
        const Split from = stage % 2 ? b : a, to = stage % 2 ? a : b;
        return run_stage(stage, (step - 1) % parts_, {from.im, from.re}, {to.im, to.re});
    }
    const Split z = stages_ % 2 ? b : a;
    for (std::uint32_t k = 0; k < m / 2; ++k) {
        second[std::size_t{2} * k] = z.re[m / 2 + k];
        second[std::size_t{2} * k + 1] = z.im[m / 2 + k];
    }
}

}  // namespace tenuto::dsp
