// SPDX-License-Identifier: MIT
// Passes sound on and shows how loud it is: peak, RMS, clipped samples, true peak (rt/meters.h).
// Option 0: whether true peaks are measured. 1: time constant of the RMS, seconds.
#pragma once

#include <span>

#include "dsp/node.h"
#include "rt/meters.h"

namespace tenuto::dsp {

class Meter final : public Node {
  public:
    // [control]
    explicit Meter(const NodeSetup& setup);

    // [control] What it shows, for each channel; as in `rt::Meters`.
    std::span<const rt::Level> look() noexcept { return meters_.look(); }

    // [any]
    bool has_true_peak() const noexcept { return meters_.has_true_peak(); }

  private:
    void process(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void steer(bool) noexcept TENUTO_NONBLOCKING override {}
    void forget() noexcept TENUTO_NONBLOCKING override { meters_.reset(); }

    rt::Meters meters_;
};

}  // namespace tenuto::dsp
