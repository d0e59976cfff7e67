// SPDX-License-Identifier: MIT
// Python's end of a tape without Python: frames and losses in order, times, and who wakes the
// reader.
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "control/bell.h"
#include "control/tape_reader.h"
#include "control/virtual_device.h"
#include "platform/shared_memory.h"
#include "test.h"

using namespace tenuto;

namespace {

struct Rig {
    explicit Rig(control::VirtualSettings settings, std::size_t ring)
        : engine({1, 0, {48000, settings.blocksize, 1}}),
          tape(std::make_shared<rt::Tape>(ring, std::vector<std::uint32_t>{0}, 0)),
          reader(tape, 48000),
          device(engine, std::move(settings)) {
        auto plan = std::make_unique<rt::Plan>();
        plan->tape = tape;
        engine.offer(std::move(plan));
        tape->set_mode(rt::Tape::Mode::recording);
    }
    // Reads all there is; checks that each sample tells its place. Returns frames read and lost.
    std::uint64_t read_all(std::size_t at_a_time) {
        std::vector<float> out(at_a_time);
        for (;;) {
            const auto piece = reader.read(out);
            for (const control::Lost& lost : piece.losses) {
                CHECK(lost.frame == expected);
                expected += lost.frames;
                last_cause = lost.cause;
            }
            if (piece.frames == 0) return expected;
            CHECK(piece.frame == expected);
            CHECK(out[0] == sample_of(expected));
            CHECK(out[piece.frames - 1] == sample_of(expected + piece.frames - 1));
            if (first_ns == 0) first_ns = piece.ns - static_cast<double>(expected) * 1e9 / 48000;
            CHECK_NEAR(piece.ns - static_cast<double>(expected) * 1e9 / 48000, first_ns, 1e3);
            expected += piece.frames;
        }
    }
    static float sample_of(std::uint64_t frame) {
        return static_cast<float>((static_cast<double>(frame) - 8388608.0) / 8388608.0);
    }

    rt::Engine engine;
    std::shared_ptr<rt::Tape> tape;
    control::TapeReader reader;
    control::VirtualDevice device;
    std::uint64_t expected = 0;
    double first_ns = 0;
    rt::Cause last_cause{};
};

control::VirtualSettings index_device(std::vector<control::Fault> faults = {}) {
    control::VirtualSettings settings;
    settings.input = control::VirtualSettings::index;
    settings.blocksize = 64;
    settings.faults = std::move(faults);
    return settings;
}

}  // namespace

TEST(
    "tape reader: stalls, losses and ends are all in one order, each frame at its place and time") {
    Rig rig(index_device({{control::Fault::xrun, 1000, 10}, {control::Fault::xrun, 9000, 500}}),
            960);
    std::uint64_t done = 0;
    for (const std::uint64_t stall : {100, 800, 900, 5000, 64, 1, 3000, 700}) {
        done += rig.device.step(stall, nullptr);
        rig.read_all(77);
    }
    rig.engine.close(*rig.tape, nullptr);
    CHECK(rig.read_all(1000) == done);
    CHECK(rig.reader.is_over());
}

TEST("tape reader: it is ready for what it can give without waiting") {
    Rig rig(index_device({{control::Fault::xrun, 100, 10}}), 4096);
    CHECK(!rig.reader.is_ready(1));
    rig.device.step(90, nullptr);
    CHECK(rig.reader.is_ready(90) && !rig.reader.is_ready(91));
    rig.device.step(60, nullptr);
    CHECK(rig.reader.is_ready(4000));  // no more than 100 will come before the loss
    CHECK(rig.reader.wanted(4000) == 100);
    std::vector<float> out(100);
    CHECK(rig.reader.read(out).frames == 100);
    CHECK(!rig.reader.is_ready(41) && rig.reader.is_ready(40));
    rig.engine.close(*rig.tape, nullptr);
    CHECK(rig.reader.is_ready(41) && !rig.reader.is_over());
}

TEST("bell: a reader is woken by frames and by the end, and not after it was forgotten") {
    // What is signalled are eight bytes written to the descriptor: of a file in memory they can be
    // seen one after the other.
    const auto file = platform::SharedMemory::make(4096);
    if (!file.is_valid()) return;  // a system without descriptors to be signalled
    const auto signals = [&](std::size_t most, std::chrono::milliseconds patience) {
        const auto until = std::chrono::steady_clock::now() + patience;
        std::size_t count = 0;
        while (count < most && std::chrono::steady_clock::now() < until) {
            std::uint64_t word = 0;
            std::memcpy(&word, static_cast<const char*>(file.data()) + 8 * count, 8);
            count += word == 1 ? 1 : 0;
        }
        return count;
    };
    const std::chrono::milliseconds long_enough(10000), a_while(20);
    auto& bell = control::Bell::of_this_process();
    Rig rig(index_device(), 4096);
    bell.watch(rig.tape, 64, 48000, file.descriptor());
    std::thread audio([&] { rig.device.step(64, nullptr); });
    CHECK(signals(1, long_enough) == 1);
    audio.join();
    bell.watch(rig.tape, 65, 48000, file.descriptor());
    CHECK(signals(2, a_while) == 1);
    rig.engine.close(*rig.tape, nullptr);
    CHECK(signals(2, long_enough) == 2);
    Rig other(index_device(), 4096);
    bell.watch(other.tape, 64, 48000, file.descriptor());
    bell.forget(file.descriptor());
    other.device.step(64, nullptr);
    CHECK(signals(3, a_while) == 2);
}
