// SPDX-License-Identifier: MIT
#if defined(__x86_64__) || defined(_M_X64)
#include "simd/lanes_avx2.h"
// The lanes first: the cascade is made of them.
#include "simd/cascade_lanes.h"

namespace tenuto::simd {

extern const CascadeKernels cascade_avx2;
const CascadeKernels cascade_avx2 = {Lanes::count, run, gather, scatter};

}  // namespace tenuto::simd
#endif
