// SPDX-License-Identifier: MIT
#include "simd/peaks_loops.h"

namespace tenuto::simd {

extern const PeakKernels peaks_scalar;
const PeakKernels peaks_scalar = {rise, detect};

}  // namespace tenuto::simd
