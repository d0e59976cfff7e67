// SPDX-License-Identifier: MIT
// Kernels between device, graph and file: what they do by definition, and the same bits everywhere.
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "rt/meters.h"
#include "simd/dispatch.h"
#include "test.h"

using namespace tenuto;

namespace {

template <typename F>
void for_each_level(F&& check) {
    for (const std::string& level : simd::levels()) check(*simd::find_kernels(level));
}

std::vector<float> noise(std::size_t count, float size) {
    std::mt19937 random(7);
    std::uniform_real_distribution<float> spread(-size, size);
    std::vector<float> made(count);
    for (float& sample : made) sample = spread(random);
    return made;
}

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float endless = std::numeric_limits<float>::infinity();

}  // namespace

TEST("blocks: parted and joined again is what it was, with any number of channels and frames") {
    for_each_level([](const simd::Kernels& kernels) {
        for (const std::uint32_t channels : {1, 2, 3, 5, 8, 11, 18})
            for (const std::uint32_t frames : {1, 7, 8, 64, 77}) {
                const std::uint32_t stride = channels + 3;
                const auto in = noise(std::size_t{stride} * frames, 1);
                std::vector<std::vector<float>> planar(channels, std::vector<float>(frames + 1, 9));
                std::vector<float*> to;
                for (auto& channel : planar) to.push_back(channel.data());
                CHECK(kernels.blocks->part(to.data(), in.data(), stride, channels, frames));
                std::vector<float> out(in.size(), 9);
                const std::vector<const float*> from(to.begin(), to.end());
                CHECK(kernels.blocks->join(out.data(), from.data(), stride, channels, frames));
                for (std::uint32_t n = 0; n < frames; ++n)
                    for (std::uint32_t c = 0; c < stride; ++c) {
                        const std::size_t at = std::size_t{n} * stride + c;
                        if (c < channels) CHECK(planar[c][n] == in[at]);
                        CHECK(out[at] == (c < channels ? in[at] : 9));  // nothing beside is touched
                    }
                for (const auto& channel : planar) CHECK(channel[frames] == 9);
            }
    });
}

TEST("blocks: a single sample that is not finite is seen, wherever it is") {
    for_each_level([](const simd::Kernels& kernels) {
        for (const std::uint32_t channels : {1, 2, 3, 8, 11})
            for (const float bad : {not_a_number, endless, -endless})
                for (std::size_t at = 0; at < std::size_t{channels} * 19; ++at) {
                    auto in = noise(std::size_t{channels} * 19, 1e30F);
                    in[at] = bad;
                    std::vector<float> store(in.size());
                    std::vector<float*> to;
                    for (std::uint32_t c = 0; c < channels; ++c) to.push_back(&store[c * 19]);
                    CHECK(!kernels.blocks->part(to.data(), in.data(), channels, channels, 19));
                    const std::vector<const float*> from(to.begin(), to.end());
                    CHECK(!kernels.blocks->join(in.data(), from.data(), channels, channels, 19));
                }
    });
}

TEST("blocks: samples become the nearest whole numbers, clipped, on every level") {
    for_each_level([](const simd::Kernels& kernels) {
        for (const std::uint32_t bits : {8, 16, 24, 32}) {
            const double scale = std::ldexp(1.0, static_cast<int>(bits) - 1);
            auto in = noise(999, 1.5);
            for (const float sample : {0.0F, -0.0F, 1.0F, -1.0F, 0.99999994F, endless, -endless,
                                       not_a_number, 1e-40F, 3e38F, -3e38F})
                in.push_back(sample);
            // Half way between two numbers: the even one.
            for (const double half : {0.5, 1.5, 2.5, -0.5, -1.5})
                in.push_back(static_cast<float>(half / scale));
            std::vector<std::int32_t> out(in.size());
            kernels.blocks->round(out.data(), in.data(), in.size(), bits);
            for (std::size_t i = 0; i < in.size(); ++i) {
                const double exact = std::nearbyint(static_cast<double>(in[i]) * scale);
                const double expected =
                    std::isnan(in[i]) ? 0 : std::min(std::max(exact, -scale), scale - 1);
                CHECK(out[i] == expected);
            }
        }
    });
}

TEST("meters: every level gives the same bits, also for what is not finite or too large") {
    auto in = noise(3 * 1000, 1);
    in[100] = not_a_number, in[500] = endless, in[900] = 1e20F, in[1301] = -endless;
    const std::vector<std::uint32_t> picks{0, 1, 2};
    const auto measured = [&](const simd::Kernels& kernels, std::uint32_t block) {
        rt::Meters meters(3, 48000, 0.3, rt::Meters::TruePeak::on, kernels);
        for (std::uint32_t at = 0; at < 1000; at += block)
            meters.measure(in.data() + std::size_t{3} * at, std::min(block, 1000 - at), 3, picks);
        const auto levels = meters.look();
        return std::vector<rt::Level>(levels.begin(), levels.end());
    };
    const auto expected = measured(*simd::find_kernels("scalar"), 1000);
    for_each_level([&](const simd::Kernels& kernels) {
        for (const std::uint32_t block : {1, 33, 1000}) {
            const auto got = measured(kernels, block);
            for (std::size_t c = 0; c < 3; ++c) {
                CHECK(got[c].mean_square == expected[c].mean_square);
                CHECK(got[c].square_sum == expected[c].square_sum);
                CHECK(got[c].peak_max == expected[c].peak_max);
                CHECK(got[c].true_peak_max == expected[c].true_peak_max);
                CHECK(got[c].clipped == expected[c].clipped);
            }
        }
    });
}
