// SPDX-License-Identifier: MIT
// Chunks of sound from the audio thread to a worker, and back: for code that is slow, or that may
// crash. The worker may be another process; everything lies in one piece of memory that both see.
//
// A chunk is a fixed number of frames, interleaved, with its number: chunk k holds the frames
// k n … k n + n - 1 that the node has seen. What comes back carries the number of what it answers.
//
// Threads    A lane has one writer and one reader. A worker that died is followed by another one;
//            whoever starts that makes sure that the first is gone.
// Progress   Wait-free on both sides.
// Ordering   Storing a lane's counter releases, loading the other side's acquires: pairs W and R.
//            The other numbers are facts on their own.
// When full  The writer gets no slot, and leaves the chunk out.
// Distrust   The worker may scribble before it dies. The audio side believes no counter that says
//            more than there are slots, and keeps its own in its own memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>  // layer: `make` places the header, on [control]
#include <utility>

#include "platform/memory.h"
#include "platform/shared_memory.h"
#include "shared/atomic.h"
#include "shared/nonblocking.h"

namespace tenuto::shared {

// One direction: slots of `floats` samples, each with the number of its chunk.
class Lane {
  public:
    struct Counters {
        alignas(64) Atomic<std::uint64_t> written;
        alignas(64) Atomic<std::uint64_t> read;
    };

    // [control] Over memory that is zeroed, or was used by another one before.
    Lane(Counters& counters, std::byte* slots, std::uint64_t count, std::size_t floats)
        : counters_(counters),
          slots_(slots),
          count_(count),
          stride_(slot_bytes(floats)),
          own_written_(counters.written.load(std::memory_order_acquire)),  // pairs with W
          own_read_(counters.read.load(std::memory_order_acquire)) {}      // pairs with R

    // [any] Bytes of a slot: the number, on a cache line of its own, and the samples.
    static constexpr std::size_t slot_bytes(std::size_t floats) {
        return 64 + (floats * sizeof(float) + 63) / 64 * 64;
    }

    // [writer] Where to write the next chunk; null when there is no room.
    float* free_slot() noexcept TENUTO_NONBLOCKING {
        const std::uint64_t read = counters_.read.load(std::memory_order_acquire);  // pairs with R
        return own_written_ - read < count_ ? samples(own_written_) : nullptr;
    }
    // [writer] The slot is filled.
    void publish(std::uint64_t chunk) noexcept TENUTO_NONBLOCKING {
        number(own_written_) = chunk;
        counters_.written.store(++own_written_, std::memory_order_release);  // W: slot visible
    }
    // [reader] The oldest chunk and its number; null when there is none.
    const float* front(std::uint64_t& chunk) noexcept TENUTO_NONBLOCKING {
        if (fill() == 0) return nullptr;
        chunk = number(own_read_);
        return samples(own_read_);
    }
    // [reader] Done with the oldest chunk.
    void release() noexcept TENUTO_NONBLOCKING {
        counters_.read.store(++own_read_, std::memory_order_release);  // R: slot free again
    }
    // [reader] How many chunks wait.
    std::uint64_t fill() const noexcept TENUTO_NONBLOCKING {
        const std::uint64_t there =
            counters_.written.load(std::memory_order_acquire) - own_read_;  // pairs with W
        return there <= count_ ? there : 0;
    }
    // [any] How many chunks wait, for who is neither; both sides may move on in between.
    std::uint64_t waiting() const noexcept {
        const std::uint64_t read = counters_.read.load(std::memory_order_acquire);  // pairs with R
        const std::uint64_t there =
            counters_.written.load(std::memory_order_acquire) - read;  // pairs with W
        return there <= count_ ? there : count_;
    }

  private:
    std::byte* slot(std::uint64_t turn) const noexcept TENUTO_NONBLOCKING {
        return slots_ + turn % count_ * stride_;
    }
    std::uint64_t& number(std::uint64_t turn) const noexcept TENUTO_NONBLOCKING {
        return *reinterpret_cast<std::uint64_t*>(slot(turn));
    }
    float* samples(std::uint64_t turn) const noexcept TENUTO_NONBLOCKING {
        return reinterpret_cast<float*>(slot(turn) + 64);
    }

    Counters& counters_;
    std::byte* slots_;
    std::uint64_t count_;
    std::size_t stride_;
    std::uint64_t own_written_, own_read_;  // each side uses its own
};

struct ExchangeShape {
    std::uint32_t in_channels, out_channels;  // of the node
    std::uint32_t chunk_frames, slots;
    std::uint64_t latency_frames;
    double samplerate;
};

class Exchange {
    struct Header {
        std::uint64_t magic;
        ExchangeShape shape;
        // Written by the audio side: frames that the node has seen.
        alignas(64) Atomic<std::uint64_t> now;
        // Written by the worker: whether it has begun; number + 1 of the chunk that it is at, or 0;
        // and counts.
        alignas(64) Atomic<std::uint64_t> is_ready;
        Atomic<std::uint64_t> busy, answered, failed, stale, spent_ns, longest_ns;
        Lane::Counters there, back;
    };

