// SPDX-License-Identifier: MIT
#if defined(__aarch64__) || defined(_M_ARM64)
#include "simd/peaks_loops.h"

namespace tenuto::simd {

extern const PeakKernels peaks_neon;
const PeakKernels peaks_neon = {rise, detect};

}  // namespace tenuto::simd
#endif
