// SPDX-License-Identifier: MIT
#if defined(__aarch64__) || defined(_M_ARM64)
#include "simd/lanes_neon.h"
// The lanes first: the cascade is made of them.
#include "simd/cascade_lanes.h"

namespace tenuto::simd {

extern const CascadeKernels cascade_neon;
const CascadeKernels cascade_neon = {Lanes::count, run, gather, scatter};

}  // namespace tenuto::simd
#endif
