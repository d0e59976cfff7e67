// SPDX-License-Identifier: MIT
// Single numbers that two threads share: counts that one thread keeps and others read, and
// settings that control writes and the audio thread reads.
//
// Threads    `Counter` has one writer and any readers. `Setting` may be written and read by any.
// Progress   Wait-free. The writer of a `Counter` needs no read-modify-write: it is alone.
// Ordering   A `Counter` is a fact on its own and orders nothing. A `Setting` releases what was
//            written before it was set to whoever reads it.
// Not for    Two numbers that must be seen together: use `latest.h`.
#pragma once

#include <cstdint>

#include "shared/atomic.h"
#include "shared/nonblocking.h"

namespace tenuto::shared {

template <typename T>
class Cell {
  public:
    Cell() = default;
    explicit Cell(T value) noexcept : value_(value) {}

    // [writer] Adds to it.
    void add(T amount) noexcept TENUTO_NONBLOCKING {
        const T now = value_.load(std::memory_order_relaxed);   // own counter
        value_.store(now + amount, std::memory_order_relaxed);  // a fact on its own
    }
    // [writer] Replaces it.
    void set(T value) noexcept TENUTO_NONBLOCKING {
        value_.store(value, std::memory_order_relaxed);  // a fact on its own
    }
    // [writer] Raises it to `value` if that is larger.
    void raise_to(T value) noexcept TENUTO_NONBLOCKING {
        if (value > get()) set(value);
    }
    // [any] Its value.
    T get() const noexcept TENUTO_NONBLOCKING {
        return value_.load(std::memory_order_relaxed);  // a fact on its own
    }

  private:
    static_assert(Atomic<T>::is_always_lock_free);
    Atomic<T> value_{};
};

using Counter = Cell<std::uint64_t>;

// [any] A number that nobody else has: 1, 2, 3 …
inline std::uint64_t next_number() noexcept {
    static Atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;  // only its being unique counts
}

template <typename T>
class Setting {
  public:
    Setting() = default;
    explicit Setting(T value) noexcept : value_(value) {}

    // [any] Sets it, and shows whoever reads this value what was written before.
    void set(T value) noexcept TENUTO_NONBLOCKING {
        value_.store(value, std::memory_order_release);  // pairs with get
    }
    // [any] Its value.
    T get() const noexcept TENUTO_NONBLOCKING {
        return value_.load(std::memory_order_acquire);  // pairs with set
    }
    // [any] Sets it and returns what it was: for a question that is asked once.
    T exchange(T value) noexcept TENUTO_NONBLOCKING {
        return value_.exchange(value, std::memory_order_acq_rel);  // pairs with get and set
    }

  private:
    static_assert(Atomic<T>::is_always_lock_free);
    Atomic<T> value_{};
};

}  // namespace tenuto::shared
