// SPDX-License-Identifier: MIT
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "control/node_factory.h"
#include "dsp/cascade.h"
#include "test.h"

using namespace tenuto;

namespace {

using Planar = std::vector<std::vector<float>>;

// Bells, an octave apart from 40 Hz on (and around again), up and down in turn.
std::vector<double> bells(std::size_t count, double gain) {
    std::vector<double> targets;
    for (std::size_t i = 0; i < count; ++i) {
        const double w = 2 * std::numbers::pi * 40 * std::exp2(i % 9) / 48000;
        const double a = i % 2 == 0 ? gain : 1 / gain, alpha = std::sin(w) / 3;
        const double a0 = 1 + alpha / a;
        for (const double number :
             {1 + alpha * a, -2 * std::cos(w), 1 - alpha * a, -2 * std::cos(w), 1 - alpha / a})
            targets.push_back(number / a0);
    }
    return targets;
}

Planar noise(std::size_t channels, std::size_t frames) {
    Planar made(channels, std::vector<float>(frames));
    std::uint32_t seed = 12345;
    for (auto& channel : made)
        for (float& sample : channel) {
            seed = seed * 1664525 + 1013904223;  // Numerical Recipes' quick generator
            sample = static_cast<float>(seed >> 8) / (1 << 24) - 0.5F;
        }
    return made;
}

dsp::NodeSetup setup(std::size_t channels, std::vector<double> targets) {
    dsp::NodeSetup made;
    made.channels = static_cast<std::uint32_t>(channels);
    made.targets = std::move(targets);
    return made;
}

// Runs frames `from` to `to` in blocks of the sizes given, over and over.
void run(dsp::Node& node, const Planar& in, Planar& out, std::size_t from, std::size_t to,
         const std::vector<std::uint32_t>& blocks) {
    std::vector<const float*> ins(in.size());
    std::vector<float*> outs(in.size());
    for (std::size_t at = from, turn = 0; at < to;) {
        const auto frames = static_cast<std::uint32_t>(
            std::min<std::size_t>(blocks[turn++ % blocks.size()], to - at));
        for (std::size_t c = 0; c < in.size(); ++c) {
            ins[c] = in[c].data() + at;
            outs[c] = out[c].data() + at;
        }
        node.run({ins.data(), outs.data(), frames, at});
        at += frames;
    }
}

// The same by definition: one sample of one section after the other, in direct form I, with
// coefficients that move from `before` to `after` in `ramp` frames from `at` on.
std::vector<double> by_definition(const std::vector<float>& in, const std::vector<double>& before,
                                  const std::vector<double>& after, std::size_t at,
                                  std::size_t ramp) {
    std::vector<double> signal(in.begin(), in.end());
    for (std::size_t s = 0; s < before.size(); s += 5) {
        double x1 = 0, x2 = 0, y1 = 0, y2 = 0;
        for (std::size_t n = 0; n < signal.size(); ++n) {
            std::array<double, 5> c;
            const double left = n < at          ? static_cast<double>(ramp)
                                : n < at + ramp ? static_cast<double>(at + ramp - n - 1)
                                                : 0;
            for (std::size_t i = 0; i < 5; ++i)
                c[i] = after[s + i] -
                       (after[s + i] - before[s + i]) * left / static_cast<double>(ramp);
            const double x = signal[n];
            const double y = c[0] * x + c[1] * x1 + c[2] * x2 - c[3] * y1 - c[4] * y2;
            x2 = x1, x1 = x, y2 = y1, y1 = y;
            signal[n] = y;
        }
    }
    return signal;
}

// For each level of this processor.
template <typename F>
void for_each_level(F&& check) {
    for (const std::string& level : simd::levels()) check(*simd::find_kernels(level));
}

Planar moved(const simd::Kernels& kernels, std::size_t sections, const Planar& in,
             const std::vector<std::uint32_t>& blocks) {
    dsp::Cascade node(setup(in.size(), bells(sections, 2)), kernels);
    Planar out(in.size(), std::vector<float>(in[0].size()));
    run(node, in, out, 0, 200, blocks);
    node.set(0, bells(sections, 3));
    run(node, in, out, 200, in[0].size(), blocks);
    return out;
}

}  // namespace

