// SPDX-License-Identifier: MIT
// Unverified: compiled for Windows, not run on a real one.
#include <windows.h>

#include "platform/memory.h"

namespace tenuto::platform {

bool lock_memory(void* address, std::size_t bytes) noexcept {
    // Fails beyond the process's minimum working set (about 200 kB). Growing that is the whole
    // program's decision, not ours, so the answer is simply no.
    return bytes == 0 || VirtualLock(address, bytes) != 0;
}

void unlock_memory(void* address, std::size_t bytes) noexcept {
    if (bytes != 0) VirtualUnlock(address, bytes);
}

void prefault(void* address, std::size_t bytes) noexcept {
    if (bytes == 0) return;
    SYSTEM_INFO system{};
    GetSystemInfo(&system);
    auto* const first = static_cast<volatile unsigned char*>(address);
    for (std::size_t i = 0; i < bytes; i += system.dwPageSize) first[i] = first[i];
    first[bytes - 1] = first[bytes - 1];  // the last page may begin between two steps
}

}  // namespace tenuto::platform
