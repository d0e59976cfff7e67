// SPDX-License-Identifier: MIT
#include "simd/lanes_scalar.h"
// The lanes first: the cascade is made of them.
#include "simd/cascade_lanes.h"

namespace tenuto::simd {

extern const CascadeKernels cascade_scalar;
const CascadeKernels cascade_scalar = {Lanes::count, run, gather, scatter};

}  // namespace tenuto::simd
