// SPDX-License-Identifier: MIT
// Louder or softer. Target 0: the factor.
#pragma once

#include "dsp/node.h"
#include "dsp/ramp.h"

namespace tenuto::dsp {

class Gain final : public Node {
  public:
    // [control]
    explicit Gain(const NodeSetup& setup);

  private:
    void process(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING override;

    Ramp factor_;
};

}  // namespace tenuto::dsp
