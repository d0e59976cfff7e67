// SPDX-License-Identifier: MIT
// The largest of the last `window` values, at each value.
//
// By doubling: the maximum over 2w values is the larger one of two over w values that are w apart.
// That is log2(window) passes over a strip, all of them vectorised and none with a branch: for 80
// values less work than a queue's bookkeeping, and the same whatever the signal is.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "shared/nonblocking.h"

namespace tenuto::dsp {

class SlidingMax {
  public:
    // [control] Over `window` values, at least 1; `strip` at once at most.
    SlidingMax(std::uint32_t window, std::uint32_t strip) {
        for (std::uint32_t width = 1; width < window;) {
            // The last step overlaps: it is as long as what is left.
            const std::uint32_t step = std::min(width, window - width);
            passes_.push_back({step, std::vector<float>(step + strip)});
            width += step;
        }
    }

    // [audio] values[n] becomes the largest of values[n - window + 1 .. n]; they are positive.
    void run(float* values, std::uint32_t count) noexcept TENUTO_NONBLOCKING {
        for (Pass& pass : passes_) {
            float* const line = pass.line.data();
            const std::uint32_t step = pass.step;
            std::copy_n(values, count, line + step);
            for (std::uint32_t n = 0; n < count; ++n)
                values[n] = values[n] < line[n] ? line[n] : values[n];
            std::copy(line + count, line + count + step, line);
        }
    }
    // [audio] Forgets what it was given.
    void forget() noexcept TENUTO_NONBLOCKING {
        for (Pass& pass : passes_) std::fill(pass.line.begin(), pass.line.end(), 0.0F);
    }

  private:
    struct Pass {
        std::uint32_t step;
        std::vector<float> line;  // the last `step` values, then those of this strip
    };
    std::vector<Pass> passes_;
};

}  // namespace tenuto::dsp
