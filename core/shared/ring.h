// SPDX-License-Identifier: MIT
// One writer, one reader, bounded. Neither side ever waits for the other.
//
// An item is `width` values of T that stay together (one frame of `width` channels), so a region
// never splits a frame.
//
// Threads    Each side may live on any one thread; moving a side to another thread needs
//            outside synchronisation. Construct and destroy on [control].
// Progress   Wait-free: a call copies at most `capacity` items and looks at the other side's
//            counter at most once.
// Ownership  The writer owns `write_count_`, `staged_` and the free slots, the reader
//            `read_count_` and the filled ones. A slot changes owner only when a counter is
//            stored.
// Ordering   Storing a counter releases, loading the other side's acquires. The pairs W and R
//            below are the only synchronisation.
// Staging    The writer may fill slots and show them later (`stage`, then `commit_to`): what is
//            staged is invisible to the reader. The recorder holds audio back this way while it
//            is not yet clear whether the device lost something in front of it.
// Overflow   Counters only grow; 64 bits last 760 000 years at 768 kHz.
// When full  `stage` and `write` take what fits and say how much; nothing is overwritten. The
//            caller counts the loss.
// Not for    Several writers, or values with a destructor.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "platform/memory.h"
#include "shared/atomic.h"
#include "shared/nonblocking.h"

namespace tenuto::shared {

template <typename T>
class Ring {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

  public:
    // Two pieces, because a run of slots may wrap; the second is empty when it does not.
    template <typename U>
    struct Regions {
        std::span<U> first, second;
        std::size_t items;  // in both together
    };

    // [control] Room for `slots` items (at least one) of `width` values. Not rounded up to a power
    // of two: for ten seconds of 64 channels that would be up to 120 MB more. The memory is touched
    // here, so that neither side meets a page fault later.
    explicit Ring(std::size_t slots, std::size_t width = 1)
        : slots_(std::max<std::size_t>(slots, 1)),
          width_(width),
          width_shift_(std::has_single_bit(width) ? std::countr_zero(width) : -1),
          memory_(slots_ * width * sizeof(T)),
          data_(static_cast<T*>(memory_.data())) {
        platform::prefault(memory_.data(), slots_ * width * sizeof(T));
    }

    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    // [any] Items that fit at most.
    std::size_t capacity() const noexcept TENUTO_NONBLOCKING { return slots_; }
    // [any] Values per item.
    std::size_t width() const noexcept TENUTO_NONBLOCKING { return width_; }
    // [control] The storage, to lock it into memory.
    void* memory() noexcept { return memory_.data(); }
    // [control] Its size.
    std::size_t memory_bytes() const noexcept { return slots_ * width_ * sizeof(T); }

    // [writer] Free slots behind what is staged, as two regions of at most `items` items: fill
    // them, then `stage_filled`.
    Regions<T> free_regions(std::size_t items) noexcept TENUTO_NONBLOCKING {
        const std::uint64_t committed =
            write_count_.load(std::memory_order_relaxed);  // own counter
        const std::uint64_t head = committed + staged_;
        if (slots_ - (head - read_seen_) < items)
            read_seen_ = read_count_.load(std::memory_order_acquire);  // pairs with R
        const auto free = static_cast<std::size_t>(slots_ - (head - read_seen_));
        return split<T>(write_at_, std::min(items, free));
    }

    // [writer] Says that `items` items of the regions above are filled; the reader does not see
    // them yet.
    void stage_filled(std::size_t items) noexcept TENUTO_NONBLOCKING {
        staged_ += items;
        write_at_ = on(write_at_, items);
    }

    // [writer] Copies in as many whole items of `values` as fit, unseen by the reader; returns
    // how many items.
    std::size_t stage(std::span<const T> values) noexcept TENUTO_NONBLOCKING {
        const auto regions = free_regions(items_in(values.size()));
        copy(values.data(), regions.first);
        if (!regions.second.empty()) copy(values.data() + regions.first.size(), regions.second);
        stage_filled(regions.items);
        return regions.items;
    }

    // [writer] Items ever staged (and so the position of the next one).
    std::uint64_t staged_position() const noexcept TENUTO_NONBLOCKING {
        return write_count_.load(std::memory_order_relaxed) + staged_;  // own counter
    }

    // [writer] Shows the reader everything staged before `position`.
    void commit_to(std::uint64_t position) noexcept TENUTO_NONBLOCKING {
        const std::uint64_t committed =
            write_count_.load(std::memory_order_relaxed);  // own counter
        if (position <= committed) return;
        staged_ -= static_cast<std::size_t>(position - committed);
        write_count_.store(position, std::memory_order_release);  // W: items visible
    }

