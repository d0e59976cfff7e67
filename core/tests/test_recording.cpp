// SPDX-License-Identifier: MIT
// The whole way of a block without Python: virtual device, engine, tape, writer, sink.
#include <chrono>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

#include "control/virtual_device.h"
#include "disk/writer.h"
#include "rt/callback.h"
#include "test.h"

using namespace tenuto;
using Mode = rt::Tape::Mode;

namespace {

float index_sample(std::uint64_t frame) {
    return static_cast<float>((static_cast<double>(frame % 16777216) - 8388608.0) / 8388608.0);
}

// A recorder in memory on a stepped device whose samples tell their frame.
struct Rig {
    explicit Rig(control::VirtualSettings settings, std::size_t ring = 48000,
                 std::uint64_t limit = 0, std::uint32_t channels = 2)
        : engine({channels, channels, {48000, settings.blocksize, 1}}),
          tape(std::make_shared<rt::Tape>(ring, picks(channels), limit)),
          meters(std::make_shared<rt::Meters>(channels, 48000)),
          track(std::make_shared<disk::Track>(tape, std::make_unique<disk::MemorySink>(channels),
                                              disk::Track::Settings{})),
          device(engine, std::move(settings)) {
        plan(0.5F);
    }
    static std::vector<std::uint32_t> picks(std::uint32_t channels) {
        std::vector<std::uint32_t> all(channels);
        for (std::uint32_t c = 0; c < channels; ++c) all[c] = c;
        return all;
    }
    void plan(float monitor_gain) {
        auto next = std::make_unique<rt::Plan>();
        next->tape = tape;
        next->meters = meters;
        next->monitor_gain = monitor_gain;
        engine.offer(std::move(next));
    }
    void start() {
        tape->set_mode(Mode::recording);
        disk::Writer::of_this_process().serve(track);
    }
    disk::TrackState finish() {
        tape->close({});
        disk::Writer::of_this_process().wake();
        CHECK(track->wait_until_over(20));
        return track->state();
    }
    std::vector<float> samples() {
        auto& sink = dynamic_cast<disk::MemorySink&>(track->sink());
        std::vector<float> out(sink.frames() * tape->channels());
        sink.copy(0, sink.frames(), out.data());
        return out;
    }

    rt::Engine engine;
    std::shared_ptr<rt::Tape> tape;
    std::shared_ptr<rt::Meters> meters;
    std::shared_ptr<disk::Track> track;
    control::VirtualDevice device;
};

control::VirtualSettings index_source() {
    control::VirtualSettings settings;
    settings.input = control::VirtualSettings::index;
    return settings;
}

// Every sample is its frame's, or zero where the ledger says so; returns how many are wrong.
std::size_t wrong_frames(Rig& rig) {
    const auto samples = rig.samples();
    const std::size_t channels = rig.tape->channels();
    std::vector<bool> missing(samples.size() / channels, false);
    for (const disk::Gap& gap : rig.track->gaps())
        for (std::uint64_t n = gap.frame; n < gap.frame + gap.frames; ++n) missing[n] = true;
    std::size_t wrong = 0;
    for (std::size_t n = 0; n < missing.size(); ++n)
        for (std::size_t c = 0; c < channels; ++c)
            wrong += samples[n * channels + c] != (missing[n] ? 0.0F : index_sample(n));
    return wrong;
}

}  // namespace

