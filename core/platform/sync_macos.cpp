// SPDX-License-Identifier: MIT
// Unverified: compiled for macOS, not run there.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "platform/files.h"

namespace tenuto::platform {

int sync_file(int fd) noexcept {
    // fsync on macOS stops at the drive's cache; F_FULLFSYNC goes through it. Network and some
    // foreign file systems do not know the command: fsync is the best they have.
    int result;
    do result = fcntl(fd, F_FULLFSYNC);
    while (result == -1 && errno == EINTR);
    if (result != -1) return 0;
    if (errno != ENOTSUP && errno != ENOTTY && errno != EINVAL) return errno;
    do result = fsync(fd);
    while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

}  // namespace tenuto::platform
