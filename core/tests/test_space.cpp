// SPDX-License-Identifier: MIT
// The Fourier transform against its definition; delays that close loops; lines and partitions at
// their edges. What the nodes sound like is tested from Python, against SciPy.
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "dsp/convolver.h"
#include "dsp/delay.h"
#include "dsp/delay_line.h"
#include "dsp/fft.h"
#include "dsp/reverb.h"
#include "test.h"

using namespace tenuto;

namespace {

using Row = std::vector<float>;

Row noise(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> between(-1, 1);
    Row out(count);
    for (float& value : out) value = between(random);
    return out;
}

struct Transform {
    dsp::RealFft fft;
    Row rows;
    explicit Transform(std::uint32_t points) : fft(points), rows(std::size_t{6} * fft.row()) {}
    dsp::Split buffer(std::size_t k) {
        return {&rows[2 * k * fft.row()], &rows[(2 * k + 1) * fft.row()]};
    }
    dsp::Split forward(const Row& x) {
        for (std::uint32_t step = 0; step < fft.steps(); ++step)
            fft.forward(step, x.data(), x.data() + fft.bins(), buffer(0), buffer(1), buffer(2));
        return buffer(2);
    }
};

// Runs one channel through a node, in blocks of these sizes.
Row run(dsp::Node& node, const Row& in, const std::vector<std::uint32_t>& blocks) {
    Row out(in.size());
    std::size_t at = 0, turn = 0;
    while (at < in.size()) {
        const auto some = static_cast<std::uint32_t>(
            std::min<std::size_t>(blocks[turn++ % blocks.size()], in.size() - at));
        const float* const from = &in[at];
        float* const to = &out[at];
        node.run({&from, &to, some, at});
        at += some;
    }
    return out;
}

dsp::NodeSetup delay_setup(double frames, double feedback, bool in_loop) {
    dsp::NodeSetup setup;
    setup.max_block = 32;
    setup.targets = {frames, feedback, 1};
    setup.options = {200, in_loop ? 1.0 : 0.0};
    return setup;
}

}  // namespace

TEST("fft: a spectrum is what the definition says, in double precision") {
    for (const std::uint32_t points : {8U, 16U, 32U, 128U, 1024U, 8192U, 65536U}) {
        const Row x = noise(points, points);
        Transform transform(points);
        const dsp::Split spectrum = transform.forward(x);
        const std::uint32_t half = points / 2;
        double worst = 0, largest = 0;
        for (std::uint32_t k = 0; k <= half; k += 1 + half / 64) {
            double re = 0, im = 0;
            for (std::uint32_t n = 0; n < points; ++n) {
                const double angle = -2 * std::numbers::pi *
                                     static_cast<double>(std::uint64_t{k} * n % points) / points;
                re += x[n] * std::cos(angle);
                im += x[n] * std::sin(angle);
            }
            const double found_re = k == half ? spectrum.im[0] : spectrum.re[k];
            const double found_im = k == half || k == 0 ? 0 : spectrum.im[k];
            largest = std::max(largest, std::hypot(re, im));
            worst = std::max(worst, std::hypot(re - found_re, im - found_im));
        }
        // float32 rounds at -144 dB; a transform adds about half a bit with each doubling.
        CHECK(worst < largest * 1.8e-7);
    }
}

TEST("fft: there and back gives the second half again") {
    for (const std::uint32_t points : {8U, 16U, 128U, 1024U, 65536U}) {
        const Row x = noise(points, 3);
        Transform transform(points);
        const dsp::Split spectrum = transform.forward(x);
        Row back(points / 2);
        for (std::uint32_t step = 0; step < transform.fft.steps(); ++step)
            transform.fft.inverse(step, spectrum, transform.buffer(0), transform.buffer(1),
                                  back.data());
        for (std::uint32_t n = 0; n < points / 2; ++n) CHECK_NEAR(back[n], x[points / 2 + n], 1e-6);
    }
}

TEST("delay line: any age comes back, and what was forgotten is silence") {
    dsp::DelayLine line(2, 10, 4);
    std::vector<float> out(4);
    float next = 1;
    for (int round = 0; round < 20; ++round) {
        const Row in{next, next + 1, next + 2};
        line.write(1, in.data(), 3);
        line.read(1, 10, out.data(), 3);
        for (std::size_t n = 0; n < 3; ++n) CHECK(out[n] == std::max(0.0F, in[n] - 10));
        line.read(1, 1, out.data(), 3);
        CHECK(out[0] == next - 1 && out[2] == next + 1);
        line.advance(3);
        next += 3;
    }
    line.forget();
    line.read(1, 3, out.data(), 3);
    CHECK(out[0] == 0 && out[2] == 0);
    line.write(1, out.data(), 3);
    line.advance(3);
    const Row one{1};
    line.write(1, one.data(), 1);
    line.advance(1);
    line.read(1, 5, out.data(), 4);
    CHECK(out[0] == 0 && out[1] == 0 && out[3] == 0);
    line.read(1, 1, out.data(), 1);
    CHECK(out[0] == 1);
}

