// SPDX-License-Identifier: MIT
//
// Code that was compiled elsewhere (a kernel made from Python, another library's function) and runs
// on the audio thread.
//
// Trust      A compiler cannot look behind an address. Whoever turns one into a `KernelCode`
// vouches
//            for it: src/tenuto/_kernels/ reads what it compiles to the last instruction; code from
//            elsewhere is run once before, and its author's word is taken for the rest.
// Lifetime   The code stays loaded until the process ends; nothing here keeps it.
#pragma once

#include <cstdint>

#include "shared/nonblocking.h"

namespace tenuto::platform {

// `in` and `out`: a pointer for each channel; the channels lie one behind the other (`in[c]` is
// `in[0] + c * frames`), and `out` comes zeroed. `state`: memory of this instance, all zero at
// first, 64-byte aligned. `params`: the parameters in their order, then the samplerate.
// A kernel that had to give up sets the first sample's bits to `kernel_failed` plus a number.
using KernelCode = void (*)(const float* const* in, float* const* out, std::uint32_t frames,
                            std::uint32_t channels, float* state, const float* params) noexcept
    TENUTO_NONBLOCKING;

// A quiet NaN that no arithmetic gives: its lower 21 bits are free.
inline constexpr std::uint32_t kernel_failed = 0x7fe00000;

// [control] The code at `address`. The one place where foreign code is promised not to block and
// not to throw: the cast takes the promise on.
inline KernelCode trusted_kernel(std::uint64_t address) noexcept {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): Python has nothing but the number
    return reinterpret_cast<KernelCode>(static_cast<std::uintptr_t>(address));
}

}  // namespace tenuto::platform
