// SPDX-License-Identifier: MIT
#include "dsp/compressor.h"

#include <algorithm>

#include "dsp/linked_level.h"

namespace tenuto::dsp {

namespace {

float per_knee(double width) noexcept TENUTO_NONBLOCKING {
    return width > 1e-3 ? static_cast<float>(1 / (2 * width)) : 0.0F;
}

}  // namespace

Compressor::Compressor(const NodeSetup& setup, const simd::Kernels& kernels)
    : Node(setup, {setup.channels, 1, setup.channels}), kernels_(*kernels.dynamics) {}

void Compressor::steer(bool at_once) noexcept TENUTO_NONBLOCKING {
    for (std::size_t i = 0; i < curves; ++i) {
        if (at_once)
            curve_[i].jump(target(i));
        else
            curve_[i].go(target(i), ramp_frames());
    }
    attack_ = target(curves);
    release_ = target(curves + 1);
}

void Compressor::forget() noexcept TENUTO_NONBLOCKING { reduction_ = 0; }

void Compressor::reduce(std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    std::uint32_t n = 0, moving = 0;
    for (const Ramp& ramp : curve_) moving = std::max(moving, std::min(ramp.left(), frames));
    for (; n < moving; ++n) {
        double now[curves];
        for (std::size_t i = 0; i < curves; ++i) now[i] = curve_[i].next();
        kernels_.reductions(wanted_ + n, levels_ + n, 1,
                            {static_cast<float>(now[threshold]), static_cast<float>(now[slope]),
                             static_cast<float>(now[knee] / 2), per_knee(now[knee])});
        gains_[n] = static_cast<float>(now[makeup]);
    }
    const auto value = [&](Curve i) noexcept
        TENUTO_NONBLOCKING { return static_cast<float>(curve_[i].value()); };
    kernels_.reductions(
        wanted_ + n, levels_ + n, frames - n,
        {value(threshold), value(slope), value(knee) / 2, per_knee(curve_[knee].value())});
    std::fill_n(gains_ + n, frames - n, value(makeup));
}

// y += k (x - y), k = attack where x > y, else release. Of the two results the one that applies is
// the larger one when the attack is the faster, else the smaller one: no branch, and of the chain
// from frame to frame only a product, a sum and a choice are left.
void Compressor::smooth(std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    // Falls towards this, not towards 0: nothing becomes denormal, and no gain can tell.
    constexpr double least = 1e-20;
    double y = reduction_;
    const double attack = attack_, release = release_;
    const double keep_attack = 1 - attack, keep_release = 1 - release;
    const auto run = [&](auto choose) noexcept TENUTO_NONBLOCKING {
        for (std::uint32_t n = 0; n < frames; ++n) {
            const double x = std::max(static_cast<double>(wanted_[n]), least);
            y = choose(keep_attack * y + attack * x, keep_release * y + release * x);
            wanted_[n] = static_cast<float>(y);
        }
    };
    if (attack >= release)
        run([](double a, double b) noexcept TENUTO_NONBLOCKING { return a < b ? b : a; });
    else
        run([](double a, double b) noexcept TENUTO_NONBLOCKING { return a < b ? a : b; });
    reduction_ = y;
    kernels_.gains(gains_, wanted_, frames);
}

void Compressor::process(const Io& io) noexcept TENUTO_NONBLOCKING {
    const std::uint32_t channels = shape().in_channels;
    for (std::uint32_t from = 0; from < io.frames; from += strip) {
        const std::uint32_t frames = std::min(strip, io.frames - from);
        linked_level(io.in, channels, from, frames, levels_);
        reduce(frames);
        smooth(frames);
        for (std::uint32_t c = 0; c < channels; ++c) {
            const float* const x = io.in[c] + from;
            float* const y = io.out[c] + from;
            for (std::uint32_t n = 0; n < frames; ++n) y[n] = gains_[n] * x[n];
        }
    }
    if (!make_finite(io.out, channels, io.frames)) contain();
}

}  // namespace tenuto::dsp
