// SPDX-License-Identifier: MIT
#pragma once

namespace tenuto::platform {

// [control] A file in memory that has no name, closed on exec; -1 with errno set.
int anonymous_file() noexcept;

}  // namespace tenuto::platform
