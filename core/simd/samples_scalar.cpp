// SPDX-License-Identifier: MIT
#include "simd/floats_scalar.h"
// The floats first: the kernels are made of them.
#include "simd/blocks_lanes.h"
#include "simd/dynamics_loops.h"
#include "simd/meters_lanes.h"

namespace tenuto::simd {

extern const BlockKernels blocks_scalar;
const BlockKernels blocks_scalar = {part, join, round};

extern const MeterKernels meters_scalar;
const MeterKernels meters_scalar = {meter_groups};

extern const DynamicsKernels dynamics_scalar;
const DynamicsKernels dynamics_scalar = {reductions, gains_of};

}  // namespace tenuto::simd
