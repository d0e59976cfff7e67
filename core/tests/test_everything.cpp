// SPDX-License-Identifier: MIT
// Everything that may happen to the audio thread, at once: every kind of node, recordings, sound
// from Python, plans that are swapped and parameters that are set by several threads, scheduled
// changes, losses, a device that goes away. What each does right is tested elsewhere: here the
// sanitizers, valgrind and the guard of this program look on.
// file length: what is driven and who drives it belong together.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "control/graph_builder.h"
#include "control/node_factory.h"
#include "control/virtual_device.h"
#include "disk/deck.h"
#include "disk/reader.h"
#include "disk/writer.h"
#include "dsp/player.h"
#include "guard.h"
#include "rt/callback.h"
#include "rt/feed_node.h"
#include "rt/python_node.h"
#include "rt/tape_node.h"
#include "test.h"

using namespace tenuto;
using Kind = rt::Graph::Kind;

namespace {

constexpr double samplerate = 48000;
constexpr std::uint32_t max_block = 64, channels = 2;

struct Setup {
    const char* kind;
    std::vector<double> targets, moved, options;
    std::uint32_t data_channels, data_frames;
};

const std::vector<Setup> setups = {
#include "node_setups.inc"
};

// What a compiled function from outside does, in the shape that kernels have.
void halve(const float* const* in, float* const* out, std::uint32_t frames, std::uint32_t width,
           float* state, const float* params) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t c = 0; c < width; ++c)
        for (std::uint32_t n = 0; n < frames; ++n) out[c][n] = 0.5F * params[0] * in[c][n];
    state[0] += 1;
}

// Kinds whose options are of this process only.
std::vector<Setup> by_hand() {
    const auto address = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&halve));
    return {{"kernel",
             {1.0},
             {0.5},
             {static_cast<double>(address & 0xffffffff), static_cast<double>(address >> 32), 1, 0},
             0,
             0},
            // In a loop: 100 frames, at least a block.
            {"delay", {100, 0.1, 1}, {200, 0.2, 0.5}, {1000, 1}, 0, 0}};
}

dsp::NodeSetup filled(const Setup& row) {
    dsp::NodeSetup setup{samplerate, channels, max_block, row.targets, row.options, {}, 0};
    setup.data_channels = row.data_channels;
    setup.data.resize(std::size_t{row.data_channels} * row.data_frames);
    // Finite, small, and nothing like a constant.
    for (std::size_t i = 0; i < setup.data.size(); ++i)
        setup.data[i] = 0.01F * std::sin(static_cast<float>(i));
    return setup;
}

// Everything that is in the graph, whichever part of it a plan has.
struct Everything {
    struct Part {
        std::shared_ptr<dsp::Node> node;
        std::vector<double> targets, moved;
        std::shared_ptr<dsp::Connection> in, key, out;
    };