    // [writer] Copies in as many whole items as fit and shows them; returns how many.
    std::size_t write(std::span<const T> values) noexcept TENUTO_NONBLOCKING {
        const std::size_t taken = stage(values);
        const std::uint64_t position = staged_position();
        staged_ = 0;
        write_count_.store(position, std::memory_order_release);  // W: items visible
        return taken;
    }

    // [reader] Filled slots, at most `items` items, as two regions; they stay valid until
    // `release`.
    Regions<const T> filled_regions(std::size_t items) noexcept TENUTO_NONBLOCKING {
        const std::uint64_t read = read_count_.load(std::memory_order_relaxed);  // own counter
        if (write_seen_ - read < items)
            write_seen_ = write_count_.load(std::memory_order_acquire);  // pairs with W
        return split<const T>(read_at_, std::min<std::size_t>(items, write_seen_ - read));
    }

    // [reader] Gives `items` slots back to the writer.
    void release(std::size_t items) noexcept TENUTO_NONBLOCKING {
        const std::uint64_t read = read_count_.load(std::memory_order_relaxed);  // own counter
        read_at_ = on(read_at_, items);
        read_count_.store(read + items, std::memory_order_release);  // R: slots free again
    }

    // [reader] Items ever released (and so the position of the next one).
    std::uint64_t read_position() const noexcept TENUTO_NONBLOCKING {
        return read_count_.load(std::memory_order_relaxed);  // own counter
    }

    // [any] Items ever shown to the reader; on a third thread a bound, as `fill` is.
    std::uint64_t committed_position() const noexcept TENUTO_NONBLOCKING {
        return write_count_.load(std::memory_order_acquire);  // pairs with W
    }

    // [reader] Copies out as many whole items as there are and fit; returns how many.
    std::size_t read(std::span<T> out) noexcept TENUTO_NONBLOCKING {
        const auto regions = filled_regions(items_in(out.size()));
        copy(regions.first.data(), out.first(regions.first.size()));
        if (!regions.second.empty())
            copy(regions.second.data(), out.subspan(regions.first.size(), regions.second.size()));
        release(regions.items);
        return regions.items;
    }

    // [any] Items visible to the reader right now; exact on either side's own thread only as a
    // bound (the other side moves on), never more than `capacity`.
    std::size_t fill() const noexcept TENUTO_NONBLOCKING {
        // `read` first: `written` can then only be the larger one.
        const std::uint64_t read = read_count_.load(std::memory_order_acquire);      // pairs with R
        const std::uint64_t written = write_count_.load(std::memory_order_acquire);  // pairs with W
        return std::min<std::size_t>(slots_, written - read);
    }

  private:
    // One frame of one or two values is not worth a call.
    static void copy(const T* from, std::span<T> to) noexcept TENUTO_NONBLOCKING {
        if (to.size() > 2) {
            std::memcpy(to.data(), from, to.size_bytes());
        } else if (!to.empty()) {
            to.front() = from[0];
            to.back() = from[to.size() - 1];
        }
    }
    // A division costs as much as copying a small block: none is made where it can be helped.
    std::size_t items_in(std::size_t values) const noexcept TENUTO_NONBLOCKING {
        return width_shift_ >= 0 ? values >> width_shift_ : values / width_;
    }
    // The slot `items` slots behind the slot `at`.
    std::size_t on(std::size_t at, std::size_t items) const noexcept TENUTO_NONBLOCKING {
        const std::size_t next = at + items;
        return next < slots_ ? next : next - slots_;
    }
    template <typename U>
    Regions<U> split(std::size_t start, std::size_t items) const noexcept TENUTO_NONBLOCKING {
        const std::size_t before_wrap = std::min(items, slots_ - start);
        return {std::span<U>(data_ + start * width_, before_wrap * width_),
                std::span<U>(data_, (items - before_wrap) * width_), items};
    }

    const std::size_t slots_;
    const std::size_t width_;
    const int width_shift_;  // a width that is a power of two as that power; -1: it is none
    platform::AlignedBuffer memory_;
    T* const data_;

    // Writer's line and reader's line apart, so that they do not fight over one cache line.
    alignas(64) Atomic<std::uint64_t> write_count_{0};
    std::size_t staged_ = 0;
    std::size_t write_at_ = 0;     // slot of the next item to be staged
    std::uint64_t read_seen_ = 0;  // the writer's last look at read_count_
    alignas(64) Atomic<std::uint64_t> read_count_{0};
    std::size_t read_at_ = 0;       // slot of the next item to be read
    std::uint64_t write_seen_ = 0;  // the reader's last look at write_count_
};

}  // namespace tenuto::shared
