// SPDX-License-Identifier: MIT
// canary: asan
// expected: AddressSanitizer: heap-buffer-overflow
//
// Reads one sample behind the end of a block: what a wrong channel count would do.
#include <cstddef>
#include <cstdio>
#include <vector>

int main(int argument_count, char**) {
    std::vector<float> block(128, 0.5F);
    // The index is not known when this is compiled, so the read cannot be folded away.
    const std::size_t behind_the_end = block.size() + static_cast<std::size_t>(argument_count) - 1;
    std::printf("%f\n", static_cast<double>(block.data()[behind_the_end]));
    return 0;
}
