// SPDX-License-Identifier: MIT
// The Fourier transform of a row of real numbers, and back, in steps that can be spread over time.
//
// Written for this project: of the libraries that it depends on none has a transform that C++ can
// reach (soxr keeps its own private), and the usual ones would be one more thing to install for 150
// lines.
//
// Method    A Stockham transform (sorts itself) of half the length, in steps of radix 4, for the
//           real row read as complex numbers; then the two halves are told apart. Factors are
//           computed in double precision.
// Layout    Real and imaginary parts in rows of their own, so that four bins fill a register.
// Bin 0     holds two real numbers: the sum (bin 0) as its real part, and the bin at half the
//           samplerate as its imaginary part.
// Accuracy  float32; the error grows with the logarithm of the length: below -135 dB of the largest
//           value for 65536 points (tested).
#pragma once

#include <cstdint>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "shared/nonblocking.h"

namespace tenuto::dsp {

// Complex numbers in two rows.
struct Split {
    float* re;
    float* im;
};

class RealFft {
  public:
    // [control] `points`: a power of two, at least 8.
    explicit RealFft(std::uint32_t points);

    // [any]
    std::uint32_t points() const noexcept TENUTO_NONBLOCKING { return 2 * half_; }
    // [any] Complex numbers in a spectrum.
    std::uint32_t bins() const noexcept TENUTO_NONBLOCKING { return half_; }
    // [any] Floats from one row to the next, if several lie in one piece: long rows need a gap, for
    // a multiple of 4 KiB apart they would fall into the same few places of the cache.
    std::uint32_t row() const noexcept TENUTO_NONBLOCKING {
        return half_ < 1024 ? half_ : half_ + 80;
    }
    // [any] Steps of a transform, of about equal length.
    std::uint32_t steps() const noexcept TENUTO_NONBLOCKING { return 2 + stages_ * parts_; }

    // [audio] One step of the transform of `first` and `second` (half the points each) into `out`;
    // all steps in their order make the transform. `a` and `b` are for its use.
    void forward(std::uint32_t step, const float* first, const float* second, Split a, Split b,
                 Split out) const noexcept TENUTO_NONBLOCKING;
    // [audio] The way back, scaled so that both together change nothing. Only the second half of
    // the points is given: what a convolution by overlapping keeps.
    void inverse(std::uint32_t step, Split in, Split a, Split b, float* second) const noexcept
        TENUTO_NONBLOCKING;

  private:
    struct Stage {
        std::uint32_t length, stride;  // of the transforms that are left, and how many there are
        std::size_t factors;           // where its factors begin
        std::uint32_t factor_row;      // from one row of them to the next
    };
    void run_stage(std::uint32_t stage, std::uint32_t part, Split from, Split to) const noexcept
        TENUTO_NONBLOCKING;

    std::uint32_t half_, stages_ = 0, parts_ = 1;
    Stage stage_[16];
    std::vector<float> factors_;    // of the stages: w, w², w³ in rows
    std::vector<float> cos_, sin_;  // of the last step
};

}  // namespace tenuto::dsp
