// SPDX-License-Identifier: MIT
// The sum of up to 64 steady sines.
//
// Options  For each tone: frequency / samplerate, amplitude, phase in cycles (-1 to 1).
// A rotating pair of numbers gives each tone's next sample for one product; every 64 frames it is
// set anew from a phase of 64 bits, so that no error adds up: off by less than 1e-9 for good.
#pragma once

#include <array>

#include "dsp/generator.h"

namespace tenuto::dsp {

class MultiTone final : public Generator {
  public:
    static constexpr std::size_t most = 64;

    // [control]
    explicit MultiTone(const NodeSetup& setup);

  private:
    void settle(bool) noexcept TENUTO_NONBLOCKING override {}
    void restart() noexcept TENUTO_NONBLOCKING override { place_ = 0; }
    void generate(const Part& part) noexcept TENUTO_NONBLOCKING override;

    void set_anew() noexcept TENUTO_NONBLOCKING;

    std::size_t padded_;  // tones, and silent ones to a multiple of `lanes`
    std::uint64_t place_ = 0;
    std::array<std::uint64_t, most> step_{}, start_{};
    std::array<double, most> amplitude_{}, twice_cosine_{}, now_{}, next_{};
};

}  // namespace tenuto::dsp
