// SPDX-License-Identifier: MIT
// canary: rtsan
// expected: Intercepted call to real-time unsafe function `malloc`
//
// Allocates in a function that promises not to block.
#include <cstdio>
#include <cstdlib>

#include "shared/nonblocking.h"

namespace {

void* volatile scratch = nullptr;

void process() noexcept TENUTO_NONBLOCKING { scratch = std::malloc(4096); }

}  // namespace

int main() {
    process();
    std::free(scratch);
    std::puts("the allocation was not noticed");
    return 0;
}