  public:
    // [control] New memory; `shared`: for another process, too. Look whether `is_valid`.
    static Exchange make(const ExchangeShape& shape, bool shared) {
        Exchange made(
            shared ? platform::SharedMemory::make(bytes_of(shape)) : platform::SharedMemory::none(),
            shared ? 0 : bytes_of(shape));
        if (made.is_valid()) {
            auto* header = new (made.memory()) Header{};
            header->magic = magic;
            header->shape = shape;
            platform::prefault(made.memory(), bytes_of(shape));
        }
        return made;
    }
    // [control] Memory that another process made; the descriptor belongs to this from here on.
    static Exchange attach(int descriptor) {
        return {platform::SharedMemory::attach(descriptor), 0};
    }

    // [any]
    bool is_valid() const noexcept { return memory() != nullptr; }
    // [control] Whether `attach` found what `make` had made.
    bool is_whole() const noexcept {
        return is_valid() && shared_.size() >= sizeof(Header) && header().magic == magic &&
               shared_.size() >= bytes_of(header().shape);
    }
    // [any]
    const ExchangeShape& shape() const noexcept TENUTO_NONBLOCKING { return header().shape; }
    // [any]
    int descriptor() const noexcept { return shared_.descriptor(); }

    // [control] The end of a lane from the node to the worker; one writer, one reader.
    Lane there() const { return lane(header().there, 0, shape().in_channels); }
    // [control] The end of the lane back.
    Lane back() const {
        return lane(header().back,
                    shape().slots *
                        Lane::slot_bytes(std::size_t{shape().chunk_frames} * shape().in_channels),
                    shape().out_channels);
    }

    // [audio] Tells how far the node is.
    void tell(std::uint64_t now) noexcept TENUTO_NONBLOCKING {
        header().now.store(now, std::memory_order_relaxed);  // a fact on its own
    }
    // [audio] Whether a worker has ever been there.
    bool is_ready() const noexcept TENUTO_NONBLOCKING {
        return header().is_ready.load(std::memory_order_relaxed) != 0;  // a fact on its own
    }
    // [any] Whether what answers a chunk would come too late to be heard.
    bool is_stale(std::uint64_t chunk) const noexcept {
        const std::uint64_t now = header().now.load(std::memory_order_relaxed);  // a fact
        return chunk * shape().chunk_frames + shape().latency_frames < now;
    }

    // What the worker tells; each a fact on its own.
    enum class Fact : std::uint8_t { busy, answered, failed, stale, spent_ns, longest_ns };
    // [any]
    std::uint64_t fact(Fact which) const noexcept {
        return cell(which).load(std::memory_order_relaxed);  // a fact on its own
    }
    // [writer] The worker's.
    void set_fact(Fact which, std::uint64_t value) noexcept {
        cell(which).store(value, std::memory_order_relaxed);  // a fact on its own
    }
    // [writer] A worker begins.
    void begin() noexcept {
        set_fact(Fact::busy, 0);
        header().is_ready.store(1, std::memory_order_relaxed);  // a fact on its own
    }

  private:
    static constexpr std::uint64_t magic = 0x746e7465786331;

    Exchange(platform::SharedMemory shared, std::size_t own_bytes)
        : shared_(std::move(shared)), own_(own_bytes) {}

    static std::size_t bytes_of(const ExchangeShape& shape) {
        const std::size_t frames = shape.chunk_frames;
        return (sizeof(Header) + 63) / 64 * 64 +
               shape.slots * (Lane::slot_bytes(frames * shape.in_channels) +
                              Lane::slot_bytes(frames * shape.out_channels));
    }
    void* memory() const noexcept TENUTO_NONBLOCKING {
        return shared_.data() != nullptr ? shared_.data() : own_.data();
    }
    Header& header() const noexcept TENUTO_NONBLOCKING { return *static_cast<Header*>(memory()); }
    Atomic<std::uint64_t>& cell(Fact which) const noexcept {
        Header& head = header();
        Atomic<std::uint64_t>* const cells[] = {&head.busy,  &head.answered, &head.failed,
                                                &head.stale, &head.spent_ns, &head.longest_ns};
        return *cells[static_cast<std::size_t>(which)];
    }
    Lane lane(Lane::Counters& counters, std::size_t offset, std::uint32_t channels) const {
        auto* slots = static_cast<std::byte*>(memory()) + (sizeof(Header) + 63) / 64 * 64 + offset;
        return {counters, slots, shape().slots, std::size_t{shape().chunk_frames} * channels};
    }

    static_assert(Atomic<std::uint64_t>::is_always_lock_free);
    platform::SharedMemory shared_;
    platform::AlignedBuffer own_;
};

}  // namespace tenuto::shared
