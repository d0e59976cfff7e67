// SPDX-License-Identifier: MIT
#include <windows.h>

#include "platform/process.h"

namespace tenuto::platform {

std::uint64_t process_id() noexcept { return GetCurrentProcessId(); }

}  // namespace tenuto::platform
