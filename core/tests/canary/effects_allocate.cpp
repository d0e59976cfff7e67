// SPDX-License-Identifier: MIT
// canary: effects
// expected: function with 'nonblocking' attribute must not allocate or deallocate memory
//
// Allocates in a function that promises not to block: this file must not compile.
#include "shared/nonblocking.h"

float* process() noexcept TENUTO_NONBLOCKING;

float* process() noexcept TENUTO_NONBLOCKING { return new float[128]; }

int main() { return process() == nullptr ? 1 : 0; }
