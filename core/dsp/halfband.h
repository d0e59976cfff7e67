// SPDX-License-Identifier: MIT
// Doubling and halving the samplerate with a linear-phase half-band filter.
//
// Every second coefficient of such a filter is 0 but for the middle one, so of two samples at the
// high rate one is a delayed input, and only the other one is computed: `h` has the coefficients
// left of the middle, the outermost first, scaled to a sum of 1/2. Their mirror images are added
// first.
// Lines     begin with what is remembered and then have this strip; whoever runs a step moves what
//           the next strip needs to the front (`keep`).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "shared/nonblocking.h"

namespace tenuto::dsp {

// [audio] y[n] = sum of h[k] (x[n + k] + x[n + 2 count - 1 - k])
inline void sum_mirrored(const float* x, const std::vector<float>& h, float* y,
                         std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    const auto count = static_cast<std::uint32_t>(h.size());
    std::fill_n(y, frames, 0.0F);
    std::uint32_t k = 0;
    // Four at a time: y is read and written once for all four.
    for (; k + 4 <= count; k += 4) {
        const float a = h[k], b = h[k + 1], c = h[k + 2], d = h[k + 3];
        const float* const left = x + k;
        const float* const right = x + std::size_t{2} * count - 4 - k;
        for (std::size_t n = 0; n < frames; ++n)
            y[n] += a * (left[n] + right[n + 3]) + b * (left[n + 1] + right[n + 2]) +
                    c * (left[n + 2] + right[n + 1]) + d * (left[n + 3] + right[n]);
    }
    for (; k < count; ++k) {
        const float a = h[k];
        const float* const left = x + k;
        const float* const right = x + std::size_t{2} * count - 1 - k;
        for (std::size_t n = 0; n < frames; ++n) y[n] += a * (left[n] + right[n]);
    }
}

// A line with room for `strip` new samples behind `past` old ones.
class Line {
  public:
    // [control]
    Line(std::uint32_t past, std::uint32_t strip) : past_(past), samples_(past + strip, 0.0F) {}

    // [audio] Where this strip begins.
    float* now() noexcept TENUTO_NONBLOCKING { return samples_.data() + past_; }
    // [audio] The oldest sample that is remembered.
    const float* oldest() const noexcept TENUTO_NONBLOCKING { return samples_.data(); }
    // [audio] After a strip of `frames`: remembers its end.
    void keep(std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
        std::copy_n(samples_.data() + frames, past_, samples_.data());
    }
    // [audio]
    void forget() noexcept TENUTO_NONBLOCKING { std::fill(samples_.begin(), samples_.end(), 0.0F); }

  private:
    std::uint32_t past_;
    std::vector<float> samples_;
};

// Twice as many samples; 2 * count of them late.
class Doubler {
  public:
    // [control]
    Doubler(std::vector<float> h, std::uint32_t strip)
        : h_(std::move(h)), in_(2 * count() - 1, strip), between_(strip) {}

    // [any]
    std::uint32_t count() const noexcept TENUTO_NONBLOCKING {
        return static_cast<std::uint32_t>(h_.size());
    }
    // [any] In samples of the high rate.
    std::uint32_t latency() const noexcept TENUTO_NONBLOCKING { return 2 * count(); }

    // [audio] `frames` samples at the low rate from x give twice as many in y.
    void run(const float* x, float* y, std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
        std::copy_n(x, frames, in_.now());
        sum_mirrored(in_.oldest(), h_, between_.data(), frames);
        const float* const middle = in_.oldest() + count() - 1;
        for (std::size_t n = 0; n < frames; ++n) {
            y[2 * n] = middle[n];
            y[2 * n + 1] = between_[n];
        }
        in_.keep(frames);
    }
    // [audio]
    void forget() noexcept TENUTO_NONBLOCKING { in_.forget(); }

  private:
    std::vector<float> h_;
    Line in_;
    std::vector<float> between_;
};

// Half as many samples; 2 * (count - 1) of the high rate late.
class Halver {
  public:
    // [control] `strip` counts samples of the low rate.
    Halver(std::vector<float> h, std::uint32_t strip)
        : h_(std::move(h)), even_(count() - 1, strip), odd_(2 * count() - 1, strip) {}

    // [any]
    std::uint32_t count() const noexcept TENUTO_NONBLOCKING {
        return static_cast<std::uint32_t>(h_.size());
    }
    // [any] In samples of the high rate.
    std::uint32_t latency() const noexcept TENUTO_NONBLOCKING { return 2 * (count() - 1); }

    // [audio] Twice `frames` samples from x give `frames` in y.
    void run(const float* x, float* y, std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
        float* const even = even_.now();
        float* const odd = odd_.now();
        for (std::size_t n = 0; n < frames; ++n) {
            even[n] = x[2 * n];
            odd[n] = x[2 * n + 1];
        }
        sum_mirrored(odd_.oldest(), h_, y, frames);
        const float* const middle = even_.oldest();
        for (std::size_t n = 0; n < frames; ++n) y[n] = 0.5F * (middle[n] + y[n]);
        even_.keep(frames);
        odd_.keep(frames);
    }
    // [audio]
    void forget() noexcept TENUTO_NONBLOCKING {
        even_.forget();
        odd_.forget();
    }

  private:
    std::vector<float> h_;
    Line even_, odd_;
};

}  // namespace tenuto::dsp
