// SPDX-License-Identifier: MIT
// Start reading here: one callback, from device block to device block.
#pragma once

#include <cstdint>
#include <memory>  // layer: plans are built and freed on [control]

#include "rt/books.h"
#include "rt/events.h"
#include "rt/monitor.h"
#include "rt/plan.h"
#include "rt/timing.h"
#include "shared/counters.h"
#include "shared/handoff.h"
#include "shared/nonblocking.h"

namespace tenuto::rt {

// One block as a device hands it over: interleaved, full scale 1.0.
struct Block {
    const float* in;  // null: the device has no input
    float* out;       // null: the device has no output
    std::uint32_t frames;
    std::int64_t now_ns;        // monotonic clock at the callback's begin
    std::int64_t device_frame;  // its own index of the first frame, see `Arrival`; -1: not known
    std::int64_t due_ns;        // when the callback should have come, or 0: not known
    bool flagged;               // the device's library says that something was lost
};

struct EngineSettings {
    std::uint32_t in_channels = 0, out_channels = 0;
    BooksSettings books;
    bool separate_output = false;     // the output is a device of its own: `play`
    std::size_t event_slots = 16384;  // scheduled changes that may wait
};

class Engine {
  public:
    // [control]
    explicit Engine(const EngineSettings& settings);

    // [audio] One callback: everything that happens to a block happens in here.
    void process(const Block& block) noexcept TENUTO_NONBLOCKING;

    // [audio] One callback of an output that is a device of its own; it may be another thread.
    void play(float* out, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;

    // [control] Gives the audio thread a new plan for its next block; frees the ones before it.
    void offer(std::unique_ptr<Plan> plan);
    // [control] True when the last offer is in use.
    bool is_taken() noexcept { return plans_.is_taken(); }

    // [control] Changes of parameters at a frame of the graph's time; see `Events::schedule`.
    bool schedule(std::uint64_t frame, std::uint64_t target, std::uint32_t first,
                  std::span<const double> values) {
        return events_.schedule(frame, target, first, values);
    }

    // [control] The device went away and comes back; no audio thread may run.
    void device_returns() noexcept;
    // [control] What is missing at the end of a recording whose device is gone until `now_ns` or,
    // if the device tells its position, until that; no audio thread may run.
    Loss missing_until(std::int64_t now_ns, std::int64_t device_frame) const noexcept;
    // [control] Ends a recording, with what is missing at its end, if anything; no audio thread may
    // run.
    void close(Tape& tape, const Loss* end);

    // Books of the engine, each a fact on its own.
    struct Counts {
        shared::Counter callbacks, frames, late, flagged, losses, lost_frames, next_device_frame;
        shared::Counter graph_frames, not_finite, late_events, lost_events;
        shared::Cell<std::int64_t> last_callback_ns{0};
        shared::Cell<std::int64_t> first_callback_ns{0};
        shared::Cell<std::uint64_t> thread{0};  // a platform::ThreadHandle; 0 until it has run
        shared::Cell<std::uint64_t> output_thread{0};  // of an output of its own
        shared::Cell<double> true_samplerate{0};
        shared::Cell<std::uint32_t> blocksize{0};
    };
    // [any]
    const Counts& counts() const noexcept { return counts_; }
    // [any] How late callbacks began.
    const Histogram& lateness() const noexcept { return lateness_; }
    // [any] How long they took.
    const Histogram& duration() const noexcept { return duration_; }
    // [any]
    const EngineSettings& settings() const noexcept { return settings_; }

  private:
    void account(const Block& block, Plan* plan) noexcept TENUTO_NONBLOCKING;
    void run_graph(const Block& block, Graph& graph) noexcept TENUTO_NONBLOCKING;
    void apply_events(Graph& graph, std::uint64_t frame) noexcept TENUTO_NONBLOCKING;
    void hear(const Block& block, const Plan& plan) noexcept TENUTO_NONBLOCKING;
    void count(const Block& block, std::int64_t begin_ns) noexcept TENUTO_NONBLOCKING;

    EngineSettings settings_;
    Books books_;
    shared::Handoff<Plan> plans_;
    Monitor monitor_;
    Events events_;
    std::uint64_t loss_number_ = 0;  // of the next loss
    Counts counts_;
    Histogram lateness_, duration_;
};

}  // namespace tenuto::rt
