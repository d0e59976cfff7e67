// SPDX-License-Identifier: MIT
// Interpolators for true peaks, folded as the kernels take them (simd/kernels.h, PeakKernels).
#pragma once

#include <array>
#include <cstddef>

#include "shared/nonblocking.h"

namespace tenuto::dsp {

// [any] Writes the even part of a filter of `taps` coefficients, then its odd part, to `folded`.
constexpr void fold_filter(const float* h, std::size_t taps, float* folded) noexcept
    TENUTO_NONBLOCKING {
    for (std::size_t k = 0; k < taps / 2; ++k) {
        folded[k] = (h[k] + h[taps - 1 - k]) / 2;
        folded[taps / 2 + k] = (h[k] - h[taps - 1 - k]) / 2;
    }
}

// The interpolator of ITU-R BS.1770-4, Annex 2: four times, at 1/8, 3/8, 5/8 and 7/8 of the way
// from sample to sample; two of its four phases, the others are their reverses.
constexpr std::size_t standard_true_peak_taps = 12;
constexpr std::array<float, 2 * standard_true_peak_taps> standard_true_peak =
    []() TENUTO_NONBLOCKING {
        constexpr float outer[] = {0.0017089843750F,  0.0109863281250F,  -0.0196533203125F,
                                   0.0332031250000F,  -0.0594482421875F, 0.1373291015625F,
                                   0.9721679687500F,  -0.1022949218750F, 0.0476074218750F,
                                   -0.0266113281250F, 0.0148925781250F,  -0.0083007812500F};
        constexpr float inner[] = {-0.0291748046875F, 0.0292968750000F,  -0.0517578125000F,
                                   0.0891113281250F,  -0.1665039062500F, 0.4650878906250F,
                                   0.7797851562500F,  -0.2003173828125F, 0.1015625000000F,
                                   -0.0582275390625F, 0.0330810546875F,  -0.0189208984375F};
        std::array<float, 2 * standard_true_peak_taps> folded{};
        fold_filter(outer, standard_true_peak_taps, folded.data());
        fold_filter(inner, standard_true_peak_taps, folded.data() + standard_true_peak_taps);
        return folded;
    }();
// No output is larger than this times the largest sample (sum of the magnitudes of `inner`, 2.02,
// and room for rounding).
constexpr float standard_true_peak_gain = 2.05F;

}  // namespace tenuto::dsp
