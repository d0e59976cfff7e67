// SPDX-License-Identifier: MIT
#include "platform/shared_memory.h"

#include <utility>

namespace tenuto::platform {

SharedMemory::SharedMemory(int, std::size_t) noexcept {}
SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)) {}
SharedMemory::~SharedMemory() = default;

SharedMemory SharedMemory::make(std::size_t) noexcept { return {-1, 0}; }
SharedMemory SharedMemory::attach(int) noexcept { return {-1, 0}; }
void signal_descriptor(int) noexcept {}

}  // namespace tenuto::platform
