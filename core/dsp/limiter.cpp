// SPDX-License-Identifier: MIT
#include "dsp/limiter.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>  // layer: only on [control]

#include "dsp/finite.h"
#include "dsp/true_peak.h"

namespace tenuto::dsp {

namespace {

// Reductions are whole numbers of these in the boxes (-187 dB). Sums of two boxes stay below 2^53.
constexpr double unit = 1.0 / (1 << 30);
// Gains are rounded down to whole numbers of these, so that no rounding lifts a peak.
constexpr float step = 1.0F / (1 << 24);
// Reductions fall towards this, not towards 0: nothing becomes denormal, and it rounds to nothing.
constexpr double least = unit / 4;

// How much larger than all samples what the filter `h` gives can be.
float most_gain(const float* h, std::size_t count) {
    float sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += std::abs(h[i]);
    return std::max(1.0F, sum) * 1.0001F;  // room for rounding
}

bool are_below(const float* x, std::uint32_t count, float limit) noexcept TENUTO_NONBLOCKING {
    std::uint32_t above = 0;
    for (std::uint32_t n = 0; n < count; ++n) above |= std::abs(x[n]) > limit ? 1U : 0U;
    return above == 0;
}

std::uint32_t lookahead(const NodeSetup& setup) {
    return static_cast<std::uint32_t>(std::clamp(setup.options[0], 1.0, 4096.0));
}

}  // namespace

Limiter::Limiter(const NodeSetup& setup, const simd::Kernels& kernels)
    : Node(setup, {setup.channels, 0, setup.channels, lookahead(setup) + detection}),
      peaks_(*kernels.peaks),
      first_box_((lookahead(setup) + 1) / 2),
      second_box_(lookahead(setup) + 1 - first_box_),
      hold_(window(), strip),
      sound_(setup.channels, std::vector<float>(shape().latency_frames + strip)),
      released_(first_box_ + strip),
      boxed_(second_box_ + strip) {
    if (setup.data.size() != std::size_t{2} * taps)
        throw std::invalid_argument("limiter: needs the detector's two filters");
    fold_filter(setup.data.data(), taps, detector_.data());
    std::copy_n(setup.data.data() + taps, taps / 2, detector_.data() + taps);
    most_gain_ =
        std::max(most_gain(setup.data.data(), taps), most_gain(setup.data.data() + taps, taps));
    quiet_frames_ = window();
}

void Limiter::steer(bool at_once) noexcept TENUTO_NONBLOCKING {
    if (at_once)
        ceiling_.jump(target(0));
    else
        ceiling_.go(target(0), ramp_frames());
    keep_ = target(1);
}

void Limiter::forget() noexcept TENUTO_NONBLOCKING {
    for (auto& line : sound_) std::fill(line.begin(), line.end(), 0.0F);
    std::fill(released_.begin(), released_.end(), 0.0);
    std::fill(boxed_.begin(), boxed_.end(), 0.0);
    hold_.forget();
    reduction_ = first_sum_ = second_sum_ = 0;
    quiet_frames_ = window();
}

// False when something was not finite; silence is taken for it.
bool Limiter::take(const Io& io, std::uint32_t from, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    bool was_finite = true;
    for (std::size_t c = 0; c < sound_.size(); ++c) {
        float* const newest = sound_[c].data() + shape().latency_frames;
        std::copy_n(io.in[c] + from, frames, newest);
        if (all_finite(newest, frames)) continue;
        silence_not_finite(newest, frames);
        was_finite = false;
    }
    return was_finite;
}

// The peak between the samples that came ten and nine frames ago, and of these two; 0 where it
// cannot reach the ceiling, as it would not matter. True when it may somewhere.
bool Limiter::detect(std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    constexpr std::uint32_t group = 32;
    const auto ceiling = static_cast<float>(std::min(ceiling_.value(), ceiling_.target()));
    const float quiet = ceiling / most_gain_;
    bool is_near = false;
    std::fill_n(values_, frames, 0.0F);
    for (const auto& line : sound_) {
        const float* const x = line.data() + shape().latency_frames - (taps - 1);
        const auto length = [&](std::uint32_t at) noexcept
            TENUTO_NONBLOCKING { return std::min(group, frames - at); };
        for (std::uint32_t at = 0; at < frames;) {
            const std::uint32_t begin =
                at;  // loud groups that follow each other are taken together
            while (at < frames && !are_below(x + at, length(at) + taps - 1, quiet))
                at += length(at);
            if (at > begin) {
                peaks_.detect(values_ + begin, detector_.data(), x + begin, at - begin);
                is_near = true;
            }
            if (at < frames) at += length(at);
        }
    }
    return is_near;
}

// True when nothing is reduced, and nothing that was held or smoothed is left.
bool Limiter::rests() const noexcept TENUTO_NONBLOCKING {
    return quiet_frames_ == window() && reduction_ <= least && first_sum_ == 0 && second_sum_ == 0;
}

// From peaks to reductions.
void Limiter::want(std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    const auto reduction = [](float peak, float ceiling) noexcept TENUTO_NONBLOCKING {
        const float gain = ceiling / (peak < ceiling ? ceiling : peak);
        return 1 - static_cast<float>(static_cast<std::int32_t>(gain / step)) * step;
    };
    std::uint32_t n = 0;
    for (; n < frames && ceiling_.is_moving(); ++n)
        values_[n] = reduction(values_[n], static_cast<float>(ceiling_.next()));
    const auto ceiling = static_cast<float>(ceiling_.value());
    for (; n < frames; ++n) values_[n] = reduction(values_[n], ceiling);
}

// From reductions, held, to gains.
void Limiter::smooth(std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    // Adding it leaves a whole number in a double's lowest bits.
    constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52
    double reduction = reduction_, first = first_sum_, second = second_sum_;
    const double keep = keep_;
    // A full reduction gives a gain of exactly 0, none at all one that rounds to 1.
    const double full = static_cast<double>(first_box_) * second_box_ / unit, scale = 1 / full;
    double* const released = released_.data() + first_box_;
    double* const boxed = boxed_.data() + second_box_;
    for (std::uint32_t n = 0; n < frames; ++n) {
        const double held = std::max(static_cast<double>(values_[n]), least);
        const double fallen = keep * reduction;
        reduction = held < fallen ? fallen : held;
        released[n] = (reduction / unit + shift) - shift;
        first += released[n] - released_[n];
        boxed[n] = first;
        second += boxed[n] - boxed_[n];
        values_[n] = static_cast<float>((full - second) * scale);
    }
    reduction_ = reduction;
    first_sum_ = first;
    second_sum_ = second;
    std::copy_n(released_.data() + frames, first_box_, released_.data());
    std::copy_n(boxed_.data() + frames, second_box_, boxed_.data());
}

void Limiter::give(const Io& io, std::uint32_t from, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    for (std::size_t c = 0; c < sound_.size(); ++c) {
        float* const line = sound_[c].data();
        float* const out = io.out[c] + from;
        for (std::uint32_t n = 0; n < frames; ++n) out[n] = values_[n] * line[n];
        std::copy_n(line + frames, shape().latency_frames, line);
    }
}

void Limiter::process(const Io& io) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t from = 0; from < io.frames; from += strip) {
        const std::uint32_t frames = std::min(strip, io.frames - from);
        if (!take(io, from, frames)) {
            contain();
            take(io, from, frames);
        }
        const bool is_near = detect(frames);
        if (!is_near && rests()) {
            ceiling_.skip(frames);
            std::fill_n(values_, frames, 1.0F);
        } else {
            quiet_frames_ = is_near ? 0 : std::min(quiet_frames_ + frames, window());
            want(frames);
            hold_.run(values_, frames);
            smooth(frames);
        }
        give(io, from, frames);
    }
}

}  // namespace tenuto::dsp
