// SPDX-License-Identifier: MIT
#include "dsp/gate.h"

#include <algorithm>
#include <cmath>

#include "dsp/linked_level.h"

namespace tenuto::dsp {

Gate::Gate(const NodeSetup& setup) : Node(setup, {setup.channels, 1, setup.channels}) {}

void Gate::steer(bool at_once) noexcept TENUTO_NONBLOCKING {
    opens_at_ = static_cast<float>(target(0));
    closes_at_ = static_cast<float>(target(1));
    floor_ = target(2);
    attack_ = target(3);
    release_ = target(4);
    hold_ = static_cast<std::uint32_t>(target(5));
    if (at_once) gain_ = floor_;
}

void Gate::forget() noexcept TENUTO_NONBLOCKING {
    is_open_ = false;
    hold_left_ = 0;
    gain_ = floor_;
}

void Gate::follow_level(std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t n = 0; n < frames; ++n) {
        const float level = levels_[n];
        if (level >= opens_at_ || (is_open_ && level >= closes_at_)) {
            is_open_ = true;
            hold_left_ = hold_;
        } else if (hold_left_ > 0) {
            --hold_left_;
        } else {
            is_open_ = false;
        }
        const double goal = is_open_ ? 1.0 : floor_;
        const double way = goal - gain_;
        gain_ += (way > 0 ? attack_ : release_) * way;
        // Arrives instead of becoming denormal; a float could not tell, -180 dB from the goal.
        if (std::abs(way) < 1e-9) gain_ = goal;
        levels_[n] = static_cast<float>(gain_);
    }
}

void Gate::process(const Io& io) noexcept TENUTO_NONBLOCKING {
    const std::uint32_t channels = shape().in_channels;
    for (std::uint32_t from = 0; from < io.frames; from += strip) {
        const std::uint32_t frames = std::min(strip, io.frames - from);
        linked_level(io.in, channels, from, frames, levels_);
        follow_level(frames);
        for (std::uint32_t c = 0; c < channels; ++c) {
            const float* const x = io.in[c] + from;
            float* const y = io.out[c] + from;
            for (std::uint32_t n = 0; n < frames; ++n) y[n] = levels_[n] * x[n];
        }
    }
    if (!make_finite(io.out, channels, io.frames)) contain();
}

}  // namespace tenuto::dsp