TEST("delay: emit and absorb give what run gives, also while delay and feedback change") {
    dsp::Delay plain(delay_setup(40, 0.5, false)), loop(delay_setup(40, 0.5, true));
    CHECK(!plain.closes_loops() && loop.closes_loops());
    const Row in = noise(9000, 5);
    const std::vector<std::uint32_t> blocks{32, 1, 7, 31, 19};
    std::size_t at = 0, turn = 0;
    while (at < in.size()) {
        const double delays[] = {40, 32, 200, 77};
        if (turn % 40 == 20) {
            const double next[] = {delays[turn / 40 % 4], turn % 80 == 20 ? -0.7 : 0.5};
            plain.set(0, next);
            loop.set(0, next);
        }
        const auto some = static_cast<std::uint32_t>(
            std::min<std::size_t>(blocks[turn++ % blocks.size()], in.size() - at));
        float expected[32], found[32];
        const float* const from = &in[at];
        float* to = expected;
        plain.run({&from, &to, some, at});
        to = found;
        loop.emit({nullptr, &to, some, at});
        loop.absorb({&from, nullptr, some, at});
        for (std::uint32_t n = 0; n < some; ++n) CHECK(found[n] == expected[n]);
        at += some;
    }
}

TEST("delay: in a loop it is never shorter than a block") {
    dsp::Delay loop(delay_setup(3, 0, true));
    const Row in = noise(32, 1), silence(32);
    Row out(32);
    for (const Row* block : {&in, &silence}) {
        const float* const from = block->data();
        float* const to = out.data();
        loop.emit({nullptr, &to, 32, 0});
        loop.absorb({&from, nullptr, 32, 0});
    }
    CHECK(out == in);  // 32 frames later
}

TEST("delay: a loop that grows beyond all numbers is emptied, and counted") {
    dsp::Delay loop(delay_setup(32, 0, true));
    Row out(32, 1e30F), in(32);
    for (int round = 0; round < 4; ++round) {
        for (std::size_t n = 0; n < 32; ++n) in[n] = 1e30F + 1e9F * out[n];
        const float* const from = in.data();
        float* const to = out.data();
        loop.emit({nullptr, &to, 32, 0});
        loop.absorb({&from, nullptr, 32, 0});
    }
    CHECK(loop.contained() > 0);
    for (const float value : out) CHECK(std::isfinite(value));
}

TEST("convolver: three stretches, blocks of any size, the definition of convolution") {
    dsp::NodeSetup setup;
    setup.targets = {0, 1};
    setup.data = noise(17000, 8);
    setup.data_channels = 1;
    const Row in = noise(19000, 9);
    dsp::Convolver whole(setup), cut(setup);
    const Row out = run(whole, in, {512});
    CHECK(out == run(cut, in, {1, 63, 64, 65, 500}));
    for (std::size_t n = 0; n < out.size(); n += 397) {
        double sum = 0;
        for (std::size_t k = 0; k < setup.data.size() && k <= n; ++k)
            sum += double{setup.data[k]} * double{in[n - k]};
        CHECK_NEAR(out[n], sum, 1e-4);  // sums reach 100: -120 dB of that
    }
}

TEST("reverb: blocks of any size give the same room, and forgetting empties it") {
    dsp::NodeSetup setup;
    setup.targets.assign(dsp::Reverb::target_total, 0);
    setup.targets[dsp::Reverb::wet_at] = setup.targets[dsp::Reverb::motion_at] = 1;
    for (std::uint32_t l = 0; l < dsp::Reverb::lines; ++l) {
        setup.targets[dsp::Reverb::short_at + l] = 3 * l;
        setup.targets[dsp::Reverb::long_at + l] = 20 + 13 * l;
        setup.targets[dsp::Reverb::feed_at + l] = 0.8;
        setup.targets[dsp::Reverb::keep_at + l] = 0.1;
    }
    setup.options = {10, 60, 300};
    dsp::Reverb whole(setup), cut(setup);
    const Row in = noise(3000, 4), silence(200);
    CHECK(run(whole, in, {512}) == run(cut, in, {1, 63, 65, 19, 200}));
    whole.reset();
    CHECK(run(whole, silence, {64}) == silence);
}
