// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>

#include "platform/anonymous_file.h"

namespace tenuto::platform {

int anonymous_file() noexcept {
    char name[32];  // 31 characters are the most that macOS takes
    for (int number = 0; number < 100; ++number) {
        std::snprintf(name, sizeof name, "/tenuto-%d-%d", static_cast<int>(getpid()), number);
        const int descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (descriptor < 0) continue;
        shm_unlink(name);
        return descriptor;  // shm_open sets FD_CLOEXEC
    }
    return -1;
}

}  // namespace tenuto::platform
