// SPDX-License-Identifier: MIT
#if defined(__x86_64__) || defined(_M_X64)
#include "simd/peaks_loops.h"

namespace tenuto::simd {

extern const PeakKernels peaks_sse;
const PeakKernels peaks_sse = {rise, detect};

}  // namespace tenuto::simd
#endif
