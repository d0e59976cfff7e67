// SPDX-License-Identifier: MIT
// Which kernels this processor gets.
//
// Levels     "scalar" (any processor), on x86-64 "sse" (SSE4.2), "avx2" (AVX2 and FMA) and "avx512"
//            (AVX-512 F, VL, BW, DQ), on AArch64 "neon". The last one that the processor can run is
//            chosen, once.
// Forced     by the environment's TENUTO_SIMD, for tests and measurements. A level that is unknown
//            or that this processor cannot run is an error, not a reason to take another one:
//            whoever forces one wants to know what that one does.
#pragma once

#include <string>  // layer: only on [control]
#include <vector>  // layer: only on [control]

#include "simd/kernels.h"

namespace tenuto::simd {

// [control] The kernels to use, found at the first call. Throws std::invalid_argument when
// TENUTO_SIMD names what cannot be had.
const Kernels& kernels();

// [control] The kernels of a level; null when it is unknown or this processor cannot run it.
const Kernels* find_kernels(const std::string& level);

// [control] What this processor can run, the slowest first.
std::vector<std::string> levels();

}  // namespace tenuto::simd
