// SPDX-License-Identifier: MIT
// Sees to it that nothing inside a callback allocates, frees or waits, in ordinary test builds on
// every system; sanitizers do so where they are. See guard.cpp for what is watched.
#pragma once

#include <cstdint>

namespace tenuto::test {

// While it lives, this thread is inside a callback.
class InsideCallback {
  public:
    InsideCallback() noexcept;
    ~InsideCallback();
    InsideCallback(const InsideCallback&) = delete;
    InsideCallback& operator=(const InsideCallback&) = delete;
};

// Whether allocations are watched (not under a sanitizer), whether locks and malloc are too, and
// whether every `Engine::process` counts as inside (with a linker that can put one function before
// another).
bool guards_allocations() noexcept;
bool guards_everything() noexcept;

// To be called by what is watched.
void on_call(const char* what) noexcept;

// How often something was called inside a callback; the first few are printed.
std::uint64_t violations() noexcept;
// Says that so many were meant to be.
void forgive(std::uint64_t count) noexcept;

}  // namespace tenuto::test
