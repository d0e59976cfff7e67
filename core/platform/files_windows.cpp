// SPDX-License-Identifier: MIT
// Unverified: compiled for Windows, not run on a real one.
#include <fcntl.h>
#include <io.h>
#include <windows.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "platform/files.h"

namespace tenuto::platform {
namespace {

HANDLE handle_of(int fd) noexcept { return reinterpret_cast<HANDLE>(_get_osfhandle(fd)); }

// The few codes a disk gives, in the words the rest of the project uses.
int to_errno(DWORD code) noexcept {
    switch (code) {
        case ERROR_SUCCESS:
        case ERROR_HANDLE_EOF: return 0;
        case ERROR_DISK_FULL:
        case ERROR_HANDLE_DISK_FULL: return ENOSPC;
        case ERROR_WRITE_PROTECT: return EROFS;
        case ERROR_ACCESS_DENIED:
        case ERROR_SHARING_VIOLATION:
        case ERROR_LOCK_VIOLATION: return EACCES;
        case ERROR_INVALID_HANDLE: return EBADF;
        case ERROR_FILE_NOT_FOUND:
        case ERROR_PATH_NOT_FOUND: return ENOENT;
        default: return EIO;
    }
}

// A read or write at an offset moves the position of a synchronous handle: put it back.
class KeepPosition {
  public:
    explicit KeepPosition(HANDLE file) noexcept : file_(file) {
        SetFilePointerEx(file_, LARGE_INTEGER{}, &before_, FILE_CURRENT);
    }
    ~KeepPosition() { SetFilePointerEx(file_, before_, nullptr, FILE_BEGIN); }
    KeepPosition(const KeepPosition&) = delete;
    KeepPosition& operator=(const KeepPosition&) = delete;

  private:
    HANDLE file_;
    LARGE_INTEGER before_{};
};

OVERLAPPED at_offset(std::int64_t offset) noexcept {
    OVERLAPPED where{};
    where.Offset = static_cast<DWORD>(offset & 0xFFFFFFFF);
    where.OffsetHigh = static_cast<DWORD>(offset >> 32);
    return where;
}

DWORD piece(std::size_t bytes) noexcept {  // the system's counts have 32 bits
    return static_cast<DWORD>(std::min<std::size_t>(bytes, std::size_t{1} << 30));
}

std::wstring widen(const char* utf8) {
    const int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8, -1, nullptr, 0);
    if (length <= 0) return {};
    std::wstring wide(static_cast<std::size_t>(length), L'\0');
    MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8, -1, wide.data(), length);
    return wide;  // keeps its terminator inside; only c_str() is used
}

}  // namespace

int open_to_read(const char* path) noexcept {
    try {
        const std::wstring wide = widen(path);
        return _wopen(wide.c_str(), _O_RDONLY | _O_BINARY | _O_NOINHERIT);
    } catch (...) {  // the string may find no memory; this function promises not to throw
        errno = ENOMEM;
        return -1;
    }
}

int sync_file(int fd) noexcept {
    return FlushFileBuffers(handle_of(fd)) != 0 ? 0 : to_errno(GetLastError());
}

std::int64_t free_bytes(int fd) noexcept {
    // The call wants a folder, so cut the file's name off its path.
    wchar_t path[1024];
    const DWORD length = GetFinalPathNameByHandleW(handle_of(fd), path, 1024, FILE_NAME_NORMALIZED);
    if (length == 0 || length >= 1024) return -1;
    for (DWORD i = length; i > 0 && path[i - 1] != L'\\'; --i) path[i - 1] = L'\0';
    ULARGE_INTEGER available{};
    if (GetDiskFreeSpaceExW(path, &available, nullptr, nullptr) == 0) return -1;
    return static_cast<std::int64_t>(available.QuadPart);
}

std::int64_t file_size(int fd) noexcept {
    LARGE_INTEGER bytes{};
    return GetFileSizeEx(handle_of(fd), &bytes) != 0 ? bytes.QuadPart : -1;
}

int truncate_file(int fd, std::int64_t bytes) noexcept { return _chsize_s(fd, bytes); }

bool read_at(int fd, void* into, std::size_t bytes, std::int64_t offset) noexcept {
    const HANDLE file = handle_of(fd);
    const KeepPosition keep(file);
    auto* at = static_cast<unsigned char*>(into);
    while (bytes > 0) {
        OVERLAPPED where = at_offset(offset);
        DWORD count = 0;
        const bool fine = ReadFile(file, at, piece(bytes), &count, &where) != 0;
        if (!fine || count == 0) {
            errno = fine ? 0 : to_errno(GetLastError());
            return false;
        }
        at += count;
        offset += count;
        bytes -= count;
    }
    return true;
}

bool write_at(int fd, const void* from, std::size_t bytes, std::int64_t offset) noexcept {
    const HANDLE file = handle_of(fd);
    const KeepPosition keep(file);
    const auto* at = static_cast<const unsigned char*>(from);
    while (bytes > 0) {
        OVERLAPPED where = at_offset(offset);
        DWORD count = 0;
        const bool fine = WriteFile(file, at, piece(bytes), &count, &where) != 0;
        if (!fine || count == 0) {
            errno = fine ? ENOSPC : to_errno(GetLastError());
            return false;
        }
        at += count;
        offset += count;
        bytes -= count;
    }
    return true;
}

int close_file(int fd) noexcept { return _close(fd) == 0 ? 0 : errno; }

bool replace_file(const char* from, const char* to) noexcept {
    try {
        const std::wstring wide_from = widen(from);
        const std::wstring wide_to = widen(to);
        if (MoveFileExW(wide_from.c_str(), wide_to.c_str(),
                        MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) != 0)
            return true;
        errno = to_errno(GetLastError());
    } catch (...) {  // the strings may find no memory; this function promises not to throw
        errno = ENOMEM;
    }
    return false;
}

}  // namespace tenuto::platform
