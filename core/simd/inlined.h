// SPDX-License-Identifier: MIT
// TENUTO_INLINED: never left to the compiler's taste, so that a helper of a kernel is compiled for
// the kernel's processor and for no other.
#pragma once

#if defined(_MSC_VER)
#define TENUTO_INLINED __forceinline
#else
#define TENUTO_INLINED inline __attribute__((always_inline))
#endif
