// SPDX-License-Identifier: MIT
// Devices that behave in known ways, on a clock that is computed.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "rt/books.h"
#include "test.h"

using namespace tenuto::rt;

namespace {

// A device that delivers 128-frame blocks at 48 kHz, late at random, with losses that we choose.
struct Device {
    explicit Device(double drift_ppm = 0, std::uint32_t quantum = 128, std::uint32_t seed = 1)
        : books({48000, 128, quantum}), rate(48000 * (1 + drift_ppm * 1e-6)), random(seed) {}

    void deliver(double late_us) {
        frame += 128;
        const double ideal = static_cast<double>(frame) * 1e9 / rate;
        now = std::max(now, static_cast<std::int64_t>(ideal + late_us * 1000));
        books.enter({now, 128, -1, blocks++});
        while (const Loss* loss = books.next_loss()) {
            losses.push_back(*loss);
            books.drop_loss();
        }
    }
    void run(int count, double mean_us = 40) {
        std::exponential_distribution<double> lateness(1 / mean_us);
        for (int i = 0; i < count; ++i) deliver(lateness(random));
    }
    void lose(std::uint64_t frames) { frame += frames; }

    Books books;
    double rate;
    std::mt19937 random;
    std::uint64_t frame = 0, blocks = 0;
    std::int64_t now = 0;
    std::vector<Loss> losses;
};

}  // namespace

TEST("books: a punctual device loses nothing in an hour, and its rate is found") {
    for (const double ppm : {-200.0, 0.0, 35.0, 200.0}) {
        Device device(ppm);
        device.run(375 * 3600);
        CHECK(device.losses.empty());
        CHECK_NEAR((device.books.true_samplerate() / 48000 - 1) * 1e6, ppm, 2.0);
    }
}

TEST("books: a late block that is followed by early ones is no loss") {
    Device device;
    device.run(1000);
    for (int round = 0; round < 50; ++round) {
        const double stall_us = 1000.0 * (1 + round);
        for (double late = stall_us; late > 0; late -= 2666) device.deliver(late);
        device.run(200);
    }
    CHECK(device.losses.empty());
}

TEST("books: a loss is found at its block with its length") {
    Device device(50);
    device.run(2000);
    for (int round = 0; round < 200; ++round) {
        const std::uint64_t lost = 128 * (1 + static_cast<std::uint64_t>(round) % 9);
        const std::uint64_t place = device.blocks;
        const std::size_t before = device.losses.size();
        device.lose(lost);
        device.run(150);
        CHECK(device.losses.size() == before + 1);
        if (device.losses.size() != before + 1) return;
        CHECK(device.losses.back().position == place);
        CHECK(device.losses.back().frames == lost);
        CHECK(device.losses.back().cause == Cause::xrun);
    }
    CHECK(device.books.device_frames() == device.frame);
}

TEST("books: a server that begins its cycles anew loses what the clock says, not whole cycles") {
    Device device;
    device.run(2000);
    for (const std::uint64_t lost : {45U, 100U, 302U, 814U, 2381U}) {
        const std::size_t before = device.losses.size();
        device.lose(lost);
        device.run(150);
        CHECK(device.losses.size() == before + 1);
        if (device.losses.size() != before + 1) return;
        CHECK_NEAR(static_cast<double>(device.losses.back().frames), static_cast<double>(lost), 3);
    }
}

TEST("books: a third of a long cycle is a loss, not a change of the rate") {
    Books books({48000, 1024, 0});
    std::uint64_t lost = 0;
    double now = 0;
    for (int block = 0; block < 400; ++block) {
        now += 1024 / 48e-6 + (block == 200 ? 385 / 48e-6 : 0);
        books.enter({static_cast<std::int64_t>(now), 1024, -1, 0});
        for (; books.next_loss() != nullptr; books.drop_loss()) lost += books.next_loss()->frames;
    }
    CHECK_NEAR(static_cast<double>(lost), 385, 2);
    CHECK_NEAR(books.true_samplerate(), 48000, 0.5);
}

