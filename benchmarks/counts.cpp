// SPDX-License-Identifier: MIT
// The core's hot loops one by one, for whoever counts or profiles them: `counts LOOP TIMES` runs
// one that often over 512 frames (TIMES = 0: only what it takes to get there), `counts` lists them.
//
//   TENUTO_SIMD=scalar valgrind --tool=callgrind counts limiter 100
//   perf record counts limiter 100000
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "control/graph_builder.h"
#include "control/node_factory.h"
#include "platform/denormals.h"
#include "rt/engine.h"
#include "rt/tape.h"
#include "shared/ring.h"

using namespace tenuto;

namespace {

constexpr std::uint32_t frames = 512;
constexpr double samplerate = 48000;

using Loop = std::function<void()>;

float noise() {
    static std::uint32_t seed = 12345;
    seed = seed * 1664525 + 1013904223;  // Numerical Recipes' quick generator
    return static_cast<float>(seed >> 8) / (1 << 24) - 0.5F;
}

// A node by itself; the same block again and again.
Loop node(const char* kind, std::uint32_t channels, std::vector<double> targets,
          std::vector<double> options = {}, std::vector<float> data = {}) {
    struct State {
        std::shared_ptr<dsp::Node> node;
        std::vector<std::vector<float>> in, out;
        std::vector<const float*> ins;
        std::vector<float*> outs;
    };
    auto state = std::make_shared<State>();
    state->node = control::make_node(kind, {samplerate, channels, frames, std::move(targets),
                                            std::move(options), std::move(data), 1});
    const auto& shape = state->node->shape();
    for (std::uint32_t c = 0; c < shape.in_channels; ++c) {
        state->in.emplace_back(frames);
        for (float& sample : state->in.back()) sample = noise();
    }
    for (auto& channel : state->in) state->ins.push_back(channel.data());
    state->ins.resize(shape.in_channels + shape.side_channels, nullptr);
    for (std::uint32_t c = 0; c < shape.out_channels; ++c) state->out.emplace_back(frames);
    for (auto& channel : state->out) state->outs.push_back(channel.data());
    return [state] { state->node->run({state->ins.data(), state->outs.data(), frames, 0}); };
}

std::vector<double> bells(int count) {
    std::vector<double> targets;
    for (int i = 0; i < count; ++i) {
        const double w = 2 * std::numbers::pi * 60 * std::exp2(i) / samplerate;
        const double gain = i % 2 == 0 ? 1.3 : 0.8, alpha = std::sin(w) / 2.8;
        const double a0 = 1 + alpha / gain;
        for (const double number : {1 + alpha * gain, -2 * std::cos(w), 1 - alpha * gain,
                                    -2 * std::cos(w), 1 - alpha / gain})
            targets.push_back(number / a0);
    }
    return targets;
}

// Sincs under a Hann window, in place of the limiter's own detector: its loops are the same.
std::vector<float> detector() {
    std::vector<float> rows;
    for (const double instant : {0.25, 0.5})
        for (int k = 0; k < 20; ++k) {
            const double t = std::numbers::pi * (k - 9 - instant);
            const double window = 0.5 + 0.5 * std::cos(t / 10.5);
            rows.push_back(static_cast<float>(std::sin(t) / t * window));
        }
    return rows;
}

// Interleaved in, through `gains` nodes in a row, interleaved out: a whole callback.
Loop engine(std::uint32_t channels, int gains, double connection_gain) {
    struct State {
        explicit State(std::uint32_t width)
            : engine({width, width, {samplerate, frames, 1}}),
              in(std::size_t{frames} * width),
              out(in.size()) {}
        rt::Engine engine;
        std::vector<float> in, out;
        std::int64_t at = 0;
    };
    auto state = std::make_shared<State>(channels);
    for (float& sample : state->in) sample = noise();
    control::GraphPlan graph{frames, channels, channels, {}, {}};
    std::vector<int> straight;
    for (std::uint32_t c = 0; c < channels; ++c) straight.push_back(static_cast<int>(c));
    int last = control::GraphLink::engine;
    const auto connect = [&](int to) {
        auto way = std::make_shared<dsp::Connection>(connection_gain, false, samplerate);
        graph.links.push_back({way, last, to, 0, straight});
        last = to;
    };
    for (int i = 0; i < gains; ++i) {
        graph.parts.push_back(
            {control::make_node("gain", {samplerate, channels, frames, {0.9}, {}, {}, 0}),
             rt::Graph::Kind::run});
        connect(i);
    }
    connect(control::GraphLink::engine);
    auto plan = std::make_unique<rt::Plan>();
    plan->graph = control::build_graph(graph);
    state->engine.offer(std::move(plan));
    return [state] {
        const auto now =
            static_cast<std::int64_t>(static_cast<double>(state->at) * 1e9 / samplerate);
        state->engine.process(
            {state->in.data(), state->out.data(), frames, now + 1, state->at, now + 1, false});
        state->at += frames;
    };
}

Loop ring(std::uint32_t some) {
    auto queue = std::make_shared<shared::Ring<float>>(48000, 2);
    auto block = std::make_shared<std::vector<float>>(2 * some, 0.5F);
    return [=] {
        for (std::uint32_t n = 0; n < frames; n += some) {
            queue->write(*block);
            queue->read(*block);
        }
    };
}

Loop tape(std::uint32_t channels) {
    std::vector<std::uint32_t> picks;
    for (std::uint32_t c = 0; c < channels; ++c) picks.push_back(c);
    auto made = std::make_shared<rt::Tape>(48000, picks, 0);
    auto block = std::make_shared<std::vector<float>>(frames * channels, 0.5F);
    made->set_mode(rt::Tape::Mode::recording);
    return [=, number = std::uint64_t{0}]() mutable {
        made->begin_block(number++, 0);
        made->capture(block->data(), frames, channels);
        made->show(rt::Books::no_tag);
        made->samples().release(made->samples().fill());
    };
}

// 64 channels of 512 frames: more than a first-level cache holds.
Loop planar_meters(std::uint32_t channels) {
    struct State {
        explicit State(std::uint32_t width)
            : meters(width, samplerate), sound(std::size_t{frames} * width) {}
        rt::Meters meters;
        std::vector<float> sound;
        std::vector<const float*> planar;
    };
    auto state = std::make_shared<State>(channels);
    for (float& sample : state->sound) sample = noise();
    for (std::uint32_t c = 0; c < channels; ++c)
        state->planar.push_back(state->sound.data() + std::size_t{c} * frames);
    return [=] { state->meters.measure(state->planar.data(), frames); };
}

Loop meters(std::uint32_t channels) {
    std::vector<std::uint32_t> picks;
    for (std::uint32_t c = 0; c < channels; ++c) picks.push_back(c);
    auto made = std::make_shared<rt::Meters>(channels, samplerate);
    auto block = std::make_shared<std::vector<float>>(frames * channels);
    for (float& sample : *block) sample = noise();
    return [=] { made->measure(block->data(), frames, channels, picks); };
}

const std::map<std::string, std::function<Loop()>> loops = {
    {"biquad", [] { return node("biquad", 2, bells(1)); }},
    {"equalizer", [] { return node("equalizer", 2, bells(8)); }},
    {"compressor", [] { return node("compressor", 2, {-3.32, 0.75, 0, 0, 0.002, 0.0002}); }},
    {"gate", [] { return node("gate", 2, {0.1, 0.05, 0.001, 0.02, 0.0002, 2400}); }},
    {"limiter", [] { return node("limiter", 2, {0.4, 0.9998}, {72}, detector()); }},
    {"gain", [] { return node("gain", 2, {0.7}); }},
    {"delay", [] { return node("delay", 2, {96, 0, 0.5}, {4800, 0}); }},
    {"meter", [] { return node("meter", 2, {}, {0, 0.3}); }},
    {"meter true peak", [] { return node("meter", 2, {}, {1, 0.3}); }},
    {"meters interleaved", [] { return meters(2); }},
    {"meters planar 64", [] { return planar_meters(64); }},
    {"engine 2", [] { return engine(2, 0, 1); }},
    {"engine 64", [] { return engine(64, 0, 1); }},
    {"mix", [] { return engine(2, 8, 0.9); }},
    {"ring 1", [] { return ring(1); }},
    {"ring 64", [] { return ring(64); }},
    {"tape", [] { return tape(2); }},
};

}  // namespace

int main(int count, char** words) {
    if (count < 3) {
        for (const auto& [name, make] : loops) std::printf("%s\n", name.c_str());
        return 0;
    }
    const platform::FlushDenormals flush;
    const Loop loop = loops.at(words[1])();
    // The first rounds fill what is remembered.
    const long times = std::strtol(words[2], nullptr, 10);
    for (long i = 0; i < times; ++i) loop();
}
