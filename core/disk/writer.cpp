// SPDX-License-Identifier: MIT
#include "disk/writer.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "platform/clock.h"
#include "platform/process.h"

namespace tenuto::disk {

namespace {
constexpr auto pause = std::chrono::milliseconds(50);
}

Writer& Writer::of_this_process() {
    static std::mutex mutex;
    static Writer* writer = nullptr;
    static std::uint64_t owner = 0;
    const std::lock_guard lock(mutex);
    if (writer == nullptr || owner != platform::process_id()) {
        // After a fork the parent's writer has no thread here and its mutex may be held: it is
        // left alone, for good. So is this process's own at exit: a file may still be in its hands.
        writer = new Writer;
        owner = platform::process_id();
    }
    return *writer;
}

void Writer::serve(std::shared_ptr<Track> track) {
    const std::lock_guard lock(mutex_);
    tracks_.push_back(std::move(track));
    if (running_) return;
    running_ = true;
    // Nobody joins it: it ends by itself when there is nothing left to do, and this object stays.
    std::thread([this] { run(); }).detach();
}

void Writer::wake() {
    const std::lock_guard lock(mutex_);
    awake_ = true;
    wake_signal_.notify_one();
}

std::size_t Writer::served() {
    const std::lock_guard lock(mutex_);
    return tracks_.size();
}

void Writer::run() {
    std::vector<std::shared_ptr<Track>> tracks;
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            std::erase_if(tracks_, [](const auto& track) { return track->is_over(); });
            if (tracks_.empty()) {
                running_ = false;
                return;
            }
            tracks = tracks_;
        }
        bool moved = false;
        for (const auto& track : tracks) moved |= track->pump(platform::monotonic_ns());
        tracks.clear();
        if (moved) continue;  // until all rings are empty
        std::unique_lock lock(mutex_);
        wake_signal_.wait_for(lock, pause, [this] { return awake_; });
        awake_ = false;
    }
}

}  // namespace tenuto::disk
