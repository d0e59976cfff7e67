// SPDX-License-Identifier: MIT
#if defined(__x86_64__) || defined(_M_X64)
#include "simd/floats_avx2.h"
// The floats first: the kernels are made of them.
#include "simd/blocks_lanes.h"
#include "simd/dynamics_loops.h"
#include "simd/meters_lanes.h"

namespace tenuto::simd {

extern const BlockKernels blocks_avx2;
const BlockKernels blocks_avx2 = {part, join, round};

extern const MeterKernels meters_avx2;
const MeterKernels meters_avx2 = {meter_groups};

extern const DynamicsKernels dynamics_avx2;
const DynamicsKernels dynamics_avx2 = {reductions, gains_of};

}  // namespace tenuto::simd
#endif
