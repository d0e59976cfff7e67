// SPDX-License-Identifier: MIT
#include <cmath>
#include <numbers>
#include <vector>

#include "dsp/multitone.h"
#include "dsp/noise.h"
#include "dsp/oscillator.h"
#include "dsp/sine.h"
#include "dsp/sweep.h"
#include "test.h"

using namespace tenuto::dsp;

namespace {

// Tables for a low-pass that is a rectangle over two frames to each side: a step becomes a ramp.
NodeSetup oscillator(double frequency, double shape) {
    NodeSetup setup{48000, 2, 512, {1, 1, frequency, 0, 0.25, 0.1, shape}, {3}, {}, 3};
    std::vector<float> low_pass, step, corner;
    for (int i = 0; i <= 6; ++i) {
        const double t = i / 3.0;
        low_pass.push_back(0.25F);
        step.push_back(static_cast<float>(t / 4 - 0.5));
        corner.push_back(static_cast<float>((t - 2) * (t - 2) / 8));
    }
    for (const auto* row : {&low_pass, &step, &corner})
        setup.data.insert(setup.data.end(), row->begin(), row->end());
    return setup;
}

std::vector<float> run(Node& node, std::size_t frames, std::uint32_t block,
                       const std::vector<float>* modulation = nullptr) {
    std::vector<float> left(frames), right(frames);
    for (std::size_t at = 0; at < frames; at += block) {
        const auto some = static_cast<std::uint32_t>(std::min<std::size_t>(block, frames - at));
        const float* in[] = {nullptr, modulation ? modulation->data() + at : nullptr};
        float* out[] = {left.data() + at, right.data() + at};
        node.run({in, out, some, at});
    }
    return left;
}

}  // namespace

TEST("generators: the sine of a phase is within its bound all around the cycle") {
    for (int i = 0; i < 10000; ++i) {
        const double cycles = i / 10000.0;
        const double expected = std::sin(2 * std::numbers::pi * cycles);
        CHECK_NEAR(sine_of(phase_of(cycles)), expected, 2e-9);
        CHECK_NEAR(fine_sine_of(phase_of(cycles)), expected, 1e-11);
        CHECK_NEAR(cycles_of(phase_of(cycles - 1)), cycles, 1e-15);
    }
}

TEST("generators: a saw has its step spread as the table says") {
    // 8 frames a cycle: the jump of -2 becomes a slope of -0.5 per frame over four frames, on top
    // of the rise of 0.25 per frame.
    Oscillator saw(oscillator(0.125, 2));
    const auto y = run(saw, 24, 512);
    const float expected[] = {0, -0.25F, -0.5F, -0.25F, 0, 0.25F, 0.5F, 0.25F};
    for (std::size_t n = 0; n < y.size(); ++n) CHECK_NEAR(y[n], expected[n % 8], 1e-6);
}

TEST("generators: any frequency and modulation stays within the tables, and finite") {
    std::vector<float> modulation(2000);
    for (std::size_t n = 0; n < modulation.size(); ++n)
        modulation[n] = static_cast<float>(std::sin(static_cast<double>(n * n)) * 20);
    modulation[700] = INFINITY;
    modulation[800] = NAN;
    for (const double shape : {0, 1, 2, 3})
        for (const double frequency : {0.0, 1e-9, 0.001, 1.0 / 3, 0.4999, 0.5}) {
            Oscillator steady(oscillator(frequency, shape)), moved(oscillator(frequency, shape));
            for (const float x : run(steady, 2000, 64)) CHECK(std::abs(x) < 4);
            for (const float x : run(moved, 2000, 64, &modulation)) CHECK(std::abs(x) < 40);
        }
}

TEST("generators: a stopped one gives exact zeros, and starts anew") {
    Oscillator sine(oscillator(0.01, 0));
    const auto first = run(sine, 1000, 100);
    const double off[] = {0}, on[] = {2};
    sine.set(0, off);
    run(sine, 480, 100);
    for (const float x : run(sine, 500, 100)) CHECK(x == 0);
    sine.set(0, on);
    const auto again = run(sine, 1000, 100);
    for (std::size_t n = 480; n < 1000; ++n) CHECK(again[n] == first[n]);
}

TEST("generators: noise, sweep and tones do not care how they are cut") {
    const auto same = [](auto make) {
        auto whole = make(), cut = make();
        CHECK(run(whole, 1000, 512) == run(cut, 1000, 7));
    };
    std::vector<double> filter(Noise::option_count, 0.1);
    same([&] { return Noise(NodeSetup{48000, 2, 512, {1, 1, 1, 42}, filter, {}, 0}); });
    same([] {
        return Sweep(NodeSetup{48000, 2, 512, {1, 1, 900, 0.01, 0.2, 1, 99, 50}, {}, {}, 0});
    });
    same([] {
        return MultiTone(NodeSetup{48000, 2, 512, {1, 1}, {0.01, 1, 0, 0.3, 0.5, 0.2}, {}, 0});
    });
}
