// SPDX-License-Identifier: MIT
#if defined(__x86_64__) || defined(_M_X64)
#include "simd/floats_sse.h"
// The floats first: the kernels are made of them.
#include "simd/blocks_lanes.h"
#include "simd/dynamics_loops.h"
#include "simd/meters_lanes.h"

namespace tenuto::simd {

extern const BlockKernels blocks_sse;
const BlockKernels blocks_sse = {part, join, round};

extern const MeterKernels meters_sse;
const MeterKernels meters_sse = {meter_groups};

extern const DynamicsKernels dynamics_sse;
const DynamicsKernels dynamics_sse = {reductions, gains_of};

}  // namespace tenuto::simd
#endif