TEST("books: a clock that creeps and jumps loses nothing where that is expected") {
    // A null sink of PulseAudio: later and later by 2.5 ms a second, then one block too early; and
    // one block too early at the start. After 75 s it really loses 200 ms.
    Books books({48000, 1200, 1, 2});
    std::uint64_t lost = 0;
    for (int block = 0; block < 4000; ++block) {
        const double creep_ms = std::fmod(block * 0.0625, 25.0) - (block < 3 ? 25 : 0);
        const double now_ms = 1000 + block * 25 + creep_ms + (block >= 3000 ? 200 : 0);
        books.enter({static_cast<std::int64_t>(now_ms * 1e6), 1200, -1, 0});
        for (; books.next_loss() != nullptr; books.drop_loss()) lost += books.next_loss()->frames;
        CHECK(block >= 3000 || lost == 0);
    }
    CHECK_NEAR(static_cast<double>(lost), 9600, 120);  // it creeps on while the loss is open
}

TEST("books: a loss shortly before the end is settled when the end comes") {
    Device device(0, 128);
    device.run(2000);
    device.lose(640);
    const std::uint64_t place = device.blocks;
    device.run(15);  // 40 ms, less than the window
    CHECK(device.losses.empty());
    device.books.settle_at_end(device.now);
    const Loss* loss = device.books.next_loss();
    CHECK(loss != nullptr && loss->frames == 640 && loss->position == place);
}

TEST("books: a late block at the very end is not taken for a loss") {
    Device device;
    device.run(2000);
    device.deliver(9000);
    device.books.settle_at_end(device.now);
    CHECK(device.books.next_loss() == nullptr);
    CHECK(device.books.unsettled_tag() == Books::no_tag);
}

TEST("books: after a loss only the first block counts as late") {
    Device device;
    device.run(2000);
    device.lose(1280);
    device.deliver(30);
    CHECK(device.books.lateness_ns() > 26e6);
    for (int i = 0; i < 100; ++i) {
        device.deliver(30);
        CHECK(device.books.lateness_ns() < 1e6);
    }
}

TEST("books: cycles that a late reader missed stand before its late block, which has newer sound") {
    // As measured with a stopped client of jackd: lateness in cycles, and cycles that never came.
    for (const auto& [late, missing] :
         {std::pair{1.5, 1U}, std::pair{2.1, 2U}, std::pair{18.8, 18U}}) {
        Device device;
        device.run(2000);
        const std::uint64_t late_block = device.blocks;
        device.deliver(late * 128 / 0.048);
        device.lose(128 * missing);
        device.run(150);
        CHECK(device.losses.size() == 1);
        if (device.losses.size() != 1) return;
        CHECK(device.losses[0].position == late_block);
        CHECK(device.losses[0].frames == 128 * missing);
    }
}

TEST("books: two losses close together are told apart") {
    Device device;
    device.run(2000);
    device.lose(256);
    const std::uint64_t first = device.blocks;
    device.run(5);
    device.lose(640);
    const std::uint64_t second = device.blocks;
    device.run(150);
    CHECK(device.losses.size() == 2);
    if (device.losses.size() != 2) return;
    CHECK(device.losses[0].position == first && device.losses[0].frames == 256);
    CHECK(device.losses[1].position == second && device.losses[1].frames == 640);
}

TEST("books: a block is unsettled while a loss in front of it is possible, then settled") {
    Device device;
    device.run(2000);
    CHECK(device.books.unsettled_tag() == Books::no_tag);
    device.lose(512);
    device.run(1);
    CHECK(device.books.unsettled_tag() == device.blocks - 1);
    device.run(100);
    CHECK(device.books.unsettled_tag() == Books::no_tag);
}

TEST("books: a device that tells its position is believed at once") {
    Books books({48000, 128, 1});
    books.enter({1'000'000, 128, 0, 0});
    books.enter({3'666'000, 128, 135, 1});  // seven frames are missing
    CHECK(books.next_loss() != nullptr && books.next_loss()->frames == 7);
    CHECK(books.next_loss()->position == 1);
    CHECK(books.device_frames() == 263);
}

