// SPDX-License-Identifier: MIT
// canary: asan
// expected: runtime error: signed integer overflow
//
// Lets a signed frame counter run over: what 32 bits of frames do after half a day at 48 kHz.
#include <cstdint>
#include <cstdio>
#include <limits>

int main(int argument_count, char**) {
    std::int32_t frames = std::numeric_limits<std::int32_t>::max();
    frames += argument_count;
    std::printf("%d\n", static_cast<int>(frames));
    return 0;
}
