// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "rt/meters.h"
#include "rt/timing.h"
#include "test.h"

using namespace tenuto::rt;

namespace {
const std::vector<std::uint32_t> one{0}, both{0, 1};
}

TEST("meters: a full-scale sine reads -3.01 dB RMS and 0 dB peak") {
    Meters meters(1, 48000);
    std::vector<float> block(48000 * 3);
    for (std::size_t n = 0; n < block.size(); ++n)
        block[n] = static_cast<float>(
            std::sin(2 * std::numbers::pi * 997 * static_cast<double>(n) / 48000));
    meters.measure(block.data(), static_cast<std::uint32_t>(block.size()), 1, one);
    const Level level = meters.look()[0];
    // Ripple of the 0.3 s average at 2 x 997 Hz: 1 / (2 pi 1994 0.3) = 2.7e-4, so 0.0012 dB; and
    // e^-10 = 4.5e-5 of the step is still missing after 3 s.
    CHECK_NEAR(10 * std::log10(level.mean_square), -3.0103, 0.002);
    CHECK_NEAR(20 * std::log10(level.peak), 0, 0.001);
    CHECK_NEAR(level.square_sum / 144000, 0.5, 1e-6);
}

TEST("meters: RMS follows its time constant exactly") {
    Meters meters(1, 1000, 0.3);
    const std::vector<float> ones(300, 1.0F);
    meters.measure(ones.data(), 300, 1, one);
    // Sums of 32 squares are float: a few roundings of 6e-8.
    CHECK_NEAR(meters.look()[0].mean_square, 1 - std::exp(-1.0), 2e-7);
}

TEST("meters: any block size gives the same as one block") {
    std::vector<float> block(2000);
    for (std::size_t n = 0; n < block.size(); ++n)
        block[n] = static_cast<float>((n * 7919) % 200) / 100 - 1;
    Meters whole(2, 48000);
    whole.measure(block.data(), 1000, 2, both);
    const auto expected = whole.look();
    for (const std::uint32_t size : {1U, 7U, 64U, 999U}) {
        Meters meters(2, 48000);
        for (std::uint32_t at = 0; at < 1000; at += size)
            meters.measure(block.data() + std::size_t{2} * at, std::min(size, 1000 - at), 2, both);
        const auto got = meters.look();
        for (std::size_t c = 0; c < 2; ++c) {
            CHECK(got[c].mean_square == expected[c].mean_square);
            CHECK_NEAR(got[c].square_sum, expected[c].square_sum, 1e-9);
            CHECK(got[c].peak_max == expected[c].peak_max);
            CHECK(got[c].clipped == expected[c].clipped);
        }
    }
}

TEST("meters: any number of channels gives what each channel gives alone") {
    constexpr std::uint32_t stride = 23, frames = 500;
    std::vector<float> block(stride * frames);
    for (std::size_t n = 0; n < block.size(); ++n)
        block[n] = static_cast<float>((n * 7919) % 2000) / 1000 - 1;
    std::vector<std::uint32_t> picks;
    for (std::uint32_t c = 0; c < stride; ++c) picks.push_back(stride - 1 - c);
    Meters all(stride, 48000);
    all.measure(block.data(), frames, stride, picks);
    const auto levels = all.look();
    for (std::uint32_t c = 0; c < stride; ++c) {
        Meters single(1, 48000);
        single.measure(block.data(), frames, stride, {&picks[c], 1});
        const Level expected = single.look()[0];
        CHECK(levels[c].mean_square == expected.mean_square);
        CHECK(levels[c].square_sum == expected.square_sum);
        CHECK(levels[c].peak == expected.peak && levels[c].clipped == expected.clipped);
    }
}

TEST("meters: planar channels read as the same interleaved ones do") {
    std::vector<float> block(2000), left(1000), right(1000);
    for (std::size_t n = 0; n < 1000; ++n) {
        block[2 * n] = left[n] = static_cast<float>((n * 7919) % 200) / 100 - 1;
        block[2 * n + 1] = right[n] = static_cast<float>((n * 104729) % 300) / 200 - 1;
    }
    Meters interleaved(2, 48000, 0.3, Meters::TruePeak::on);
    interleaved.measure(block.data(), 1000, 2, both);
    const auto expected = interleaved.look();
    for (const std::uint32_t size : {1U, 7U, 64U, 999U}) {
        Meters planar(2, 48000, 0.3, Meters::TruePeak::on);
        for (std::uint32_t at = 0; at < 1000; at += size) {
            const float* channels[] = {left.data() + at, right.data() + at};
            planar.measure(channels, std::min(size, 1000 - at));
        }
        const auto got = planar.look();
        for (std::size_t c = 0; c < 2; ++c) {
            CHECK(got[c].mean_square == expected[c].mean_square);
            CHECK(got[c].square_sum == expected[c].square_sum);
            CHECK(got[c].peak == expected[c].peak && got[c].clipped == expected[c].clipped);
            CHECK(got[c].true_peak == expected[c].true_peak);
            CHECK(got[c].true_peak_max == expected[c].true_peak_max);
        }
    }
}

