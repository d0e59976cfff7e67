// SPDX-License-Identifier: MIT
// How high a signal rises between its samples: the largest output of a polyphase filter.
//
// Pairs     The filters of two instants that lie mirrored about the middle between two samples are
//           each other's reverse. With s = x[k] + x[-k] and d = x[k] - x[-k] one gives E + O, the
//           other E - O, where E sums the even part of the filter over s and O the odd part over d.
//           The larger magnitude of the two is |E| + |O|: half the multiplications, no comparison.
// Middles   The instant in the middle has no odd part.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

#include "shared/nonblocking.h"

namespace tenuto::dsp {

template <std::size_t taps_, std::size_t pairs_, std::size_t middles_>
struct TruePeak {
    static constexpr std::size_t taps = taps_, pairs = pairs_, middles = middles_;
    static constexpr std::size_t history = taps - 1;  // samples before the newest that it looks at

    using Half = std::array<float, taps / 2>;
    std::array<Half, pairs> even{}, odd{};
    std::array<Half, middles> middle{};

    // [any] Makes `pair` the filter `h` and its reverse.
    constexpr void set_pair(std::size_t pair, const float* h) noexcept TENUTO_NONBLOCKING {
        for (std::size_t k = 0; k < taps / 2; ++k) {
            even[pair][k] = (h[k] + h[taps - 1 - k]) / 2;
            odd[pair][k] = (h[k] - h[taps - 1 - k]) / 2;
        }
    }
    // [any] Makes `index` the symmetric filter `h`.
    constexpr void set_middle(std::size_t index, const float* h) noexcept TENUTO_NONBLOCKING {
        for (std::size_t k = 0; k < taps / 2; ++k) middle[index][k] = h[k];
    }
    // [audio] The largest magnitude at the instants between x[taps/2 - 1] and x[taps/2]; reads
    // `taps` samples. Written without a loop, so that a loop around it is vectorised.
    float at(const float* x) const noexcept TENUTO_NONBLOCKING {
        return over(x, std::make_index_sequence<taps / 2>(), std::make_index_sequence<pairs>(),
                    std::make_index_sequence<middles>());
    }

  private:
    static float larger(float a, float b) noexcept TENUTO_NONBLOCKING { return a < b ? b : a; }

    template <std::size_t... k>
    static float sum(const Half& h, const float* v, std::index_sequence<k...>) noexcept
        TENUTO_NONBLOCKING {
        return ((h[k] * v[k]) + ...);
    }
    template <std::size_t... k, std::size_t... p, std::size_t... m>
    float over(const float* x, std::index_sequence<k...> each, std::index_sequence<p...>,
               std::index_sequence<m...>) const noexcept TENUTO_NONBLOCKING {
        const float s[] = {(x[k] + x[taps - 1 - k])...};
        const float d[] = {(x[k] - x[taps - 1 - k])...};
        float top = 0;
        ((top = larger(top, std::abs(sum(even[p], s, each)) + std::abs(sum(odd[p], d, each)))),
         ...);
        ((top = larger(top, std::abs(sum(middle[m], s, each)))), ...);
        return top;
    }
};

// The interpolator of ITU-R BS.1770-4, Annex 2: four times, at 1/8, 3/8, 5/8 and 7/8 of the way
// from sample to sample; two of its four phases, the others are their reverses.
using StandardTruePeak = TruePeak<12, 2, 0>;

constexpr StandardTruePeak standard_true_peak = []() TENUTO_NONBLOCKING {
    constexpr float outer[] = {0.0017089843750F,  0.0109863281250F,  -0.0196533203125F,
                               0.0332031250000F,  -0.0594482421875F, 0.1373291015625F,
                               0.9721679687500F,  -0.1022949218750F, 0.0476074218750F,
                               -0.0266113281250F, 0.0148925781250F,  -0.0083007812500F};
    constexpr float inner[] = {-0.0291748046875F, 0.0292968750000F,  -0.0517578125000F,
                               0.0891113281250F,  -0.1665039062500F, 0.4650878906250F,
                               0.7797851562500F,  -0.2003173828125F, 0.1015625000000F,
                               -0.0582275390625F, 0.0330810546875F,  -0.0189208984375F};
    StandardTruePeak both;
    both.set_pair(0, outer);
    both.set_pair(1, inner);
    return both;
}();
// No output is larger than this times the largest sample (sum of the magnitudes of `inner`, 2.02,
// and room for rounding).
constexpr float standard_true_peak_gain = 2.05F;

}  // namespace tenuto::dsp
