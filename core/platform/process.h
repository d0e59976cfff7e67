// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace tenuto::platform {

// [control] [disk] The number of the calling process. Asked anew each time, so a forked child can
// tell that what it inherited belongs to its parent.
std::uint64_t process_id() noexcept;

}  // namespace tenuto::platform
