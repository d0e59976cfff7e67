// SPDX-License-Identifier: MIT
#include "rt/events.h"

#include <algorithm>

namespace tenuto::rt {

namespace {
bool is_later(const Event& a, const Event& b) noexcept TENUTO_NONBLOCKING {
    return a.frame != b.frame ? a.frame > b.frame : a.order > b.order;
}
}  // namespace

bool Events::schedule(std::uint64_t frame, std::uint64_t target, std::uint32_t first,
                      std::span<const double> values) {
    const std::size_t needed = (values.size() + Event::most_values - 1) / Event::most_values;
    const auto room = ring_.free_regions(needed);
    if (room.items < needed) return false;
    for (std::size_t at = 0; at < values.size(); at += Event::most_values) {
        const auto some = values.subspan(at, std::min(Event::most_values, values.size() - at));
        Event event{frame,
                    target,
                    next_order_++,
                    first + static_cast<std::uint32_t>(at),
                    static_cast<std::uint32_t>(some.size()),
                    {}};
        std::copy(some.begin(), some.end(), event.values.begin());
        ring_.stage({&event, 1});
    }
    ring_.commit_to(ring_.staged_position());  // all parts of one change are seen together
    return true;
}

void Events::collect() noexcept TENUTO_NONBLOCKING {
    while (count_ < waiting_.size() && ring_.read({&waiting_[count_], 1}) > 0) {
        ++count_;
        std::push_heap(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count_),
                       is_later);
    }
}

const Event* Events::due(std::uint64_t frame) const noexcept TENUTO_NONBLOCKING {
    return count_ > 0 && waiting_[0].frame <= frame ? &waiting_[0] : nullptr;
}

void Events::drop() noexcept TENUTO_NONBLOCKING {
    std::pop_heap(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count_),
                  is_later);
    --count_;
}

std::uint32_t Events::frames_until_next(std::uint64_t frame, std::uint32_t frames) const noexcept
    TENUTO_NONBLOCKING {
    if (count_ == 0 || waiting_[0].frame >= frame + frames) return frames;
    return static_cast<std::uint32_t>(waiting_[0].frame - std::min(frame, waiting_[0].frame));
}

}  // namespace tenuto::rt
