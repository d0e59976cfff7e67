// SPDX-License-Identifier: MIT
//
// Memory that two processes see, without a name that could be left behind; and a descriptor that
// wakes whoever waits for it.
//
// Windows    Has neither yet: `make` and `attach` give nothing, `signal_descriptor` does nothing.
#pragma once

#include <cstddef>

#include "shared/nonblocking.h"

namespace tenuto::platform {

class SharedMemory {
  public:
    // [control] New zeroed memory; `is_valid` says whether there is any.
    static SharedMemory make(std::size_t bytes) noexcept;
    // [control] No memory.
    static SharedMemory none() noexcept { return {-1, 0}; }
    // [control] The memory of another process's descriptor, which that passed on; the descriptor
    // belongs to this object from here on.
    static SharedMemory attach(int descriptor) noexcept;

    // [control]
    ~SharedMemory();
    SharedMemory(SharedMemory&& other) noexcept;
    SharedMemory& operator=(SharedMemory&&) = delete;
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;

    // [any]
    bool is_valid() const noexcept { return data_ != nullptr; }
    // [any] On a page boundary.
    void* data() const noexcept TENUTO_NONBLOCKING { return data_; }
    // [any] In bytes.
    std::size_t size() const noexcept { return bytes_; }
    // [any] To be passed on; it stays this object's.
    int descriptor() const noexcept { return descriptor_; }

  private:
    SharedMemory(int descriptor, std::size_t bytes) noexcept;

    void* data_ = nullptr;
    std::size_t bytes_ = 0;
    int descriptor_ = -1;
};

// [control] Makes an event descriptor, pipe or socket readable; never waits.
void signal_descriptor(int descriptor) noexcept;

}  // namespace tenuto::platform
