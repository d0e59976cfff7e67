// SPDX-License-Identifier: MIT
#if defined(__aarch64__) || defined(_M_ARM64)
#include "simd/floats_neon.h"
// The floats first: the kernels are made of them.
#include "simd/blocks_lanes.h"
#include "simd/dynamics_loops.h"
#include "simd/meters_lanes.h"

namespace tenuto::simd {

extern const BlockKernels blocks_neon;
const BlockKernels blocks_neon = {part, join, round};

extern const MeterKernels meters_neon;
const MeterKernels meters_neon = {meter_groups};

extern const DynamicsKernels dynamics_neon;
const DynamicsKernels dynamics_neon = {reductions, gains_of};

}  // namespace tenuto::simd
#endif
