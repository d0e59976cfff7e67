// SPDX-License-Identifier: MIT
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "dsp/kernel.h"
#include "platform/clock.h"
#include "test.h"

using namespace tenuto;

namespace {

// y = gain * x + what the last call left behind; parameter 0: gain.
void gain(const float* const* in, float* const* out, std::uint32_t frames, std::uint32_t channels,
          float* state, const float* params) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t c = 0; c < channels; ++c)
        for (std::uint32_t n = 0; n < frames; ++n) {
            out[c][n] = params[0] * in[c][n] + state[c];
            if (in[c][n] > 100) state[c] = 1;
        }
}

// Half of the input; keeps the thread for as many milliseconds as the parameter says.
void spin(const float* const* in, float* const* out, std::uint32_t frames, std::uint32_t, float*,
          const float* params) noexcept TENUTO_NONBLOCKING {
    const auto end = platform::monotonic_ns() + static_cast<std::int64_t>(params[0] * 1e6F);
    while (platform::monotonic_ns() < end) {
    }
    for (std::uint32_t n = 0; n < frames; ++n) out[0][n] = 0.5F * in[0][n];
}

void give_up(const float* const*, float* const* out, std::uint32_t frames, std::uint32_t, float*,
             const float*) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t n = 0; n < frames; ++n)
        out[0][n] = std::bit_cast<float>(platform::kernel_failed + 42);
}

template <typename Function>
dsp::NodeSetup setup(Function function, std::uint32_t channels, double target) {
    const auto address = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(function));
    return {48000,
            channels,
            64,
            {target},
            {static_cast<double>(address & 0xffffffff), static_cast<double>(address >> 32), 1, 0},
            {},
            0};
}

std::vector<float> run(dsp::Kernel& node, const std::vector<float>& x, std::uint32_t block,
                       std::uint64_t first = 0) {
    std::vector<float> y(x.size());
    for (std::size_t at = 0; at < x.size();) {
        const auto frames = static_cast<std::uint32_t>(std::min<std::size_t>(block, x.size() - at));
        const float* in[] = {x.data() + at};
        float* out[] = {y.data() + at};
        node.run({in, out, frames, first + at});
        at += frames;
    }
    return y;
}

}  // namespace

TEST("kernel: a moving parameter gives the same samples in blocks of any size") {
    std::vector<std::vector<float>> results;
    for (const std::uint32_t block : {1U, 7U, 64U, 50U, 1000U}) {  // 1000 is more than max_block
        dsp::Kernel node(setup(gain, 1, 0));
        // From frame 5 on: 480 frames of way, held for 16 at a time.
        run(node, std::vector<float>(5, 1.0F), 5);
        const double one = 1;
        node.set(0, {&one, 1});
        results.push_back(run(node, std::vector<float>(1000, 1.0F), block, 5));
    }
    for (const auto& result : results) CHECK(result == results[0]);
    // The first multiple of 16 after frame 5 is 16: 11 frames on the way, of 480.
    CHECK(results[0][10] == 0);
    CHECK_NEAR(results[0][11], 11.0 / 480, 1e-7);
    CHECK(results[0][11] == results[0][26]);
    CHECK_NEAR(results[0][27], 27.0 / 480, 1e-7);
    CHECK_NEAR(results[0][490], 475.0 / 480, 1e-7);
    CHECK(results[0][491] == 1);
}

TEST("kernel: what is not finite becomes silence, and the state is forgotten") {
    dsp::Kernel node(setup(gain, 1, 1));
    std::vector<float> x(64, 0.25F);
    x[3] = 200;  // from the next sample on the state adds 1
    CHECK(run(node, x, 64)[4] == 1.25F);
    x[3] = std::numeric_limits<float>::quiet_NaN();
    const auto y = run(node, x, 64);
    CHECK(y[2] == 1.25F);
    CHECK(y[3] == 0);
    CHECK(y[4] == 1.25F);
    CHECK(node.contained() == 1);
    x[3] = 0.25F;
    CHECK(run(node, x, 64)[0] == 0.25F);
}

TEST("kernel: one that takes too long is bypassed without a step, and can run again") {
    dsp::Kernel node(setup(spin, 1, 0));
    node.watch(0.8);
    const std::vector<float> block(64, 1.0F);  // 1.33 ms
    CHECK(run(node, block, 64)[0] == 0.5F);
    const double slow = 3;
    node.set(0, {&slow, 1});
    for (int i = 0; i < 60 && !node.is_bypassed(); ++i) run(node, block, 64);
    CHECK(node.is_bypassed());
    CHECK(node.bypasses() == 1);
    CHECK(node.late() > 0);
    CHECK(node.worst_ns() > 1'000'000);
    // From 0.5 to 1 within 5 ms: 240 frames.
    const auto fade = run(node, std::vector<float>(256, 1.0F), 64);
    CHECK_NEAR(fade[0], 0.5 + 0.5 / 240, 1e-6);
    CHECK_NEAR(fade[119], 0.75, 1e-6);
    CHECK(fade[239] == 1);
    const double quick = 0;
    node.watch(0);  // what a busy machine does to this test is not its subject
    node.set(0, {&quick, 1});
    run(node, std::vector<float>(1000, 1.0F), 64);
    node.rearm();
    const auto back = run(node, std::vector<float>(256, 1.0F), 64);
    CHECK(!node.is_bypassed());
    CHECK_NEAR(back[0], 1 - 0.5 / 240, 1e-6);
    CHECK(back[239] == 0.5F);
}

TEST("kernel: one that gives up is silent, counted, and bypassed after eight blocks") {
    dsp::Kernel node(setup(give_up, 1, 0));
    const std::vector<float> block(64, 1.0F);
    CHECK(run(node, block, 64)[7] == 0);
    CHECK(node.failed() == 1);
    CHECK(node.failure() == 42);
    CHECK(!node.is_bypassed());
    node.watch(1e9);
    for (int i = 0; i < 8; ++i) {
        CHECK(!node.is_bypassed());
        run(node, block, 64);
    }
    CHECK(node.is_bypassed());
}

TEST("kernel: state is per instance and aligned, and a reset empties it at the next block") {
    dsp::Kernel node(setup(gain, 1, 1)), other(setup(gain, 1, 1));
    run(node, std::vector<float>(2, 200.0F), 1);
    CHECK(run(node, {0.0F}, 1)[0] == 1);
    CHECK(run(other, {0.0F}, 1)[0] == 0);
    node.ask_reset();
    CHECK(run(node, {0.0F}, 1)[0] == 0);
}
