// SPDX-License-Identifier: MIT
// Sine, square, saw and triangle, without aliases; amplitude and frequency can be modulated.
//
// Own targets  0: frequency / samplerate; 1: phase, in cycles, -1 to 1; 2: duty, 0.01 to 0.99;
//              3: deviation / samplerate at a modulation of 1; 4: shape, in the order of `Shape`.
// Option 0     Points per frame of the tables in `data` (see blep.h).
// Side inputs  0: amplitude × (1 + input); 1: frequency + deviation × input. A frequency is bounded
//              to half the samplerate; a negative one runs backwards.
// Frame n has the phase that all frequencies before it add up to.
#pragma once

#include <array>

#include "dsp/blep.h"
#include "dsp/generator.h"
#include "dsp/sine.h"

namespace tenuto::dsp {

class Oscillator final : public Generator {
  public:
    // [control]
    explicit Oscillator(const NodeSetup& setup);

  private:
    enum Form : std::uint32_t { sine, square, saw, triangle, form_count };
    // What the shapes need of each frame.
    struct Course {
        std::array<std::uint64_t, chunk> phase;
        std::array<double, chunk> slope, period, duty, sum;
    };

    void settle(bool at_once) noexcept TENUTO_NONBLOCKING override;
    void restart() noexcept TENUTO_NONBLOCKING override;
    void generate(const Part& part) noexcept TENUTO_NONBLOCKING override;

    void advance(Course& course, const float* modulation, std::uint32_t frames) noexcept
        TENUTO_NONBLOCKING;
    void add(Form form, Ramp weight, Course& course, std::uint32_t frames) const noexcept
        TENUTO_NONBLOCKING;
    double at(Form form, const Course& course, std::uint32_t n) const noexcept TENUTO_NONBLOCKING;

    Blep blep_;
    Ramp frequency_, phase_, duty_, deviation_;
    std::array<Ramp, form_count> weights_;  // 1 for the shape that sounds; both while it changes
    std::uint64_t turned_ = 0;              // phase since the start
};

}  // namespace tenuto::dsp