TEST("cascade: every level gives what the definition gives, also while coefficients move") {
    for_each_level([](const simd::Kernels& kernels) {
        for (const std::size_t sections : {1, 2, 3, 4, 5, 8, 9, 17}) {
            const Planar in = noise(7, 900);
            const Planar out = moved(kernels, sections, in, {512});
            for (std::size_t c = 0; c < in.size(); ++c) {
                const auto expected =
                    by_definition(in[c], bells(sections, 2), bells(sections, 3), 200, 480);
                // Half a unit in the last place of a float, and the orders of float64 additions.
                for (std::size_t n = 0; n < expected.size(); ++n)
                    CHECK_NEAR(out[c][n], expected[n], 6.1e-8 * (std::abs(expected[n]) + 1e-3));
            }
        }
    });
}

TEST("cascade: every level gives the same to the last bit however sound is cut") {
    for_each_level([](const simd::Kernels& kernels) {
        for (const std::size_t sections : {1, 8, 13}) {
            const Planar in = noise(3, 1100);
            const Planar whole = moved(kernels, sections, in, {2000});
            for (const std::vector<std::uint32_t>& blocks :
                 {std::vector<std::uint32_t>{1}, {7}, {64}, {1, 2, 3, 200, 5, 64}, {512}})
                CHECK(moved(kernels, sections, in, blocks) == whole);
        }
    });
}

TEST("cascade: levels with and without fused multiply-add are within a unit in the last place") {
    const Planar in = noise(2, 900);
    const Planar scalar = moved(*simd::find_kernels("scalar"), 8, in, {64});
    for_each_level([&](const simd::Kernels& kernels) {
        const Planar other = moved(kernels, 8, in, {64});
        for (std::size_t c = 0; c < 2; ++c)
            for (std::size_t n = 0; n < 900; ++n)
                CHECK_NEAR(other[c][n], scalar[c][n], 1.2e-7 * (std::abs(scalar[c][n]) + 1e-3));
    });
}

TEST("cascade: a target that is reached is kept exactly") {
    for_each_level([](const simd::Kernels& kernels) {
        // Passing on, there and back: what comes out is what goes in, bit for bit.
        const std::vector<double> passing{1, 0, 0, 0, 0};
        dsp::Cascade node(setup(1, passing), kernels);
        const Planar in = noise(1, 2000);
        Planar out = in;
        run(node, in, out, 0, 100, {64});
        node.set(0, std::vector<double>{0.3, 0.1, 0.2, -0.5, 0.1});
        run(node, in, out, 100, 400, {64});  // turned back on its way
        node.set(0, passing);
        run(node, in, out, 400, 2000, {64});
        for (std::size_t n = 880; n < 2000; ++n) CHECK(out[0][n] == in[0][n]);
    });
}

TEST("cascade: what is not finite is forgotten, and what is too large is limited") {
    for_each_level([](const simd::Kernels& kernels) {
        for (const float poison :
             {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
            dsp::Cascade node(setup(3, bells(8, 2)), kernels);
            Planar in = noise(3, 600), out = in;
            in[2][130] = poison;
            run(node, in, out, 0, 600, {64});
            for (const auto& channel : out)
                for (const float sample : channel) CHECK(std::isfinite(sample));
            CHECK(node.contained() == 1);
        }
        dsp::Cascade loud(setup(1, {4, 0, 0, 0, 0}), kernels);
        const Planar in{{-2e38F, 1, 2e38F}};
        Planar out = in;
        run(loud, in, out, 0, 3, {3});
        CHECK(out[0][0] == -std::numeric_limits<float>::max());
        CHECK(out[0][1] == 4);
        CHECK(out[0][2] == std::numeric_limits<float>::max());
        CHECK(loud.contained() == 0);
    });
}

TEST("cascade: reset forgets what was heard and starts with its targets") {
    dsp::Cascade node(setup(2, bells(8, 2)));
    const Planar in = noise(2, 600);
    Planar first = in, again = in;
    run(node, in, first, 0, 600, {100});
    node.set(0, bells(8, 3));
    node.reset();
    node.set(0, bells(8, 2));
    run(node, in, again, 0, 600, {100});
    CHECK(first == again);
}

TEST("cascade: a number of targets that is no number of sections is refused") {
    for (const std::size_t count : {0, 4, 6, 325}) {
        bool refused = false;
        try {
            control::make_node("equalizer", setup(1, std::vector<double>(count, 0.0)));
        } catch (const std::invalid_argument&) {
            refused = true;
        }
        CHECK(refused);
    }
}
