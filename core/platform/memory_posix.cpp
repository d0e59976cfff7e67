// SPDX-License-Identifier: MIT
#include "platform/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace tenuto::platform {

bool lock_memory(void* address, std::size_t bytes) noexcept {
    return bytes == 0 || mlock(address, bytes) == 0;
}

void unlock_memory(void* address, std::size_t bytes) noexcept {
    if (bytes != 0) munlock(address, bytes);
}

void prefault(void* address, std::size_t bytes) noexcept {
    if (bytes == 0) return;
    const long page = sysconf(_SC_PAGESIZE);
    const std::size_t step = page > 0 ? static_cast<std::size_t>(page) : 4096;
    auto* const first = static_cast<volatile unsigned char*>(address);
    // Volatile, so that writing back what was read is not optimised away.
    for (std::size_t i = 0; i < bytes; i += step) first[i] = first[i];
    first[bytes - 1] = first[bytes - 1];  // the last page may begin between two steps
}

}  // namespace tenuto::platform
