// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "dsp/halfband.h"
#include "dsp/log2.h"
#include "dsp/shaper.h"
#include "dsp/sliding_max.h"
#include "dsp/true_peak.h"
#include "simd/dispatch.h"
#include "test.h"

using namespace tenuto;

namespace {

std::vector<float> noise(std::size_t count, float low = -1, float high = 1) {
    std::mt19937 generator(5);
    std::uniform_real_distribution<float> value(low, high);
    std::vector<float> out(count);
    for (float& v : out) v = value(generator);
    return out;
}

}  // namespace

TEST("log2 and exp2: within the errors they state, exact for powers of two") {
    double log_error = 0, exp_error = 0;
    for (int i = 0; i < 200000; ++i) {
        const float x = std::exp2(static_cast<float>(i) / 2000 - 60);
        const double size = std::max(1.0, std::abs(std::log2(static_cast<double>(x))));
        log_error = std::max(
            log_error, std::abs(dsp::quick_log2(x) - std::log2(static_cast<double>(x))) / size);
        const float y = static_cast<float>(i) / 1000 - 100;
        exp_error = std::max(exp_error,
                             std::abs(dsp::quick_exp2(y) / std::exp2(static_cast<double>(y)) - 1));
    }
    CHECK(log_error < 2e-7);
    CHECK(exp_error < 3e-7);
    for (int i = -126; i < 127; ++i) {
        CHECK(dsp::quick_log2(std::ldexp(1.0F, i)) == static_cast<float>(i));
        CHECK(dsp::quick_exp2(static_cast<float>(i)) == std::ldexp(1.0F, i));
    }
    CHECK(dsp::quick_log2(0) == -127);
    CHECK(dsp::quick_exp2(-1e30F) > 0 && std::isfinite(dsp::quick_exp2(1e30F)));
}

TEST("sliding max: the largest of the last values, for any window and any strips") {
    const std::vector<float> in = noise(700, 0, 1);
    for (const std::uint32_t window : {1U, 2U, 3U, 8U, 13U, 64U, 81U, 300U}) {
        dsp::SlidingMax max(window, 50);
        std::vector<float> out = in;
        for (std::size_t at = 0, size = 1; at < in.size(); at += size, size = size * 7 % 50 + 1) {
            size = std::min(size, in.size() - at);
            max.run(out.data() + at, static_cast<std::uint32_t>(size));
        }
        bool is_right = true;
        for (std::size_t n = 0; n < in.size(); ++n) {
            const std::size_t from = n + 1 < window ? 0 : n + 1 - window;
            const auto begin = in.begin() + static_cast<std::ptrdiff_t>(from);
            is_right &=
                out[n] == *std::max_element(begin, in.begin() + static_cast<std::ptrdiff_t>(n) + 1);
        }
        CHECK(is_right);
    }
}

TEST("half-band steps: doubling and halving gives a constant back") {
    const std::vector<float> h{0.02F, -0.12F, 0.6F};  // any with a sum of 1/2
    dsp::Doubler doubler(h, 40);
    dsp::Halver halver(h, 40);
    const std::vector<float> ones(40, 1.0F);
    std::vector<float> high(80), low(40);
    doubler.run(ones.data(), high.data(), 40);
    halver.run(high.data(), low.data(), 40);
    // In all 2 * 3 + 2 * 2 samples of the high rate late, and as long again until all of the filter
    // is filled.
    CHECK_NEAR(low[39], 1, 1e-6);
    CHECK(low[0] != 1);
    doubler.forget();
    doubler.run(std::vector<float>(40, 0.0F).data(), high.data(), 40);
    CHECK(*std::max_element(high.begin(), high.end()) == 0);
}

TEST("curves: means over a way agree with the integral, over short, long and crossing ways") {
    for (const float from : {-40.0F, -1.6F, -0.9F, -1e-3F, 0.0F, 0.4F, 1.2F, 300.0F})
        for (const float way : {0.0F, 1e-7F, 1e-3F, 0.199F, 0.201F, 3.0F, -0.5F, -50.0F}) {
            const double to = from + way, step = to - from;
            double hard = 0, soft = 0, tanh = 0;
            constexpr int parts = 20000;
            for (int i = 0; i < parts; ++i) {
                const double x = from + step * (i + 0.5) / parts, u = std::clamp(x / 1.5, -1., 1.);
                hard += std::clamp(x, -1.0, 1.0) / parts;
                soft += 1.5 * (u - u * u * u / 3) / parts;
                tanh += std::tanh(x) / parts;
            }
            const auto end = static_cast<float>(to);
            CHECK_NEAR(dsp::shaper::hard(from, end), hard, 3e-6);
            CHECK_NEAR(dsp::shaper::soft(from, end), soft, 3e-6);
            CHECK_NEAR(dsp::shaper::tanh(from, end, dsp::shaper::tanh_rest(from),
                                         dsp::shaper::tanh_rest(end)),
                       tanh, 6e-6);
        }
}

TEST("peak kernels: all levels give the same bits, and what the filters say") {
    std::vector<float> x = noise(400);
    const std::vector<float> fine = noise(30, -0.3F, 0.3F);
    x[200] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> tops(32), peaks(300);
    const simd::PeakKernels& scalar = *simd::find_kernels("scalar")->peaks;
    scalar.rise(tops.data(), dsp::standard_true_peak.data(), x.data(), 300);
    scalar.detect(peaks.data(), fine.data(), x.data(), 300);
    for (const std::string& level : simd::levels()) {
        std::vector<float> other_tops(32), other_peaks(300);
        const simd::PeakKernels& other = *simd::find_kernels(level)->peaks;
        other.rise(other_tops.data(), dsp::standard_true_peak.data(), x.data(), 300);
        other.detect(other_peaks.data(), fine.data(), x.data(), 300);
        CHECK(other_tops == tops);
        CHECK(other_peaks == peaks);
    }
    double expected = 0;
    for (const std::size_t pair : {0U, 12U}) {
        double plus = 0, minus = 0;
        for (std::size_t k = 0; k < 6; ++k) {
            const double even = dsp::standard_true_peak[pair + k];
            const double odd = dsp::standard_true_peak[pair + 6 + k];
            plus += (even + odd) * x[k] + (even - odd) * x[11 - k];
            minus += (even - odd) * x[k] + (even + odd) * x[11 - k];
        }
        expected = std::max({expected, std::abs(plus), std::abs(minus)});
    }
    float first[32] = {};
    scalar.rise(first, dsp::standard_true_peak.data(), x.data(), 1);
    CHECK_NEAR(first[0], expected, 1e-6);
}