TEST("meters: true peak finds what lies between the samples, and begins anew at a look") {
    // A quarter of the samplerate at 45 degrees: every sample is 3 dB below the peak.
    Meters meters(1, 48000, 0.3, Meters::TruePeak::on);
    std::vector<float> sine(4800), silence(64, 0.0F);
    for (std::size_t n = 0; n < sine.size(); ++n)
        sine[n] = static_cast<float>(
            std::sin(std::numbers::pi * (0.25 + 0.5 * static_cast<double>(n))) / 2);
    const float *loud = sine.data(), *quiet = silence.data();
    meters.measure(&loud, 4800);
    Level level = meters.look()[0];
    CHECK_NEAR(20 * std::log10(level.peak), -9.03, 0.01);
    CHECK(20 * std::log10(level.true_peak) > -6.42 && 20 * std::log10(level.true_peak) < -5.82);
    meters.measure(&quiet, 64);  // in which the interpolator still sees the end of the sine
    meters.look();
    meters.measure(&quiet, 64);
    level = meters.look()[0];
    CHECK(level.true_peak == 0 && level.true_peak_max > 0.47F);
}

TEST("meters: a true peak is not hurt by what is not a number") {
    Meters meters(1, 48000, 0.3, Meters::TruePeak::on);
    std::vector<float> block(64, 0.25F);
    block[7] = std::numeric_limits<float>::quiet_NaN();
    const float* channel = block.data();
    meters.measure(&channel, 64);
    const float true_peak = meters.look()[0].true_peak;
    CHECK(true_peak >= 0.25F && true_peak < 0.5F);
}

TEST("meters: peak is since the last look, the largest one stays") {
    Meters meters(1, 48000);
    const std::vector<float> loud(64, -0.5F), quiet(64, 0.25F);
    meters.measure(loud.data(), 64, 1, one);
    CHECK(meters.look()[0].peak == 0.5F);
    meters.measure(quiet.data(), 64, 1, one);
    const Level level = meters.look()[0];
    CHECK(level.peak == 0.25F);
    CHECK(level.peak_held == 0.5F);
    CHECK(level.peak_max == 0.5F);
}

TEST("meters: a held peak stays for 1.5 s, then falls by 20 dB in 1.7 s") {
    Meters meters(1, 1000);
    const float full = 0.9F;
    const std::vector<float> silence(100, 0.0F);
    meters.measure(&full, 1, 1, one);
    for (int i = 0; i < 14; ++i) meters.measure(silence.data(), 100, 1, one);
    CHECK(meters.look()[0].peak_held == full);
    for (int i = 0; i < 18; ++i) meters.measure(silence.data(), 100, 1, one);
    // 1.5 s held, 1.7 s fallen, one block of 0.1 s uncertain: 1.2 dB.
    CHECK_NEAR(20 * std::log10(meters.look()[0].peak_held / full), -20, 1.2);
}

TEST("meters: samples at full scale are counted as clipped, also 16-bit full scale") {
    Meters meters(1, 48000);
    const std::vector<float> block{1.0F, -1.0F, 32767.0F / 32768, 0.999F, 2.0F};
    meters.measure(block.data(), 5, 1, one);
    CHECK(meters.look()[0].clipped == 4);
}

TEST("meters: not a number and infinity do not poison the meter") {
    Meters meters(1, 1000);
    const std::vector<float> bad{std::numeric_limits<float>::quiet_NaN(), 0.5F,
                                 -std::numeric_limits<float>::infinity(), 0.5F};
    CHECK(meters.measure(bad.data(), 1, 1, one) == 1);
    CHECK(meters.look()[0].mean_square == 0);
    CHECK(meters.measure(bad.data(), 4, 1, one) == 2);
    CHECK(meters.look()[0].peak == 0.5F && meters.look()[0].square_sum == 0.5);
    CHECK(meters.look()[0].clipped == 0);
    const std::vector<float> silence(30000, 0.0F);
    meters.measure(silence.data(), 30000, 1, one);
    CHECK(std::isfinite(meters.look()[0].mean_square));
    CHECK(meters.look()[0].mean_square < 1e-9);
}

TEST("meters: each meter reads the channel that was picked") {
    Meters meters(2, 48000);
    const std::vector<float> block{0.1F, 0.2F, 0.3F, 0.1F, 0.2F, 0.3F};
    const std::vector<std::uint32_t> picks{2, 0};
    meters.measure(block.data(), 2, 3, picks);
    const auto levels = meters.look();
    CHECK(levels[0].peak == 0.3F && levels[1].peak == 0.1F);
}

TEST("histogram: each duration falls into the bucket that holds it") {
    for (std::int64_t ns = 1; ns < 2'000'000'000; ns = ns * 9 / 8 + 1) {
        const auto bucket = Histogram::bucket(ns);
        CHECK(Histogram::edge(bucket) <= static_cast<double>(ns));
        CHECK(static_cast<double>(ns) < Histogram::edge(bucket + 1));
    }
    CHECK(Histogram::bucket(-5) == 0);
    CHECK(Histogram::bucket(INT64_MAX) == Histogram::buckets - 1);
}
