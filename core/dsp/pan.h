// SPDX-License-Identifier: MIT
// One channel to a place between two, or the balance of two.
//
// Targets 0, 1: factors of left and right for one channel; 2, 3: for two.
#pragma once

#include "dsp/node.h"
#include "dsp/ramp.h"

namespace tenuto::dsp {

class Pan final : public Node {
  public:
    // [control]
    explicit Pan(const NodeSetup& setup);

  private:
    void process(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING override;

    bool is_stereo_;
    Ramp factors_[2];
};

}  // namespace tenuto::dsp
