// SPDX-License-Identifier: MIT
//
// An errno's name ("EPERM"), because names can be searched for and numbers differ by system.
// The C library's own strerrorname_np came with glibc 2.32 and exists nowhere else.
#pragma once

#include <cerrno>
#include <string>

namespace tenuto::platform {

// [control] The names that calls in platform/ can give; any other as "errno 123".
inline std::string errno_name(int error) {
    struct Entry {
        int number;
        const char* name;
    };
    static constexpr Entry known[] = {
        {EACCES, "EACCES"},   {EAGAIN, "EAGAIN"}, {EBADF, "EBADF"},   {EBUSY, "EBUSY"},
        {EDEADLK, "EDEADLK"}, {EINVAL, "EINVAL"}, {EIO, "EIO"},       {ENOENT, "ENOENT"},
        {ENOMEM, "ENOMEM"},   {ENOSPC, "ENOSPC"}, {ENOSYS, "ENOSYS"}, {ENOTSUP, "ENOTSUP"},
        {EPERM, "EPERM"},     {EROFS, "EROFS"},   {ESRCH, "ESRCH"}};
    for (const auto& entry : known)
        if (entry.number == error) return entry.name;
    return "errno " + std::to_string(error);
}

}  // namespace tenuto::platform
