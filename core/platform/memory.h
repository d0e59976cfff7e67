// SPDX-License-Identifier: MIT
//
// Memory that the audio thread can touch without a page fault.
//
// Threads    [control] for all of it. The audio thread only reads and writes the bytes.
// Order      Allocate, `prefault`, `lock_memory`, then publish. Before freeing: `unlock_memory`.
// Locking    Works on whole pages and does not nest: a page shared with a neighbouring block is
//            unlocked with whichever goes first. Lock one large arena, not many small blocks.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

#include "shared/nonblocking.h"

namespace tenuto::platform {

// [control] Keeps the pages in memory. False where the system does not allow it (RLIMIT_MEMLOCK,
// the Windows working set): the memory still works, but may be swapped out under pressure.
bool lock_memory(void* address, std::size_t bytes) noexcept;

// [control] Undoes `lock_memory`; harmless on memory that is not locked.
void unlock_memory(void* address, std::size_t bytes) noexcept;

// [control] Writes each page once (with what it holds), so that the kernel maps it now. No other
// thread may be writing there yet.
void prefault(void* address, std::size_t bytes) noexcept;

// Zeroed bytes on a 64-byte boundary (one cache line, one AVX-512 register), freed by the
// deallocator that belongs to them. Move-only. Holds memory, not objects: for sample and counter
// types that need no constructor.
class AlignedBuffer {
  public:
    static constexpr std::size_t alignment = 64;

    AlignedBuffer() noexcept = default;

    // [control] Throws std::bad_alloc. Zero bytes give an empty buffer with a null address.
    explicit AlignedBuffer(std::size_t bytes) : bytes_(bytes) {
        if (bytes == 0) return;
        data_ = ::operator new(bytes, std::align_val_t{alignment});
        std::memset(data_, 0, bytes);
    }
    ~AlignedBuffer() { release(); }

    AlignedBuffer(AlignedBuffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
        if (this != &other) {
            release();
            data_ = std::exchange(other.data_, nullptr);
            bytes_ = std::exchange(other.bytes_, 0);
        }
        return *this;
    }
    AlignedBuffer(const AlignedBuffer&) = delete;
    AlignedBuffer& operator=(const AlignedBuffer&) = delete;

    // [any] The first byte; null when empty.
    void* data() const noexcept TENUTO_NONBLOCKING { return data_; }

    // [any] In bytes.
    std::size_t size() const noexcept { return bytes_; }

    // [any] The bytes as an array of `T`, for instance `buffer.as<float>()`.
    template <typename T>
    T* as() const noexcept {
        return static_cast<T*>(data_);
    }

  private:
    void release() noexcept {
        // The aligned form of delete: the plain one must not see memory of the aligned new.
        if (data_ != nullptr) ::operator delete(data_, std::align_val_t{alignment});
    }

    void* data_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace tenuto::platform
