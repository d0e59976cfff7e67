// SPDX-License-Identifier: MIT
// canary: asan
// expected: LeakSanitizer: detected memory leaks
//
// Loses the only pointer to an allocation: what a plan that nobody collects would do.
#include <cstdio>

namespace {

struct Plan {
    float gain[64] = {};
};

Plan* volatile current = nullptr;

// Not inlined, so that no copy of the first pointer stays behind in a register of `main`.
[[gnu::noinline]] void swap_without_freeing() {
    current = new Plan;
    current = nullptr;
}

}  // namespace

int main() {
    // Many, as a stale value on the stack may still point at one of them.
    for (int swap = 0; swap < 100; ++swap) swap_without_freeing();
    std::puts("100 plans lost");
    return 0;
}
