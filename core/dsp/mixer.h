// SPDX-License-Identifier: MIT
// Each output is a sum of all sources, each with its own factor: a mixing desk.
//
// Targets: factors, those of the first source for all outputs first. Option 0: outputs.
#pragma once

#include <cstdint>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/node.h"
#include "dsp/ramp.h"

namespace tenuto::dsp {

class Mixer final : public Node {
  public:
    // [control]
    explicit Mixer(const NodeSetup& setup);

  private:
    void process(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING override;

    std::uint32_t sources_, outputs_;
    std::vector<Ramp> factors_;
    std::uint32_t settling_ = 0;  // frames until the last ramp has arrived
};

}  // namespace tenuto::dsp
