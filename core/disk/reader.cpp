// SPDX-License-Identifier: MIT
#include "disk/reader.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "platform/process.h"

namespace tenuto::disk {

namespace {
// The ring holds seconds; only after a jump, and when it has run low, is there any hurry.
constexpr auto pause = std::chrono::milliseconds(50);
constexpr auto short_pause = std::chrono::milliseconds(2);
}  // namespace

Reader& Reader::of_this_process() {
    static std::mutex mutex;
    static Reader* reader = nullptr;
    static std::uint64_t owner = 0;
    const std::lock_guard lock(mutex);
    if (reader == nullptr || owner != platform::process_id()) {
        // As the writer does: a forked child leaves its parent's alone, for good.
        reader = new Reader;
        owner = platform::process_id();
    }
    return *reader;
}

void Reader::serve(const std::shared_ptr<Deck>& deck) {
    const std::lock_guard lock(mutex_);
    decks_.emplace_back(deck);
    if (running_) return;
    running_ = true;
    // Nobody joins it: it ends by itself when there is nothing left to do, and this object stays.
    std::thread([this] { run(); }).detach();
}

void Reader::wake() {
    const std::lock_guard lock(mutex_);
    awake_ = true;
    wake_signal_.notify_one();
}

std::size_t Reader::served() {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        decks_.begin(), decks_.end(), [](const auto& deck) { return !deck.expired(); }));
}

void Reader::run() {
    std::vector<std::shared_ptr<Deck>> decks;
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            std::erase_if(decks_, [](const auto& deck) { return deck.expired(); });
            if (decks_.empty()) {
                running_ = false;
                return;
            }
            for (const auto& deck : decks_)
                if (auto alive = deck.lock()) decks.push_back(std::move(alive));
        }
        bool moved = false, is_urgent = false;
        for (const auto& deck : decks) {
            moved |= deck->pump();
            is_urgent |= deck->is_urgent();
        }
        decks.clear();  // may be the last owners: files are closed here, without any lock
        if (moved) continue;
        std::unique_lock lock(mutex_);
        wake_signal_.wait_for(lock, is_urgent ? short_pause : pause, [this] { return awake_; });
        awake_ = false;
    }
}

}  // namespace tenuto::disk
