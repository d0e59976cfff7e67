// SPDX-License-Identifier: MIT
// The newest value wins: a triple buffer of `count` values of T.
//
// Threads    One writer, one reader (several readers agree among themselves, e.g. by a mutex on
//            [control]). Construct and destroy on [control].
// Progress   Wait-free on both sides: one exchange each.
// Ownership  Of three slots the writer owns one, the reader one, and the third lies in
//            `middle_`; an exchange swaps the own slot for the one in the middle.
// Ordering   Both exchanges are acquire-release: the slot that comes back was written (or read to
//            the end) by the other side before it was put there.
// Overwrite  A value that nobody read is replaced; the reader never sees half of one.
// Not for    Streams: use a ring where every value counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "shared/atomic.h"
#include "shared/nonblocking.h"

namespace tenuto::shared {

template <typename T>
class Latest {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    // [control] Each value is an array of `count` T, all zero at first.
    explicit Latest(std::size_t count = 1) {
        for (auto& slot : slots_) slot.assign(count, T{});
    }

    Latest(const Latest&) = delete;
    Latest& operator=(const Latest&) = delete;

    // [writer] Where to write the next value. It holds an old one: write all of it.
    std::span<T> draft() noexcept TENUTO_NONBLOCKING { return slots_[mine_]; }

    // [writer] Makes the draft the newest value.
    void publish() noexcept TENUTO_NONBLOCKING {
        // Acquire-release, pairs with the exchange in `latest`: hands the draft over, takes a
        // slot that the reader has finished with.
        mine_ = middle_.exchange(mine_ | fresh, std::memory_order_acq_rel) & index;
    }

    // [reader] True when `latest` would return something new.
    bool has_news() const noexcept TENUTO_NONBLOCKING {
        // Relaxed is enough for the look: the exchange in `latest` synchronises.
        return (middle_.load(std::memory_order_relaxed) & fresh) != 0;
    }

    // [reader] The newest value; valid until the next call.
    std::span<const T> latest() noexcept TENUTO_NONBLOCKING {
        if (has_news())
            // Acquire-release, pairs with the exchange in `publish`.
            theirs_ = middle_.exchange(theirs_, std::memory_order_acq_rel) & index;
        return slots_[theirs_];
    }

  private:
    static constexpr std::uint8_t fresh = 4, index = 3;
    std::array<std::vector<T>, 3> slots_;
    alignas(64) Atomic<std::uint8_t> middle_{1};
    alignas(64) std::uint8_t mine_ = 0;    // the writer's slot
    alignas(64) std::uint8_t theirs_ = 2;  // the reader's slot
};

}  // namespace tenuto::shared
