// SPDX-License-Identifier: MIT
#include "dsp/pan.h"

#include "dsp/mix.h"

namespace tenuto::dsp {

Pan::Pan(const NodeSetup& setup)
    : Node(setup, {setup.channels > 1 ? 2U : 1U, 0, 2}), is_stereo_(setup.channels > 1) {}

void Pan::steer(bool at_once) noexcept TENUTO_NONBLOCKING {
    for (std::size_t side = 0; side < 2; ++side) {
        const double factor = target(side + (is_stereo_ ? 2 : 0));
        if (at_once)
            factors_[side].jump(factor);
        else
            factors_[side].go(factor, ramp_frames());
    }
}

void Pan::process(const Io& io) noexcept TENUTO_NONBLOCKING {
    for (std::size_t side = 0; side < 2; ++side) {
        copy_scaled(io.out[side], io.in[is_stereo_ ? side : 0], io.frames, factors_[side]);
        factors_[side].skip(io.frames);
    }
}

}  // namespace tenuto::dsp
