// SPDX-License-Identifier: MIT
#if defined(__x86_64__) || defined(_M_X64)
#include "simd/lanes_sse.h"
// The lanes first: the cascade is made of them.
#include "simd/cascade_lanes.h"

namespace tenuto::simd {

extern const CascadeKernels cascade_sse;
const CascadeKernels cascade_sse = {Lanes::count, run, gather, scatter};

}  // namespace tenuto::simd
#endif
