// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "platform/files.h"

namespace tenuto::platform {

int open_to_read(const char* path) noexcept {
    int fd;
    do fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    while (fd < 0 && errno == EINTR);
    struct stat info{};
    if (fd < 0) return -1;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) return fd;
    close(fd);
    errno = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    return -1;
}

std::int64_t free_bytes(int fd) noexcept {
    struct statvfs info{};
    int result;
    do result = fstatvfs(fd, &info);
    while (result != 0 && errno == EINTR);
    if (result != 0) return -1;
    // f_bavail, not f_bfree: what is kept back for the administrator is no room for us.
    return static_cast<std::int64_t>(info.f_bavail) * static_cast<std::int64_t>(info.f_frsize);
}

std::int64_t file_size(int fd) noexcept {
    struct stat info{};
    return fstat(fd, &info) == 0 ? static_cast<std::int64_t>(info.st_size) : -1;
}

int truncate_file(int fd, std::int64_t bytes) noexcept {
    int result;
    do result = ftruncate(fd, static_cast<off_t>(bytes));
    while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

bool read_at(int fd, void* into, std::size_t bytes, std::int64_t offset) noexcept {
    auto* at = static_cast<unsigned char*>(into);
    while (bytes > 0) {
        const auto count = pread(fd, at, bytes, static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        if (count == 0) {
            errno = 0;  // end of file: nothing failed, there is just no more
            return false;
        }
        at += count;
        offset += count;
        bytes -= static_cast<std::size_t>(count);
    }
    return true;
}

bool write_at(int fd, const void* from, std::size_t bytes, std::int64_t offset) noexcept {
    const auto* at = static_cast<const unsigned char*>(from);
    while (bytes > 0) {
        const auto count = pwrite(fd, at, bytes, static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        if (count == 0) {
            errno = ENOSPC;  // no progress and no reason: do not spin on it
            return false;
        }
        at += count;
        offset += count;
        bytes -= static_cast<std::size_t>(count);
    }
    return true;
}

int close_file(int fd) noexcept {
    // Not repeated on EINTR: the descriptor is already free then, and a second close could hit
    // a file that another thread has just opened under the same number.
    if (close(fd) == 0 || errno == EINTR) return 0;
    return errno;
}

bool replace_file(const char* from, const char* to) noexcept { return std::rename(from, to) == 0; }

}  // namespace tenuto::platform