    Everything() : engine({channels, channels, {samplerate, max_block, 1}}) {
        for (const Setup& row : setups)
            add(control::make_node(row.kind, filled(row)), row.targets, row.moved);
        for (const Setup& row : by_hand())
            add(control::make_node(row.kind, filled(row)), row.targets, row.moved);
        for (int n = 0; n < 2; ++n) {
            auto tape = std::make_shared<rt::Tape>(48000, std::vector<std::uint32_t>{0, 1}, 0);
            tapes.push_back(tape);
            tracks.push_back(std::make_shared<disk::Track>(
                tape, std::make_unique<disk::MemorySink>(channels), disk::Track::Settings{}));
            add(std::make_shared<rt::TapeNode>(tape, channels, max_block, samplerate), {}, {});
            tape->set_mode(rt::Tape::Mode::recording);
            disk::Writer::of_this_process().serve(tracks.back());
        }
        feed = std::make_shared<rt::FeedNode>(channels, 4096, max_block, samplerate);
        add(feed, {}, {});
        deck = std::make_shared<disk::Deck>(8192, 2048, channels);
        item = deck->add(std::make_shared<disk::MemorySource>(
            std::vector<float>(std::size_t{channels} * 30'000, 0.01F), channels));
        deck->set_rules({{item}, true, false, 0, 0, 0}, false);
        deck->seek(item, 0);
        disk::Reader::of_this_process().serve(deck);
        const dsp::NodeSetup player{samplerate, channels, max_block, {1.0, 1.0}, {}, {}, 0};
        add(std::make_shared<dsp::Player>(player, deck->shared_feed(), deck), {1.0, 1.0},
            {0.5, 0.0});
        exchange = std::make_shared<shared::Exchange>(
            shared::Exchange::make({channels, channels, 128, 8, 1024, samplerate}, false));
        add(std::make_shared<rt::PythonNode>(exchange, max_block, true), {}, {});
        for (auto& link : direct) link = std::make_shared<dsp::Connection>(1.0, false, samplerate);
    }

    void add(std::shared_ptr<dsp::Node> node, std::vector<double> targets,
             std::vector<double> moved) {
        const auto way = [] { return std::make_shared<dsp::Connection>(0.1, true, samplerate); };
        parts.push_back(
            {std::move(node), std::move(targets), std::move(moved), way(), way(), way()});
    }

    // A plan of the parts that `wanted` has; nodes that close loops hear themselves.
    std::unique_ptr<rt::Plan> plan(const std::vector<bool>& wanted) {
        control::GraphPlan graph{max_block, channels, channels, {}, {}};
        const auto connect = [&](const std::shared_ptr<dsp::Connection>& way, int from,
                                 std::uint32_t width, int to, std::uint32_t count) {
            std::vector<int> map;
            for (std::uint32_t c = 0; c < count; ++c) map.push_back(static_cast<int>(c % width));
            graph.links.push_back({way, from, to, 0, map});
        };
        const int engine_end = control::GraphLink::engine;
        connect(direct[0], engine_end, channels, engine_end, channels);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (!wanted[i]) continue;
            const auto& part = parts[i];
            const auto& shape = part.node->shape();
            const int first = static_cast<int>(graph.parts.size());
            int absorbs = first;
            if (part.node->closes_loops()) {
                graph.parts.push_back({part.node, Kind::emit});
                graph.parts.push_back({part.node, Kind::absorb});
                absorbs = first + 1;
                connect(direct[1], first, shape.out_channels, absorbs, shape.in_channels);
            } else {
                graph.parts.push_back({part.node, Kind::run});
            }
            if (shape.in_channels > 0)
                connect(part.in, engine_end, channels, absorbs, shape.in_channels);
            for (std::uint32_t side = 0; side < shape.side_channels; ++side)
                graph.links.push_back({part.key,
                                       engine_end,
                                       absorbs,
                                       shape.in_channels + side,
                                       {static_cast<int>(side % channels)}});
            if (shape.out_channels > 0)
                connect(part.out, first, shape.out_channels, engine_end, channels);
        }
        auto made = std::make_unique<rt::Plan>();
        made->graph = control::build_graph(graph);
        return made;
    }

    void finish() {
        for (const auto& tape : tapes) tape->close({});
        disk::Writer::of_this_process().wake();
        for (const auto& track : tracks) CHECK(track->wait_until_over(60));
    }

    rt::Engine engine;
    std::vector<Part> parts;
    std::vector<std::shared_ptr<rt::Tape>> tapes;
    std::vector<std::shared_ptr<disk::Track>> tracks;
    std::shared_ptr<rt::FeedNode> feed;
    std::shared_ptr<disk::Deck> deck;
    std::shared_ptr<shared::Exchange> exchange;
    std::uint32_t item = 0;
    std::shared_ptr<dsp::Connection> direct[2];
    std::mutex swapping, setting, scheduling;
};

// Control threads that do all that control may do, until they are told to stop.
class Controls {
  public:
    explicit Controls(Everything& all) : all_(all) {
        start(&Controls::swap_plans, 1);
        start(&Controls::swap_plans, 2);
        start(&Controls::set_parameters, 3);
        start(&Controls::set_parameters, 4);
        start(&Controls::schedule_changes, 5);
        start(&Controls::look, 6);
        start(&Controls::answer, 7);
    }
    void stop() {
        stopping_.set(true);
        for (auto& thread : threads_) thread.join();
        threads_.clear();
    }
    ~Controls() { stop(); }
    std::uint64_t swaps() const { return swaps_[0].get() + swaps_[1].get(); }

  private:
    using Random = std::mt19937;
    void start(void (Controls::*act)(Random&), unsigned seed) {
        threads_.emplace_back([this, act, seed] {
            Random random(seed);
            while (!stopping_.get()) {
                (this->*act)(random);
                std::this_thread::yield();
            }
        });
    }
    Everything::Part& any_part(Random& random) { return all_.parts[random() % all_.parts.size()]; }

    void swap_plans(Random& random) {
        std::vector<bool> wanted(all_.parts.size());
        for (auto part : wanted) part = random() % 4 != 0;
        auto plan = all_.plan(wanted);
        const std::lock_guard<std::mutex> guard(all_.swapping);
        all_.engine.offer(std::move(plan));
        swaps_[0].add(1);
    }
    void set_parameters(Random& random) {
        auto& part = any_part(random);
        const std::lock_guard<std::mutex> guard(all_.setting);
        const auto& targets = random() % 2 == 0 ? part.targets : part.moved;
        CHECK(part.node->set(0, targets));
        part.in->set(0, std::vector<double>{random() % 2 == 0 ? 0.1 : 0.0});
        part.out->set(0, std::vector<double>{0.05, random() % 4 == 0 ? 0.0 : 1.0});
    }
    void schedule_changes(Random& random) {
        auto& part = any_part(random);
        const auto& targets = random() % 2 == 0 ? part.targets : part.moved;
        const std::lock_guard<std::mutex> guard(all_.scheduling);
        const std::uint64_t now = all_.engine.counts().graph_frames.get();
        all_.engine.schedule(now + random() % 1000, part.node->id(), 0, targets);
        all_.engine.schedule(now + random() % 1000, part.in->id(), 0, std::vector<double>{0.1});
        const std::vector<float> sound(std::size_t{channels} * (1 + random() % 100), 0.01F);
        all_.feed->write(sound);
    }
    void look(Random& random) {
        if (random() % 50 == 0)
            all_.deck->seek(all_.item, static_cast<std::int64_t>(random() % 30'000));
        const auto& counts = all_.engine.counts();
        seen_ += counts.callbacks.get() + counts.late.get() + counts.losses.get();
        seen_ += all_.deck->readiness().frames + (all_.deck->is_seeking() ? 1 : 0);
        seen_ += all_.tapes[0]->frames() + all_.feed->missing() + all_.tracks[1]->state().frames;
        for (const auto& part : all_.parts) seen_ += part.node->contained();
    }

    // What a worker in Python does; slow at times.
    void answer(Random& random) {
        all_.exchange->begin();
        std::uint64_t chunk = 0;
        const float* from = there_.front(chunk);
        float* to = from != nullptr ? back_.free_slot() : nullptr;
        if (to == nullptr || random() % 4 == 0) return;
        std::copy_n(from, std::size_t{channels} * 128, to);
        there_.release();
        back_.publish(chunk);
    }

    Everything& all_;
    shared::Lane there_ = all_.exchange->there(), back_ = all_.exchange->back();
    shared::Setting<bool> stopping_{false};
    shared::Counter swaps_[2];
    std::uint64_t seen_ = 0;
    std::vector<std::thread> threads_;
};

std::vector<control::Fault> faults(std::uint64_t frames) {
    std::vector<control::Fault> all;
    std::mt19937 random(11);
    for (std::uint64_t at = 500; at + 3000 < frames; at += 1500 + random() % 2500) {
        const auto kind = static_cast<control::Fault::Kind>(random() % 3);
        all.push_back({kind, at, kind == control::Fault::unplug ? 1000 : 1 + random() % 300});
    }
    return all;
}

}  // namespace

TEST("everything: there is a setup for every kind of node") {
    std::set<std::string> known;
    for (const Setup& row : setups) known.insert(row.kind);
    for (const Setup& row : by_hand()) known.insert(row.kind);
    for (const std::string& kind : control::node_kinds())
        if (known.count(kind) == 0)
            test::fail(__FILE__, __LINE__,
                       "the kind of node \"" + kind +
                           "\" is in no row of node_setups.inc, so nothing drives it here: run "
                           "python tools/node_setups.py");
}

TEST("everything: all nodes, plans, changes, recordings and losses at once") {
    for (const bool tells_position : {true, false}) {
        constexpr std::uint64_t frames = 100'000;
        Everything all;
        all.engine.offer(all.plan(std::vector<bool>(all.parts.size(), true)));
        control::VirtualSettings settings;
        settings.input = control::VirtualSettings::index;
        settings.blocksize = 96;  // more than a graph takes at once: cut in two
        settings.tells_position = tells_position;
        settings.jitter_seconds = 0.0002;
        settings.faults = faults(frames);
        control::VirtualDevice device(all.engine, settings);
        Controls controls(all);
        std::uint64_t lost = 0;
        // Further than asked for while there were few swaps: a machine may have one core only.
        while (device.position() < frames ||
               (controls.swaps() < 50 && device.position() < 10 * frames)) {
            device.step(1000, all.tapes[0].get());
            if (!device.is_lost()) continue;
            ++lost;
            while (!device.attach()) device.step(100, nullptr);
            const std::lock_guard<std::mutex> guard(all.swapping);
            all.engine.device_returns();
        }
        controls.stop();
        all.finish();
        CHECK(lost > 3);
        CHECK(controls.swaps() >= 50);
        CHECK(all.engine.counts().losses.get() > 3);
        CHECK(all.engine.counts().not_finite.get() == 0);
        for (const auto& track : all.tracks) CHECK(track->state().phase == disk::TrackState::done);
    }
}

TEST("everything: the library's callback, without a device of ours") {
    Everything all;
    all.engine.offer(all.plan(std::vector<bool>(all.parts.size(), true)));
    std::vector<float> in(std::size_t{channels} * 4096, 0.25F), out(in.size());
    Controls controls(all);
    std::uint64_t blocks = 0;
    bool is_finite = true;
    for (std::uint32_t frames : {1U, 7U, 64U, 128U, 1000U, 4096U}) {
        for (int n = 0; n < 40; ++n, ++blocks) {
            // Something that is no number must not live on.
            in[0] = n % 8 == 0 ? NAN : 0.25F;
            {
                const test::InsideCallback inside;
                rt::portaudio_callback(in.data(), out.data(), frames, nullptr, n % 16 == 3 ? 2 : 0,
                                       &all.engine);
            }
            for (const float sample : out) is_finite &= std::isfinite(sample);
        }
    }
    controls.stop();
    all.finish();
    CHECK(is_finite);
    CHECK(all.engine.counts().callbacks.get() == blocks);
    CHECK(all.engine.counts().not_finite.get() > 0);
    CHECK(all.engine.counts().flagged.get() > 0);
}

TEST("everything: what is recorded is heard on a device of its own") {
    rt::Engine engine({channels, channels, {samplerate, max_block, 1}, true});
    auto tape = std::make_shared<rt::Tape>(48000, std::vector<std::uint32_t>{1, 0}, 0);
    auto meters = std::make_shared<rt::Meters>(channels, samplerate);
    auto track = std::make_shared<disk::Track>(tape, std::make_unique<disk::MemorySink>(channels),
                                               disk::Track::Settings{});
    tape->set_mode(rt::Tape::Mode::recording);
    disk::Writer::of_this_process().serve(track);
    shared::Setting<bool> stopping{false};
    std::thread output([&] {
        std::vector<float> heard(std::size_t{channels} * max_block);
        while (!stopping.get()) {
            const test::InsideCallback inside;
            engine.play(heard.data(), max_block);
        }
    });
    std::thread control([&] {
        for (unsigned n = 0; !stopping.get(); ++n) {
            auto plan = std::make_unique<rt::Plan>();
            plan->tape = tape;
            plan->meters = meters;
            plan->monitor_gain = static_cast<float>(n % 3) / 2;
            engine.offer(std::move(plan));
            static_cast<void>(meters->look());
            tape->set_mode(n % 5 == 0 ? rt::Tape::Mode::paused : rt::Tape::Mode::recording);
            std::this_thread::yield();
        }
    });
    control::VirtualSettings settings;
    settings.input = control::VirtualSettings::index;
    settings.blocksize = max_block;
    settings.faults = {{control::Fault::xrun, 2000, 100}, {control::Fault::xrun, 20'000, 1000}};
    control::VirtualDevice device(engine, settings);
    device.step(50'000, tape.get());
    stopping.set(true);
    output.join();
    control.join();
    tape->close({});
    disk::Writer::of_this_process().wake();
    CHECK(track->wait_until_over(60));
    CHECK(engine.counts().losses.get() == 2);
}

TEST("graph: a connection into two inputs at once is refused") {
    auto key = control::make_node(
        "gate", filled(*std::find_if(setups.begin(), setups.end(), [](const Setup& row) {
            return row.kind == std::string("gate");
        })));
    control::GraphPlan graph{max_block, channels, channels, {{key, Kind::run}}, {}};
    const auto way = std::make_shared<dsp::Connection>(1.0, false, samplerate);
    bool is_refused = false;
    for (const std::uint32_t first : {0U, 1U}) {
        graph.links = {{way, control::GraphLink::engine, 0, first, {0, 0, 1}}};
        if (first == 1) graph.links[0].channels = {0, 1};
        is_refused = false;
        try {
            static_cast<void>(control::build_graph(graph));
        } catch (const std::invalid_argument&) {
            is_refused = true;
        }
        CHECK(is_refused);
    }
}
