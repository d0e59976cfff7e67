// SPDX-License-Identifier: MIT
#include "dsp/meter.h"

#include <algorithm>

namespace tenuto::dsp {

Meter::Meter(const NodeSetup& setup)
    : Node(setup, {setup.channels, 0, setup.channels}),
      meters_(setup.channels, setup.samplerate, setup.options[1],
              setup.options[0] != 0 ? rt::Meters::TruePeak::on : rt::Meters::TruePeak::off) {}

void Meter::process(const Io& io) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t c = 0; c < shape().in_channels; ++c)
        std::copy_n(io.in[c], io.frames, io.out[c]);
    meters_.measure(io.in, io.frames);
}

}  // namespace tenuto::dsp
