// SPDX-License-Identifier: MIT
// A sine that glides from one frequency to another, linearly or exponentially, once.
//
// Own targets  0: frames; 1, 2: frequency / samplerate at the begin and at the end; 3: 1 for
//              exponential, 0 for linear; 4, 5: frames of the fades in and out (raised cosine).
//              They are read at each start: a glide that is under way is not bent.
// The phase is in closed form, in doubles: off by less than 1e-9 cycles after 10^6 cycles.
#pragma once

#include <array>

#include "dsp/generator.h"

namespace tenuto::dsp {

class Sweep final : public Generator {
  public:
    // [control]
    explicit Sweep(const NodeSetup& setup) : Generator(setup, 0, true) {}

  private:
    void settle(bool) noexcept TENUTO_NONBLOCKING override {}
    void restart() noexcept TENUTO_NONBLOCKING override;
    void generate(const Part& part) noexcept TENUTO_NONBLOCKING override;
    bool is_over() const noexcept TENUTO_NONBLOCKING override { return place_ >= length_; }

    double cycles(std::uint64_t place) noexcept TENUTO_NONBLOCKING;
    double fade(std::uint64_t place) const noexcept TENUTO_NONBLOCKING;

    std::uint64_t place_ = 0, length_ = 0, fade_in_ = 0, fade_out_ = 0;
    double begin_ = 0, bend_ = 0;  // linear: cycles = begin n + bend n²
    double rate_ = 0, scale_ = 0;  // exponential: cycles = scale (exp(rate n) - 1); 0: linear
    std::array<double, chunk> powers_{};  // exp(rate j), j < chunk
    double anchor_ = 1;                   // exp(rate n) at the last multiple of `chunk`
};

}  // namespace tenuto::dsp