TEST("recording: what comes in is in the sink, frame for frame") {
    Rig rig(index_source());
    rig.start();
    CHECK(rig.device.step(100'000, rig.tape.get()) == 100'000);
    const auto state = rig.finish();
    CHECK(state.phase == disk::TrackState::done);
    CHECK(state.frames == 100'000 && state.gap_count == 0);
    CHECK(wrong_frames(rig) == 0);
}

TEST("recording: losses of the device are silence of their exact length") {
    auto settings = index_source();
    std::mt19937 random(7);
    std::uint64_t at = 1;
    for (int i = 0; i < 300; ++i) {
        const std::uint64_t frames = 1 + random() % 500;
        settings.faults.push_back({control::Fault::xrun, at, frames});
        at += frames + 1 + random() % 700;
    }
    Rig rig(settings);
    rig.start();
    rig.device.step(at + 1000, rig.tape.get());
    const auto state = rig.finish();
    CHECK(state.gap_count == 300);
    CHECK(state.frames == rig.device.position());
    CHECK(wrong_frames(rig) == 0);
    const auto gaps = rig.track->gaps();
    for (std::size_t i = 0; i < gaps.size(); ++i) {
        CHECK(gaps[i].frame == settings.faults[i].at &&
              gaps[i].frames == settings.faults[i].frames);
        CHECK(gaps[i].cause == rt::Cause::xrun);
    }
}

TEST("recording: a ring that nobody empties overflows, and the hole has its place") {
    Rig rig(index_source(), 1024);
    rig.tape->set_mode(Mode::recording);
    rig.device.step(5000, nullptr);  // no writer yet: 1024 frames fit
    disk::Writer::of_this_process().serve(rig.track);
    while (rig.tape->free_frames() < 1024) std::this_thread::yield();
    rig.device.step(1000, rig.tape.get());
    const auto state = rig.finish();
    CHECK(state.frames == 6000);
    const auto gaps = rig.track->gaps();
    CHECK(gaps.size() == 1);
    if (gaps.size() != 1) return;
    CHECK(gaps[0].frame == 1024 && gaps[0].frames == 5000 - 1024);
    CHECK(gaps[0].cause == rt::Cause::overflow);
    CHECK(wrong_frames(rig) == 0);
}

TEST("recording: an overflow at the very end is shown without a frame behind it") {
    Rig rig(index_source(), 1024, 4096);
    rig.tape->set_mode(Mode::recording);
    rig.device.step(4096 + 128,
                    nullptr);  // no writer yet: 1024 frames fit, then the limit is there
    disk::Writer::of_this_process().serve(rig.track);
    CHECK(rig.track->wait_until_over(20));
    CHECK(rig.track->state().frames == 4096);
    CHECK(wrong_frames(rig) == 0);
}

TEST("recording: a limit is kept to the frame") {
    for (const std::uint64_t limit : {1ULL, 127ULL, 128ULL, 129ULL, 5000ULL}) {
        Rig rig(index_source(), 48000, limit);
        rig.start();
        rig.device.step(10'000, rig.tape.get());
        CHECK(rig.tape->mode() == Mode::done);
        CHECK(rig.finish().frames == limit);
        CHECK(wrong_frames(rig) == 0);
    }
}

TEST("recording: what is paused is left out, and the next frame follows at once") {
    Rig rig(index_source());
    rig.start();
    rig.device.step(1280, rig.tape.get());
    rig.tape->set_mode(Mode::paused);
    rig.device.step(640, rig.tape.get());
    rig.tape->set_mode(Mode::recording);
    rig.device.step(1280, rig.tape.get());
    CHECK(rig.finish().frames == 2560);
    const auto samples = rig.samples();
    CHECK(samples[2 * 1279] == index_sample(1279));
    CHECK(samples[2 * 1280] == index_sample(1920));
}

TEST("recording: a device that goes and comes back leaves a gap of its absence") {
    auto settings = index_source();
    settings.faults.push_back({control::Fault::unplug, 3000, 7000});
    Rig rig(settings);
    rig.start();
    CHECK(rig.device.step(20'000, rig.tape.get()) == 3000);
    CHECK(rig.device.is_lost() && !rig.device.is_present());
    CHECK(!rig.device.attach());
    while (!rig.device.is_present()) rig.device.step(20'000, rig.tape.get());
    rig.engine.device_returns();
    CHECK(rig.device.attach());
    rig.device.step(5000, rig.tape.get());
    rig.finish();
    const auto gaps = rig.track->gaps();
    CHECK(gaps.size() == 1);
    if (gaps.size() != 1) return;
    CHECK(gaps[0].frame == 3000 && gaps[0].frames == 7000);
    CHECK(gaps[0].cause == rt::Cause::device_lost);
    CHECK(wrong_frames(rig) == 0);
}

TEST("recording: channels are picked in the order that was asked for") {
    control::VirtualSettings settings;
    settings.input = control::VirtualSettings::samples;
    for (int n = 0; n < 1000; ++n)
        for (int c = 0; c < 4; ++c) settings.source.push_back(static_cast<float>(c) / 8);
    rt::Engine engine({4, 0, {48000, 128, 1}});
    auto tape = std::make_shared<rt::Tape>(4096, std::vector<std::uint32_t>{3, 1}, 0);
    auto next = std::make_unique<rt::Plan>();
    next->tape = tape;
    engine.offer(std::move(next));
    control::VirtualDevice device(engine, settings);
    tape->set_mode(Mode::recording);
    device.step(256, nullptr);
    std::vector<float> out(512);
    CHECK(tape->samples().read(out) == 256);
    CHECK(out[0] == 3.0F / 8 && out[1] == 1.0F / 8 && out[511] == 1.0F / 8);
}

TEST("engine: the monitor is heard at its gain, and reaches it without a step") {
    rt::Engine engine({1, 2, {48000, 128, 1}});
    auto tape = std::make_shared<rt::Tape>(1024, std::vector<std::uint32_t>{0}, 0);
    auto next = std::make_unique<rt::Plan>();
    next->tape = tape;
    next->monitor_gain = 0.5F;
    engine.offer(std::move(next));
    const std::vector<float> in(960, 1.0F);
    std::vector<float> out(1920);
    engine.process({in.data(), out.data(), 960, 1'000'000, -1, 0, false});
    float before = 0;
    for (std::size_t n = 0; n < 960; ++n) {
        CHECK(std::abs(out[2 * n] - before) <= 1.0F / 480 + 1e-6F);
        CHECK(out[2 * n] == out[2 * n + 1]);
        before = out[2 * n];
    }
    CHECK(out[1919] == 0.5F);
    const std::vector<float> bad{std::nanf(""), 1.0F, -HUGE_VALF};
    engine.process({bad.data(), out.data(), 3, 21'000'000, -1, 0, false});
    CHECK(out[0] == 0 && out[2] == 0.5F && out[4] == 0);  // nor is what is not finite heard
}

TEST("monitor: an output of its own plays what was sent, in order, whatever the two clocks do") {
    rt::Monitor monitor(1, 1, 48000, true);
    const std::vector<std::uint32_t> picks{0};
    std::vector<float> in(128), out(96), heard;
    float next = 1;
    for (int i = 0; i < 4; ++i) monitor.send(in.data(), 128, picks, 1);  // the gain has arrived
    for (int round = 0; round < 3000; ++round) {
        for (auto& sample : in) sample = next++;
        monitor.send(in.data(), 128, picks, 1);
        // 128 in for 96 out and a little: too much by far, then too little.
        for (int i = 0; i < (round < 1500 ? 1 : 2); ++i) {
            monitor.play(out.data(), 96);
            heard.insert(heard.end(), out.begin(), out.end());
        }
    }
    float before = 0;
    std::size_t jumps = 0, silent = 0;
    for (const float sample : heard) {
        if (sample == 0) {
            ++silent;
            continue;
        }
        CHECK(sample > before);
        jumps += sample != before + 1;
        before = sample;
    }
    CHECK(jumps > 0 && silent > 0);          // both happened
    CHECK(heard.size() - silent > 200'000);  // and most was heard
}

TEST("monitor: two threads of equal pace hear without a hole") {
    rt::Monitor monitor(2, 2, 48000, true);
    const std::vector<std::uint32_t> picks{0, 1};
    const std::vector<float> in(256, 0.5F);
    std::vector<float> out(256);
    std::thread input([&] {
        for (int i = 0; i < 2000; ++i) {
            monitor.send(in.data(), 128, picks, 1);
            std::this_thread::sleep_for(std::chrono::microseconds(20));
        }
    });
    for (int i = 0; i < 2000; ++i) {
        monitor.play(out.data(), 128);
        for (const float sample : out) CHECK(sample >= 0 && sample <= 0.5F);
        std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
    input.join();
}

TEST("engine: without a plan the output is silence, and nothing is read") {
    rt::Engine engine({1, 1, {48000, 4, 1}});
    std::vector<float> out(4, 9.0F);
    engine.process({nullptr, out.data(), 4, 1'000'000, -1, 0, false});
    CHECK(out == std::vector<float>(4, 0.0F));
    CHECK(engine.counts().callbacks.get() == 1);
}

TEST("callbacks: miniaudio's and PortAudio's reach the engine that they are given") {
    rt::Engine engine({1, 1, {48000, 64, 1}});
    struct FakeDevice {
        char before[40];
        void* user;
    } device{{}, &engine};
    rt::set_miniaudio_user_offset(offsetof(FakeDevice, user));
    const std::vector<float> in(64, 0.25F);
    std::vector<float> out(64);
    const rt::MiniaudioCallback miniaudio = &rt::miniaudio_callback;
    const rt::PortAudioCallback portaudio = &rt::portaudio_callback;
    miniaudio(&device, out.data(), in.data(), 64);
    out.assign(64, 9.0F);
    const rt::MiniaudioCallback play = &rt::miniaudio_play_callback;
    play(&device, out.data(), nullptr, 64);
    CHECK(out[63] == 0);  // nothing was sent: silence
    CHECK(portaudio(in.data(), out.data(), 64, nullptr, 0, &engine) == 0);
    CHECK(engine.counts().callbacks.get() == 2 && engine.counts().flagged.get() == 0);
    portaudio(in.data(), out.data(), 64, nullptr, 0x2, &engine);  // paInputOverflow
    CHECK(engine.counts().flagged.get() == 1);
    CHECK(engine.counts().frames.get() == 192);
}

TEST("threads: a clocked device records while control looks, edits and waits") {
    auto settings = index_source();
    settings.blocksize = 32;
    Rig rig(settings, 48000, 4800);
    rig.start();
    rig.device.start();
    float gain = 0;
    while (rig.track->state().phase == disk::TrackState::writing) {
        rig.plan(gain = 1 - gain);
        const auto levels = rig.meters->look();
        CHECK(levels[0].peak <= 1.0F);
        CHECK(rig.engine.lateness().largest() >= 0);
        (void)rig.track->gaps();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    rig.device.stop();
    CHECK(rig.finish().frames == 4800);
    CHECK(wrong_frames(rig) == 0);
}

TEST("threads: the virtual clock does not gain or lose time") {
    auto settings = index_source();
    settings.blocksize = 48;
    Rig rig(settings);
    const auto begin = std::chrono::steady_clock::now();
    rig.device.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    rig.device.stop();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    // It stands still only between `start` and its first sleep, and stops within a block.
    CHECK(static_cast<double>(rig.device.position()) <= taken.count() * 48000 + 48);
    CHECK(static_cast<double>(rig.device.position()) >= 0.3 * 48000 - 96);
}
