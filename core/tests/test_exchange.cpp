// SPDX-License-Identifier: MIT
// Chunks to a worker and back: order, room, and a node whose output is exactly late.
#include <random>
#include <thread>
#include <vector>

#include "rt/python_node.h"
#include "test.h"

using namespace tenuto;
using shared::Exchange;

namespace {

std::shared_ptr<Exchange> make(std::uint32_t chunk, std::uint32_t slots, std::uint64_t latency) {
    return std::make_shared<Exchange>(Exchange::make({1, 1, chunk, slots, latency, 48000}, false));
}

// Answers everything that waits with its negative; returns how many chunks.
int answer(shared::Lane& there, shared::Lane& back, std::uint32_t frames) {
    std::uint64_t chunk = 0;
    int count = 0;
    while (const float* from = there.front(chunk)) {
        float* to = back.free_slot();
        if (to == nullptr) return count;
        for (std::uint32_t n = 0; n < frames; ++n) to[n] = -from[n];
        there.release();
        back.publish(chunk);
        ++count;
    }
    return count;
}

}  // namespace

TEST("exchange: two threads pass a hundred thousand chunks in order") {
    const auto exchange = make(4, 3, 100);
    constexpr std::uint64_t count = 100000;
    std::thread worker([&] {
        shared::Lane there = exchange->there(), back = exchange->back();
        for (std::uint64_t done = 0; done < count;) {
            const int answered = answer(there, back, 4);
            if (answered == 0) std::this_thread::yield();
            done += static_cast<std::uint64_t>(answered);
        }
    });
    shared::Lane there = exchange->there(), back = exchange->back();
    std::uint64_t sent = 0, got = 0, number = 0;
    bool right = true;
    while (got < count) {
        if (float* to = sent < count ? there.free_slot() : nullptr) {
            for (int n = 0; n < 4; ++n) to[n] = static_cast<float>(sent % 1000) + 1;
            there.publish(sent++);
        }
        if (const float* from = back.front(number)) {
            right &= number == got && from[3] == -static_cast<float>(got % 1000) - 1;
            back.release();
            ++got;
        } else {
            std::this_thread::yield();
        }
    }
    worker.join();
    CHECK(right);
}

TEST("python node: however it is cut into blocks, the answer comes exactly one latency later") {
    std::vector<float> x(5000);
    std::mt19937 random(4);
    for (float& sample : x) sample = static_cast<float>(random() % 1000) / 1000 - 0.5F;
    for (const std::uint32_t most : {1U, 7U, 64U, 100U, 333U}) {
        const auto exchange = make(50, 12, 400);
        exchange->begin();
        rt::PythonNode node(exchange, 1024, false);
        shared::Lane there = exchange->there(), back = exchange->back();
        std::vector<float> y(x.size());
        for (std::size_t at = 0; at < x.size();) {
            const auto frames = static_cast<std::uint32_t>(
                std::min<std::size_t>(1 + random() % most, x.size() - at));
            const float* in = x.data() + at;
            float* out = y.data() + at;
            node.run({&in, &out, frames, at});
            answer(there, back, 50);
            at += frames;
        }
        bool right = true;
        for (std::size_t n = 0; n < y.size(); ++n) right &= y[n] == (n < 400 ? 0.0F : -x[n - 400]);
        CHECK(right);
        CHECK(node.late() == 0 && node.left_out() == 0 && node.played() == 92);
    }
}

TEST("python node: a worker that scribbles over the counters is not believed") {
    const auto exchange = make(10, 4, 40);
    exchange->begin();
    rt::PythonNode node(exchange, 64, true);
    shared::Lane forger = exchange->back();
    for (int n = 0; n < 1000; ++n)
        forger.publish(~std::uint64_t{0});  // far more than there is room
    std::vector<float> x(640, 0.25F), y(640);
    for (std::size_t at = 0; at < x.size(); at += 64) {
        const float* in = x.data() + at;
        float* out = y.data() + at;
        node.run({&in, &out, 64, at});
    }
    CHECK(y[39] == 0.0F && y[40] == 0.25F && y[639] == 0.25F);
    CHECK(node.late() == 60 && node.played() == 0);
}
