// SPDX-License-Identifier: MIT
#include "disk/tape_end.h"

#include <algorithm>

namespace tenuto::disk {

void TapeEnd::collect_losses() {
    const auto insert = [this](const rt::Loss& loss) {
        const auto behind = std::upper_bound(
            losses_.begin(), losses_.end(), loss,
            [](const rt::Loss& a, const rt::Loss& b) { return a.position < b.position; });
        losses_.insert(behind, loss);
    };
    rt::Loss loss{};
    while (tape_->losses().read({&loss, 1}) > 0) insert(loss);
    if (tape_->is_closed() && !took_last_losses_) {
        took_last_losses_ = true;
        while (tape_->losses().read({&loss, 1}) > 0) insert(loss);
        for (const rt::Loss& last : tape_->last_losses()) insert(last);
    }
}

TapeEnd::Next TapeEnd::next(std::size_t most_frames) {
    auto& ring = tape_->samples();
    // The piece behind the wrap comes next time.
    const std::span<const float> filled = ring.filled_regions(most_frames).first;
    collect_losses();
    if (losses_.empty()) return {{}, filled};
    const std::uint64_t before = losses_.front().position - ring.read_position();
    if (before == 0) {
        const rt::Loss loss = losses_.front();
        losses_.erase(losses_.begin());
        return {loss, {}};
    }
    const auto frames =
        static_cast<std::size_t>(std::min<std::uint64_t>(filled.size() / ring.width(), before));
    return {{}, filled.first(frames * ring.width())};
}

std::size_t TapeEnd::ready(std::size_t most_frames, bool& cut) {
    auto& ring = tape_->samples();
    const auto filled = ring.filled_regions(most_frames);
    std::size_t frames = filled.items;
    collect_losses();
    cut = false;
    if (!losses_.empty()) {
        const std::uint64_t before = losses_.front().position - ring.read_position();
        cut = before <= frames;
        frames = static_cast<std::size_t>(std::min<std::uint64_t>(frames, before));
    }
    return frames;
}

bool TapeEnd::is_over() {
    if (!tape_->is_closed()) return false;  // before the rings: what is in them now is then all
    bool cut = false;
    return ready(1, cut) == 0 && !cut;
}

}  // namespace tenuto::disk