TEST("books: what a device lost in front of its first block is told, whether away or not") {
    for (const bool away : {false, true}) {
        Books books({48000, 128, 1});
        if (away) books.device_returns();
        books.enter({1'000'000, 128, 50, 0});
        const Loss* loss = books.next_loss();
        CHECK(loss != nullptr && loss->frames == 50 && loss->position == 0);
        CHECK(loss != nullptr && loss->cause == (away ? Cause::device_lost : Cause::xrun));
        CHECK(books.device_frames() == 178);
    }
    Books blind({48000, 128, 1});
    blind.enter({1'000'000'000, 128, -1, 0});
    CHECK(blind.next_loss() == nullptr);
}

TEST("books: the time that a device was away is a loss of its own kind") {
    Device device;
    device.run(2000);
    device.books.device_returns();
    device.lose(48000);
    const std::uint64_t place = device.blocks;
    device.deliver(2500);  // a new thread begins late; its second block comes at once
    CHECK(device.books.unsettled_tag() == place);
    device.run(100);
    CHECK(device.losses.size() == 1);
    if (device.losses.empty()) return;
    CHECK(device.losses[0].cause == Cause::device_lost);
    CHECK(device.losses[0].position == place);
    // The clock's own jitter, 40 us on average: a few frames.
    CHECK_NEAR(static_cast<double>(device.losses[0].frames), 48000, 10);
    device.run(2000);
    CHECK(device.losses.size() == 1);
}

TEST("books: how long a device was away is known to the jitter of one earliest block") {
    // After a second only, with lateness up to most of a block: of 375 exponential latenesses the
    // earliest is 1/375 of the mean late; of those of half a window before and behind the outage,
    // 28 and more, 1/28. A rate learnt from that second would be off by a hundred frames.
    for (const double mean_us : {40.0, 300.0, 1000.0, 2000.0}) {
        double sum = 0;
        for (std::uint32_t seed = 0; seed < 40; ++seed) {
            Device device(0, 128, seed);
            device.run(375, mean_us);
            device.books.device_returns();
            device.lose(100'000);
            device.run(375, mean_us);
            double found = 0;
            for (const Loss& loss : device.losses)
                if (loss.cause == Cause::device_lost) found += static_cast<double>(loss.frames);
            sum += found - 100'000;
            CHECK_NEAR(found, 100'000, 1 + mean_us * 0.048);
        }
        CHECK_NEAR(sum / 40, 0, 1 + mean_us * 0.048 / 28);
    }
}

TEST("books: a loss right before a device went away counts once") {
    Device device;
    device.run(2000);
    device.lose(640);
    device.run(30);  // it is not settled yet, but has stayed
    device.books.device_returns();
    device.lose(48000);
    device.run(200);
    CHECK(device.losses.size() == 2);
    std::uint64_t frames = 0;
    for (const Loss& loss : device.losses) frames += loss.frames;
    CHECK_NEAR(static_cast<double>(frames), 48640, 4);
}

TEST("books: what is missing until now is told for a device that stays away") {
    Device device;
    device.run(2000, 1);
    CHECK_NEAR(static_cast<double>(device.books.missing_until(device.now + 500'000'000)), 24000, 3);
    CHECK(device.books.missing_until(device.now - 1'000'000'000) == 0);
}

namespace {
struct Run {
    double ppm;
    int losses;
};
// Thirty seconds of a device whose blocks come late at random, with nothing lost.
Run unpunctual(std::uint32_t block, double jitter_ns, double ppm, bool is_exact,
               std::uint32_t seed) {
    Books books({48000, block, 1});
    std::mt19937 random(seed);
    std::exponential_distribution<double> lateness(1 / jitter_ns);
    std::int64_t now = 0;
    int losses = 0;
    for (std::int64_t frame = 0; frame < 30 * 48000; frame += block) {
        const double due = static_cast<double>(frame + block) * 1e9 / 48000 / (1 + ppm * 1e-6);
        now = std::max(now, static_cast<std::int64_t>(due + lateness(random)));
        books.enter({now, block, is_exact ? frame : -1, 0});
        for (; books.next_loss() != nullptr; books.drop_loss()) ++losses;
    }
    return {(books.true_samplerate() / 48000 - 1) * 1e6, losses};
}
}  // namespace

TEST("books: jitter of any size pulls the rate to no side, and none of it is a loss") {
    for (const std::uint32_t block : {64U, 128U, 512U}) {
        for (const double jitter_ms : {0.3, 1.0, 2.0, 5.0}) {
            for (const bool is_exact : {true, false}) {
                double sum = 0;
                int losses = 0;
                for (std::uint32_t seed = 0; seed < 8; ++seed) {
                    const double ppm = seed % 2 == 0 ? 100 : -100;
                    const Run run = unpunctual(block, jitter_ms * 1e6, ppm, is_exact, seed);
                    sum += run.ppm - ppm;
                    losses += run.losses;
                }
                // One sigma of one run as in books.cpp, for blocks that hang together for twice the
                // jitter; four of the mean of eight.
                const double jitter = jitter_ms * 1e-3;
                const double sigma = 0.026 * jitter * std::sqrt(block / 48e3 + 2 * jitter) * 1e6;
                CHECK_NEAR(sum / 8, 0, 4 * sigma / std::sqrt(8));
                CHECK(losses == 0);
            }
        }
    }
}

TEST("books: stalls of an exact device are no news about its rate, however many") {
    Books books({48000, 128, 1});
    std::int64_t until = 0, now = 0;
    double worst = 0;
    for (std::int64_t frame = 0, next = 48000; frame < 120 * 48000; frame += 128) {
        if (frame >= next) {
            until = (frame + 9600) * 1'000'000 / 48;
            next = frame + 19200;
        }
        now = std::max(until, (frame + 128) * 1'000'000 / 48);
        books.enter({now, 128, frame, 0});
        worst = std::max(worst, std::abs(books.true_samplerate() - 48000));
    }
    CHECK(books.next_loss() == nullptr);
    CHECK(worst < 48000 * 5e-6);
}

TEST("books: an exact device that stays late is taken at its word, and its rate stays") {
    Books books({48000, 128, 1});
    for (std::int64_t frame = 0; frame < 20 * 48000; frame += 128) {
        const std::int64_t late = frame > 10 * 48000 ? 10'000'000 : 0;
        books.enter({(frame + 128) * 1'000'000 / 48 + late, 128, frame, 0});
    }
    CHECK(books.next_loss() == nullptr);
    CHECK_NEAR(books.lateness_ns(), 0, 1e3);
    CHECK_NEAR(books.true_samplerate(), 48000, 0.1);
}

TEST("books: a loss of two blocks is found where four are handed over at a time") {
    Device device(60, 1);
    for (int burst = 0; burst < 4000; ++burst) {
        if (burst % 100 == 50 && burst > 200) device.lose(256);
        for (int i = 3; i >= 0; --i) device.deliver(i * 2666.67 + 100 * (burst % 7));
    }
    CHECK(device.losses.size() == 38);
    CHECK_NEAR(static_cast<double>(device.books.device_frames()), static_cast<double>(device.frame),
               128);
}

TEST("books: a server that hands over four blocks at a time loses nothing") {
    Device device;
    for (int burst = 0; burst < 20000; ++burst)
        for (int i = 3; i >= 0; --i) device.deliver(i * 2666.67 + 100 * (burst % 7));
    CHECK(device.losses.empty());
}

TEST("books: a device that only plays asks ahead, and that is no loss") {
    Books books({48000, 512, 1, std::numeric_limits<double>::infinity()});
    std::int64_t now = 1'000'000'000;
    std::uint64_t tag = 0;
    int late = 0, losses = 0;
    const auto ask = [&] {
        books.enter({now, 512, -1, tag++});
        for (; books.next_loss() != nullptr; books.drop_loss()) ++losses;
        late += books.lateness_ns() > 512e9 / 48000 ? 1 : 0;
    };
    for (int n = 0; n < 140; ++n) ask();  // 1.5 s at once, to fill what the server keeps
    now += 1'500'000'000;
    for (int n = 0; n < 2000; ++n, now += 10'666'667) ask();
    books.settle_at_end(now);
    CHECK(books.next_loss() == nullptr && losses == 0);
    CHECK(late == 1);  // the one behind the pause
    CHECK_NEAR(books.true_samplerate(), 48000, 48000 * 50e-6);
}
