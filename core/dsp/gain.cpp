// SPDX-License-Identifier: MIT
#include "dsp/gain.h"

#include "dsp/mix.h"

namespace tenuto::dsp {

Gain::Gain(const NodeSetup& setup) : Node(setup, {setup.channels, 0, setup.channels}) {}

void Gain::steer(bool at_once) noexcept TENUTO_NONBLOCKING {
    if (at_once)
        factor_.jump(target(0));
    else
        factor_.go(target(0), ramp_frames());
}

void Gain::process(const Io& io) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t c = 0; c < shape().in_channels; ++c)
        copy_scaled(io.out[c], io.in[c], io.frames, factor_);
    factor_.skip(io.frames);
}

}  // namespace tenuto::dsp
