// SPDX-License-Identifier: MIT
// The guard's own canaries: what it must see.
#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "control/graph_builder.h"
#include "guard.h"
#include "rt/engine.h"
#include "test.h"

using namespace tenuto;
using test::InsideCallback;

namespace {

// What the compiler must not see through.
void* volatile sink = nullptr;

std::uint64_t seen_in(void (*what)()) {
    const std::uint64_t before = test::violations();
    {
        const InsideCallback inside;
        what();
    }
    const std::uint64_t seen = test::violations() - before;
    test::forgive(seen);
    return seen;
}

std::mutex settings_lock;

// A node that does what no node may.
struct BadNode final : dsp::Node {
    explicit BadNode(void (*act)()) : Node({48000, 1, 64, {}, {}, {}, 0}, {1, 0, 1}), act_(act) {}
    void steer(bool) noexcept TENUTO_NONBLOCKING override {}
    void process(const dsp::Io& io) noexcept TENUTO_NONBLOCKING override {
        for (std::uint32_t n = 0; n < io.frames; ++n) io.out[0][n] = io.in[0][n];
        reinterpret_cast<Hidden>(act_)();
    }
    // The proof of the compiler is not what is tried here.
    using Hidden = void (*)() noexcept TENUTO_NONBLOCKING;
    void (*act_)();
};

std::uint64_t seen_in_a_node(void (*what)()) {
    rt::Engine engine({1, 1, {48000, 64, 1}});
    auto plan = std::make_unique<rt::Plan>();
    control::GraphPlan graph{64, 1, 1, {{std::make_shared<BadNode>(what), {}}}, {}};
    graph.parts[0].kind = rt::Graph::Kind::run;
    graph.links.push_back({std::make_shared<dsp::Connection>(1.0, false, 48000),
                           control::GraphLink::engine,
                           0,
                           0,
                           {0}});
    graph.links.push_back({std::make_shared<dsp::Connection>(1.0, false, 48000),
                           0,
                           control::GraphLink::engine,
                           0,
                           {0}});
    plan->graph = control::build_graph(graph);
    engine.offer(std::move(plan));
    std::vector<float> in(64, 0.5F), out(64);
    const std::uint64_t before = test::violations();
    engine.process({in.data(), out.data(), 64, 1, 0, 1, false});
    const std::uint64_t seen = test::violations() - before;
    test::forgive(seen);
    CHECK(out[63] == 0.5F);
    return seen;
}

void allocate() { sink = ::operator new(100); }
void release() { ::operator delete(sink); }
void allocate_with_malloc() { sink = std::malloc(100); }
void release_with_free() { std::free(sink); }
void lock() { const std::lock_guard<std::mutex> guard(settings_lock); }
void nothing() {}

}  // namespace

TEST("guard: allocating and freeing inside a callback is seen, outside it is not") {
    if (!test::guards_allocations()) return;
    CHECK(seen_in(allocate) > 0);
    CHECK(seen_in(release) > 0);
    CHECK(seen_in(nothing) == 0);
    const std::uint64_t before = test::violations();
    allocate();
    release();
    CHECK(test::violations() == before);
}

TEST("guard: malloc, free and a lock inside a callback are seen") {
    if (!test::guards_everything()) return;
    CHECK(seen_in(allocate_with_malloc) > 0);
    CHECK(seen_in(release_with_free) > 0);
    CHECK(seen_in(lock) > 0);
    CHECK(seen_in(std::this_thread::yield) > 0);
}

TEST("guard: what a node does inside the engine's callback is seen") {
    if (!test::guards_everything()) return;
    CHECK(seen_in_a_node(nothing) == 0);
    CHECK(seen_in_a_node(allocate) > 0);
    CHECK(seen_in_a_node(release) > 0);
    CHECK(seen_in_a_node(lock) > 0);
}

TEST("guard: another thread is not inside") {
    if (!test::guards_allocations()) return;
    const std::uint64_t before = test::violations();
    std::atomic<bool> is_inside{false}, is_done{false};
    std::thread other([&] {
        while (!is_inside.load(std::memory_order_acquire))  // pairs with the store below
            std::this_thread::yield();
        allocate();
        release();
        is_done.store(true, std::memory_order_release);  // pairs with the load below
    });
    {
        const InsideCallback inside;
        is_inside.store(true, std::memory_order_release);  // pairs with the load above
        bool is_over = false;
        while (!is_over)
            is_over = is_done.load(std::memory_order_acquire);  // pairs with the store above
    }
    other.join();
    CHECK(test::violations() == before);
}
