// SPDX-License-Identifier: MIT
//
// The few things a recording needs of a file that libsndfile does not offer. File descriptors
// are the C library's, on Windows too (there they wrap a HANDLE).
//
// Threads    [disk] and [control]; each of these may wait for the disk.
// Signals    Calls cut short by a signal are carried on, so EINTR is never an answer.
// Position   `read_at` and `write_at` leave the file position alone on Linux and macOS. Windows
//            has no such call: there they put it back, so one thread at a time per descriptor.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tenuto::platform {

// [disk] Opens a file (UTF-8) to be read; -1 with errno set. A pipe or a device is refused: it has
// no end to look at, and opening it may wait for ever.
int open_to_read(const char* path) noexcept;

// [disk] Returns 0 once the file's bytes and its length are on the medium, else the errno.
int sync_file(int fd) noexcept;

// [disk] Bytes this user may still write on the file system that holds `fd`; -1 when unknown.
std::int64_t free_bytes(int fd) noexcept;

// [disk] Length in bytes; -1 when unknown.
std::int64_t file_size(int fd) noexcept;

// [disk] Cuts or extends (with zeros) to `bytes`; returns 0 or the errno.
int truncate_file(int fd, std::int64_t bytes) noexcept;

// [disk] All of `bytes` or false (errno tells why; end of file is false with errno 0).
bool read_at(int fd, void* into, std::size_t bytes, std::int64_t offset) noexcept;
bool write_at(int fd, const void* from, std::size_t bytes, std::int64_t offset) noexcept;

// [disk] Returns 0 or the errno; the descriptor is gone either way.
int close_file(int fd) noexcept;

// [control] Renames `from` over `to` (UTF-8) in one step: a reader sees the old file or the new
// one, never half of each. Both on one file system. False with errno set.
bool replace_file(const char* from, const char* to) noexcept;

}  // namespace tenuto::platform
