// SPDX-License-Identifier: MIT
// The one name by which everything in this folder means std::atomic. core/tests/model/ puts another
// type in its place and tries these structures in every way that the memory model allows.
#pragma once

#include <atomic>

namespace tenuto::shared {

template <typename T>
using Atomic = std::atomic<T>;

}  // namespace tenuto::shared
