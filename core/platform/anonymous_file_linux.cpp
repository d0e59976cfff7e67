// SPDX-License-Identifier: MIT
#include <sys/mman.h>

#include "platform/anonymous_file.h"

namespace tenuto::platform {

int anonymous_file() noexcept { return memfd_create("tenuto", MFD_CLOEXEC); }

}  // namespace tenuto::platform
