// SPDX-License-Identifier: MIT
// canary: effects
// expected: attribute 'nonblocking' should not be added via type conversion
//
// Gives a function that may block to a pointer type that promises not to: this file must not
// compile. Callbacks cross such pointers, so the promise has to hold there too.
#include <cstdio>

#include "shared/nonblocking.h"

using Process = void (*)(float sample) noexcept TENUTO_NONBLOCKING;

void print_sample(float sample) noexcept { std::printf("%f\n", static_cast<double>(sample)); }

int main() {
    const Process process = print_sample;
    process(0.5F);
    return 0;
}
