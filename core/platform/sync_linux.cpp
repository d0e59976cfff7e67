// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cerrno>

#include "platform/files.h"

namespace tenuto::platform {

int sync_file(int fd) noexcept {
    // fdatasync writes the length too when it has changed; it leaves out only the time stamps,
    // which would cost a second write for nothing a reader needs.
    int result;
    do result = fdatasync(fd);
    while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

}  // namespace tenuto::platform
