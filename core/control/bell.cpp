// SPDX-License-Identifier: MIT
#include "control/bell.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "platform/process.h"
#include "platform/shared_memory.h"

namespace tenuto::control {

namespace {
using Seconds = std::chrono::duration<double>;
constexpr Seconds shortest_pause{0.001}, longest_pause{0.005}, patience{1.0};
}  // namespace

Bell& Bell::of_this_process() {
    static std::mutex mutex;
    static Bell* bell = nullptr;
    static std::uint64_t owner = 0;
    const std::lock_guard lock(mutex);
    if (bell == nullptr || owner != platform::process_id()) {
        // As disk/writer.cpp does: a forked child leaves its parent's alone, and none is freed.
        bell = new Bell;
        owner = platform::process_id();
    }
    return *bell;
}

void Bell::watch(std::shared_ptr<const rt::Tape> tape, std::size_t frames, double samplerate,
                 int descriptor) {
    const std::lock_guard lock(mutex_);
    watches_.push_back({std::move(tape), frames, samplerate, descriptor});
    has_news_ = true;
    news_.notify_one();
    if (running_) return;
    running_ = true;
    std::thread([this] { run(); }).detach();  // it ends by itself, and this object stays
}

void Bell::forget(int descriptor) {
    const std::lock_guard lock(mutex_);
    std::erase_if(watches_, [=](const Watch& watch) { return watch.descriptor == descriptor; });
}

void Bell::run() {
    std::unique_lock lock(mutex_);
    do {
        Seconds pause = longest_pause;
        std::erase_if(watches_, [&pause](const Watch& watch) {
            const std::size_t there = watch.tape->samples_fill();
            if (there >= watch.frames || watch.tape->has_losses() || watch.tape->is_closed()) {
                platform::signal_descriptor(watch.descriptor);
                return true;
            }
            const Seconds missing{static_cast<double>(watch.frames - there) / watch.samplerate};
            pause = std::min(pause, std::max(shortest_pause, missing / 2));
            return false;
        });
        has_news_ = false;
        news_.wait_for(lock, watches_.empty() ? patience : pause, [this] { return has_news_; });
    } while (has_news_ || !watches_.empty());
    running_ = false;
}

}  // namespace tenuto::control
