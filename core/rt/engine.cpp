// SPDX-License-Identifier: MIT
#include "rt/engine.h"

#include <algorithm>
#include <vector>  // layer: only in `close`, on [control]

#include "platform/clock.h"
#include "platform/denormals.h"
#include "platform/thread.h"

namespace tenuto::rt {

Engine::Engine(const EngineSettings& settings)
    : settings_(settings),
      books_(settings.books),
      monitor_(settings.in_channels, settings.out_channels, settings.books.samplerate,
               settings.separate_output),
      events_(settings.event_slots) {}

void Engine::process(const Block& block) noexcept TENUTO_NONBLOCKING {
    const std::int64_t begin_ns = platform::monotonic_ns();
    const platform::FlushDenormals flush;
    Plan* plan = plans_.take();
    account(block, plan);
    if (plan != nullptr && plan->graph) {
        run_graph(block, *plan->graph);
    } else if (plan != nullptr && block.in != nullptr) {
        if (Tape* tape = plan->tape.get()) {
            tape->capture(block.in, block.frames, settings_.in_channels);
            tape->show(books_.unsettled_tag());
            if (plan->meters)
                counts_.not_finite.add(plan->meters->measure(block.in, block.frames,
                                                             settings_.in_channels, tape->picks()));
        }
        hear(block, *plan);
    } else if (block.out != nullptr) {
        std::fill_n(block.out, std::size_t{block.frames} * settings_.out_channels, 0.0F);
    }
    count(block, begin_ns);
}

void Engine::account(const Block& block, Plan* plan) noexcept TENUTO_NONBLOCKING {
    const std::uint64_t number = counts_.callbacks.get();
    Tape* const own = plan != nullptr ? plan->tape.get() : nullptr;
    const std::span<Tape* const> branches =
        plan != nullptr && plan->graph ? plan->graph->tapes() : std::span<Tape* const>{};
    if (own != nullptr) own->begin_block(number, block.now_ns);
    for (Tape* tape : branches) tape->begin_block(number, block.now_ns);
    books_.enter({block.now_ns, block.frames, block.device_frame, number});
    const double first_frame_ns = static_cast<double>(block.now_ns) - books_.lateness_ns() -
                                  block.frames * 1e9 / books_.true_samplerate();
    if (own != nullptr) own->tell_time(first_frame_ns);
    for (Tape* tape : branches) tape->tell_time(first_frame_ns);
    while (const Loss* loss = books_.next_loss()) {
        bool told = own == nullptr || own->lose(*loss, loss_number_);
        for (Tape* tape : branches) told &= tape->lose(*loss, loss_number_);
        if (!told) break;  // asked again with the next block
        counts_.losses.add(1);
        counts_.lost_frames.add(loss->frames);
        books_.drop_loss();
        ++loss_number_;
    }
}

// In pieces: none longer than the graph's buffers, and a new one wherever a change is due.
void Engine::run_graph(const Block& block, Graph& graph) noexcept TENUTO_NONBLOCKING {
    events_.collect();
    const float* in = block.in;
    float* out = block.out;
    std::uint64_t frame = counts_.graph_frames.get();
    for (std::uint32_t left = block.frames; left > 0;) {
        apply_events(graph, frame);
        const std::uint32_t some =
            events_.frames_until_next(frame, std::min(left, graph.max_block()));
        counts_.not_finite.add(graph.load(in, some));
        graph.run(some, frame);
        counts_.not_finite.add(graph.store(out != nullptr ? out : graph.scratch(), some));
        if (out == nullptr && monitor_.is_separate())
            monitor_.pass({graph.scratch(), std::size_t{some} * settings_.out_channels});
        if (in != nullptr) in += std::size_t{some} * settings_.in_channels;
        if (out != nullptr) out += std::size_t{some} * settings_.out_channels;
        frame += some;
        left -= some;
    }
    counts_.graph_frames.set(frame);
    const std::uint64_t unsettled = books_.unsettled_tag();
    for (Tape* tape : graph.tapes()) tape->show(unsettled);
}

void Engine::apply_events(Graph& graph, std::uint64_t frame) noexcept TENUTO_NONBLOCKING {
    while (const Event* event = events_.due(frame)) {
        if (event->frame < frame) counts_.late_events.add(1);
        if (!graph.change(event->target, event->first, {event->values.data(), event->count}))
            counts_.lost_events.add(1);
        events_.drop();
    }
}

void Engine::hear(const Block& block, const Plan& plan) noexcept TENUTO_NONBLOCKING {
    const auto picks = plan.tape ? plan.tape->picks() : std::span<const std::uint32_t>{};
    if (block.out != nullptr)
        monitor_.hear(block.in, block.out, block.frames, picks, plan.monitor_gain);
    else if (monitor_.is_separate())
        monitor_.send(block.in, block.frames, picks, plan.monitor_gain);
}

void Engine::play(float* out, std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    if (counts_.output_thread.get() == 0) counts_.output_thread.set(platform::current_thread());
    monitor_.play(out, frames);
}

void Engine::count(const Block& block, std::int64_t begin_ns) noexcept TENUTO_NONBLOCKING {
    const std::int64_t late_ns = block.due_ns > 0 ? block.now_ns - block.due_ns
                                                  : static_cast<std::int64_t>(books_.lateness_ns());
    lateness_.enter(late_ns);
    // Not from `now_ns`: a stepped device computes that one.
    duration_.enter(platform::monotonic_ns() - begin_ns);
    if (static_cast<double>(late_ns) * settings_.books.samplerate > 1e9 * block.frames)
        counts_.late.add(1);
    if (block.flagged) counts_.flagged.add(1);
    if (counts_.thread.get() == 0) counts_.thread.set(platform::current_thread());
    if (counts_.callbacks.get() == 0) {
        counts_.first_callback_ns.set(block.now_ns);
        counts_.blocksize.set(block.frames);
    }
    counts_.callbacks.add(1);
    counts_.frames.add(block.frames);
    counts_.last_callback_ns.set(block.now_ns);
    counts_.true_samplerate.set(books_.true_samplerate());
    if (block.device_frame >= 0)
        counts_.next_device_frame.set(static_cast<std::uint64_t>(block.device_frame) +
                                      block.frames);
}

void Engine::offer(std::unique_ptr<Plan> plan) {
    plans_.collect();
    plans_.offer(std::move(plan));
}

void Engine::device_returns() noexcept {
    plans_.collect();
    books_.device_returns();
    counts_.thread.set(0);  // the next callback may come from another one
    counts_.output_thread.set(0);
}

Loss Engine::missing_until(std::int64_t now_ns, std::int64_t device_frame) const noexcept {
    const std::uint64_t known = counts_.next_device_frame.get();
    std::uint64_t frames = books_.missing_until(now_ns);
    if (device_frame >= 0)
        frames = static_cast<std::uint64_t>(device_frame) -
                 std::min<std::uint64_t>(known, static_cast<std::uint64_t>(device_frame));
    return {at_the_end, frames, now_ns, Cause::device_lost};
}

void Engine::close(Tape& tape, const Loss* end) {
    std::vector<Loss> untold;
    books_.settle_at_end(counts_.last_callback_ns.get());
    for (; const Loss* loss = books_.next_loss(); books_.drop_loss()) untold.push_back(*loss);
    if (end != nullptr) untold.push_back(*end);
    tape.close(untold);
}

}  // namespace tenuto::rt
