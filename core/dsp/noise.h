// SPDX-License-Identifier: MIT
// White and pink noise from a seed: the same seed gives the same samples, on every machine.
//
// Own targets  0: colour, 0 white, 1 pink; 1: seed, a whole number from 0 to 2^53.
// Options      The pink filter 1 + Σ w z⁻¹/(1 − p z⁻¹): its poles p, their weights w, both
//              `pole_count` long, and a factor that brings its output to the power of its input.
// The amplitude is the RMS value.
#pragma once

#include <array>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/generator.h"

namespace tenuto::dsp {

class Noise final : public Generator {
  public:
    static constexpr std::size_t pole_count = 8;
    static constexpr std::size_t option_count = 2 * pole_count + 1;

    // [control]
    explicit Noise(const NodeSetup& setup);

  private:
    struct Channel {
        std::uint64_t counter = 0;
        std::array<double, pole_count> memory{};
    };

    void settle(bool at_once) noexcept TENUTO_NONBLOCKING override;
    void restart() noexcept TENUTO_NONBLOCKING override;
    void generate(const Part& part) noexcept TENUTO_NONBLOCKING override;

    std::array<double, pole_count> poles_, weights_;
    double pink_factor_;
    double seed_ = -1;
    Ramp white_, pink_;  // how much of each
    std::vector<Channel> channels_;
};

}  // namespace tenuto::dsp
