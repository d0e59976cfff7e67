// SPDX-License-Identifier: MIT
// The smallest program in which an audio thread runs a node, fills a ring and takes plans while
// control does its part. tests/test_deliberate_faults.py breaks one of the three and builds this
// under each check: it must end with an error then, and with none when nothing is broken.
#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "../guard.h"
#include "dsp/gain.h"
#include "shared/handoff.h"
#include "shared/ring.h"

using namespace tenuto;

namespace {

constexpr std::uint32_t frames = 64;
constexpr int swaps = 1000;

const dsp::NodeSetup setup{48000, 1, frames, {0.5}, {}, {}, 0};

struct Plan {
    std::unique_ptr<dsp::Gain> node = std::make_unique<dsp::Gain>(setup);
    int number = 0;
};

}  // namespace

int main() {
    shared::Handoff<Plan> plans;
    shared::Ring<float> ring(4 * frames);
    std::vector<float> in(frames, 0.5F), out(frames), read(frames);
    // They keep the threads together, and order nothing: that is left to what is tried here.
    std::atomic<int> block{0}, items{0};
    std::atomic<bool> is_over{false};
    const auto wait_for_a_block = [&] {
        const int before = block.load(std::memory_order_relaxed);  // only a count
        while (block.load(std::memory_order_relaxed) == before)    // only a count
            std::this_thread::yield();
    };
    plans.offer(std::make_unique<Plan>());
    std::thread control([&] {
        for (int n = 1; n < swaps; ++n) {
            auto plan = std::make_unique<Plan>();
            plan->number = n;
            static_cast<void>(plan->node->set(0, std::vector<double>{0.25}));
            static_cast<void>(plans.collect());
            static_cast<void>(plans.offer(std::move(plan)));
            wait_for_a_block();
        }
        while (items.load(std::memory_order_relaxed) < swaps) wait_for_a_block();  // only a count
        is_over.store(true, std::memory_order_relaxed);                            // only a stop
    });
    // A thread of its own: what the ring orders must not hide what the plans do not.
    std::thread disk([&] {
        while (!is_over.load(std::memory_order_relaxed)) {  // only a stop
            const auto got = static_cast<int>(ring.read(read));
            items.fetch_add(got, std::memory_order_relaxed);  // only a count
            std::this_thread::yield();
        }
    });
    int newest = 0;
    while (!is_over.load(std::memory_order_relaxed)) {  // only a stop
        {
            const test::InsideCallback inside;
            Plan* plan = plans.take();
            newest = plan->number;
            const float* const from = in.data();
            float* const to = out.data();
            plan->node->run({&from, &to, frames, 0});
            static_cast<void>(ring.write(out));
        }
        block.fetch_add(1, std::memory_order_relaxed);  // only a count
        std::this_thread::yield();
    }
    control.join();
    disk.join();
    std::printf("plan %d, %llu calls that can wait\n", newest,
                static_cast<unsigned long long>(test::violations()));
    return test::violations() == 0 ? 0 : 1;
}
