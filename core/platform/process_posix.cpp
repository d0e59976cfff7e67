// SPDX-License-Identifier: MIT
#include "platform/process.h"

#include <unistd.h>

namespace tenuto::platform {

std::uint64_t process_id() noexcept { return static_cast<std::uint64_t>(getpid()); }

}  // namespace tenuto::platform
