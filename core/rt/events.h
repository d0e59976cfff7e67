// SPDX-License-Identifier: MIT
// Changes that were asked for at an exact frame: from control through a ring, then kept in order of
// their time until that comes.
//
// When full  `schedule` says so and nothing is kept. The audio side leaves in the ring what it has
//            no room for.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "shared/nonblocking.h"
#include "shared/ring.h"

namespace tenuto::rt {

struct Event {
    static constexpr std::size_t most_values = 6;
    std::uint64_t frame;   // of the engine
    std::uint64_t target;  // a `Steered::id`
    std::uint64_t order;   // of events at the same frame: as they were scheduled
    std::uint32_t first, count;
    std::array<double, most_values> values;
};

class Events {
  public:
    // [control] Room for `slots` on their way, and as many that wait for their time.
    explicit Events(std::size_t slots) : ring_(slots), waiting_(ring_.capacity()) {}

    // [control] Threads agree among themselves who calls. Any number of values: as several events.
    // False, and nothing is scheduled, when there is no room.
    bool schedule(std::uint64_t frame, std::uint64_t target, std::uint32_t first,
                  std::span<const double> values);

    // [audio] Takes in what was scheduled since.
    void collect() noexcept TENUTO_NONBLOCKING;
    // [audio] The next one, if its time has come by `frame`; null otherwise. Call `drop` then.
    const Event* due(std::uint64_t frame) const noexcept TENUTO_NONBLOCKING;
    // [audio] Removes the next one.
    void drop() noexcept TENUTO_NONBLOCKING;
    // [audio] How many of `frames` frames from `frame` on go by before the next one is due.
    std::uint32_t frames_until_next(std::uint64_t frame, std::uint32_t frames) const noexcept
        TENUTO_NONBLOCKING;

  private:
    shared::Ring<Event> ring_;
    std::uint64_t next_order_ = 0;  // control's
    std::vector<Event> waiting_;    // a heap, the earliest in front
    std::size_t count_ = 0;
};

}  // namespace tenuto::rt
