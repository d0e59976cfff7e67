// SPDX-License-Identifier: MIT
#include "dsp/mixer.h"

#include <algorithm>

#include "dsp/mix.h"

namespace tenuto::dsp {

namespace {

// An output for each row; never more than there are targets for.
std::uint32_t outputs_of(const NodeSetup& setup) {
    const auto most = static_cast<std::uint32_t>(setup.targets.size() / setup.channels);
    return std::clamp(static_cast<std::uint32_t>(setup.options[0]), 0U, most);
}

}  // namespace

Mixer::Mixer(const NodeSetup& setup)
    : Node(setup, {setup.channels, 0, outputs_of(setup)}),
      sources_(setup.channels),
      outputs_(outputs_of(setup)),
      factors_(static_cast<std::size_t>(sources_) * outputs_) {}

void Mixer::steer(bool at_once) noexcept TENUTO_NONBLOCKING {
    for (std::size_t i = 0; i < factors_.size(); ++i) {
        if (at_once)
            factors_[i].jump(target(i));
        else
            factors_[i].go(target(i), ramp_frames());
        settling_ = std::max(settling_, factors_[i].left());
    }
}

void Mixer::process(const Io& io) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t to = 0; to < outputs_; ++to) {
        bool is_first = true;
        for (std::uint32_t from = 0; from < sources_; ++from) {
            const Ramp& factor = factors_[std::size_t{from} * outputs_ + to];
            if (factor.target() == 0 && !factor.is_moving()) continue;
            if (is_first)
                copy_scaled(io.out[to], io.in[from], io.frames, factor);
            else
                add_scaled(io.out[to], io.in[from], io.frames, factor);
            is_first = false;
        }
        if (is_first) std::fill_n(io.out[to], io.frames, 0.0F);
    }
    if (settling_ == 0) return;
    settling_ -= std::min(settling_, io.frames);
    for (Ramp& factor : factors_) factor.skip(io.frames);
}

}  // namespace tenuto::dsp
