// SPDX-License-Identifier: MIT
// The vectors of AVX2, for a processor that has 32 of them: with 16, what an equalizer of eight
// stereo bands remembers does not fit, and this one is a fifth faster. (Twice as wide vectors were
// tried: no faster on a Zen 4, slower for few sections.) The results are those of AVX2, bit by bit.
#if defined(__x86_64__) || defined(_M_X64)
#include "simd/lanes_avx2.h"
// The lanes first: the cascade is made of them.
#include "simd/cascade_lanes.h"

namespace tenuto::simd {

extern const CascadeKernels cascade_avx512;
const CascadeKernels cascade_avx512 = {Lanes::count, run, gather, scatter};

}  // namespace tenuto::simd
#endif
