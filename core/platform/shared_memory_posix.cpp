// SPDX-License-Identifier: MIT
#include "platform/shared_memory.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "platform/anonymous_file.h"

namespace tenuto::platform {

SharedMemory::SharedMemory(int descriptor, std::size_t bytes) noexcept : descriptor_(descriptor) {
    if (descriptor < 0 || bytes == 0) return;
    void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (address == MAP_FAILED) return;
    data_ = address;
    bytes_ = bytes;
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

SharedMemory::~SharedMemory() {
    if (data_ != nullptr) munmap(data_, bytes_);
    if (descriptor_ >= 0) close(descriptor_);
}

SharedMemory SharedMemory::make(std::size_t bytes) noexcept {
    const int descriptor = anonymous_file();
    if (descriptor >= 0 && ftruncate(descriptor, static_cast<off_t>(bytes)) != 0)
        return {descriptor, 0};
    return {descriptor, bytes};
}

SharedMemory SharedMemory::attach(int descriptor) noexcept {
    struct stat info{};
    if (fstat(descriptor, &info) != 0) return {-1, 0};
    return {descriptor, static_cast<std::size_t>(info.st_size)};
}

void signal_descriptor(int descriptor) noexcept {
    // Eight bytes: what an event descriptor takes; to a pipe they are just as good. Full means that
    // it is readable already.
    const std::uint64_t one = 1;
    while (write(descriptor, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

}  // namespace tenuto::platform
