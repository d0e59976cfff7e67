// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <thread>

#include "shared/counters.h"
#include "shared/handoff.h"
#include "shared/latest.h"
#include "test.h"

using namespace tenuto::shared;

namespace {
// Counts how many are alive, so that a test sees who frees what, and when.
struct Counted {
    explicit Counted(int number) : value(number) { ++alive; }
    ~Counted() { --alive; }
    int value;
    static inline std::atomic<int> alive{0};
};
}  // namespace

TEST("latest: the reader sees the newest value and keeps it until there is a newer one") {
    Latest<int> value;
    CHECK(value.latest()[0] == 0);
    value.draft()[0] = 1;
    value.publish();
    value.draft()[0] = 2;
    value.publish();
    CHECK(value.latest()[0] == 2);
    CHECK(value.latest()[0] == 2);
}

TEST("latest: a draft that is not published is not seen") {
    Latest<int> value;
    value.draft()[0] = 5;
    CHECK(value.latest()[0] == 0);
}

TEST("latest: two threads never see half of a value") {
    Latest<std::uint64_t> value(8);
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        for (std::uint64_t n = 1; n < 300'000; ++n) {
            for (auto& part : value.draft()) part = n;
            value.publish();
        }
        stop.store(true);
    });
    bool whole = true, rising = true;
    std::uint64_t before = 0;
    while (!stop.load()) {
        const auto seen = value.latest();
        for (const auto part : seen) whole &= part == seen[0];
        rising &= seen[0] >= before;
        before = seen[0];
    }
    writer.join();
    CHECK(whole && rising);
    CHECK(value.latest()[7] == 299'999);
}

TEST("handoff: the old object comes back to control and is freed there") {
    {
        Handoff<Counted> handoff;
        CHECK(handoff.take() == nullptr);
        handoff.offer(std::make_unique<Counted>(1));
        CHECK(!handoff.is_taken());
        CHECK(handoff.take()->value == 1);
        CHECK(handoff.is_taken());
        CHECK(handoff.collect() == nullptr);
        handoff.offer(std::make_unique<Counted>(2));
        CHECK(handoff.take()->value == 2);
        CHECK(Counted::alive == 2);
        CHECK(handoff.collect()->value == 1);
        CHECK(Counted::alive == 1);
    }
    CHECK(Counted::alive == 0);
}

TEST("handoff: an offer that was not taken comes back with the next one") {
    Handoff<Counted> handoff;
    handoff.offer(std::make_unique<Counted>(1));
    CHECK(handoff.offer(std::make_unique<Counted>(2))->value == 1);
    CHECK(handoff.take()->value == 2);
}

TEST("handoff: while the old object waits to be collected, the current one stays") {
    Handoff<Counted> handoff;
    for (int n = 1; n <= 2; ++n) {
        handoff.offer(std::make_unique<Counted>(n));
        handoff.take();
    }
    handoff.offer(std::make_unique<Counted>(3));
    CHECK(handoff.take()->value == 2);
    handoff.collect();
    CHECK(handoff.take()->value == 3);
}

TEST("handoff: two threads swap a hundred thousand objects and leak none") {
    {
        Handoff<Counted> handoff;
        std::atomic<bool> stop{false};
        std::thread audio([&] {
            int before = 0;
            while (!stop.load()) {
                const Counted* current = handoff.take();
                if (current == nullptr) continue;
                CHECK(current->value >= before);
                before = current->value;
            }
        });
        for (int n = 1; n <= 100'000; ++n) {
            handoff.collect();
            handoff.offer(std::make_unique<Counted>(n));
        }
        stop.store(true);
        audio.join();
    }
    CHECK(Counted::alive == 0);
}

TEST("counters: a setting is read as it was set") {
    Setting<bool> setting{false};
    CHECK(!setting.exchange(true));
    CHECK(setting.get());
    Cell<std::int64_t> largest{3};
    largest.raise_to(2);
    CHECK(largest.get() == 3);
    largest.raise_to(5);
    CHECK(largest.get() == 5);
}
