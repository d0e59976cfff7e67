// SPDX-License-Identifier: MIT
#include "dsp/distortion.h"

#include <algorithm>
#include <stdexcept>  // layer: only on [control]

#include "dsp/finite.h"

namespace tenuto::dsp {

Oversampling::Oversampling(const NodeSetup& setup)
    : doublings(static_cast<std::uint32_t>(setup.options[0])) {
    const auto wrong = [] {
        return std::invalid_argument("distortion: filters and their sizes do not fit");
    };
    if (doublings < 1 || doublings > 4 || setup.options.size() < doublings + 2 ||
        setup.data_channels != doublings + 1)
        throw wrong();
    const std::size_t width = setup.data.size() / setup.data_channels;
    const auto row = [&](std::uint32_t index) {
        const double size = setup.options[index + 1];
        if (!(size >= 1 && size <= static_cast<double>(width))) throw wrong();
        const auto from = setup.data.begin() + static_cast<std::ptrdiff_t>(index * width);
        return std::vector<float>(from, from + static_cast<std::ptrdiff_t>(size));
    };
    for (std::uint32_t i = 0; i < doublings; ++i) halfbands.push_back(row(i));
    last = row(doublings);
    if (last.size() % 2 != 0) throw wrong();
    // In samples of the highest rate. The last halving: the middle of its coefficients is
    // (size - 1) / 2 behind the newer of the two samples that a frame ends with; half a sample more
    // from the curve.
    auto delay = static_cast<std::uint32_t>(last.size()) / 2 - 1;
    for (std::uint32_t i = 0; i < doublings; ++i) {
        const std::uint32_t factor = 1U << (doublings - 1 - i);
        delay += Doubler(halfbands[i], 1).latency() * factor;
        if (i + 1 < doublings) delay += Halver(halfbands[i], 1).latency() * factor;
    }
    const std::uint32_t all = 1U << doublings;
    added = (all - delay % all) % all;
    latency_frames = (delay + added) / all;
}

Distortion::Distortion(const NodeSetup& setup) : Distortion(setup, Oversampling(setup)) {}

Distortion::Distortion(const NodeSetup& setup, const Oversampling& plan)
    : Node(setup, {setup.channels, 0, setup.channels, plan.latency_frames}),
      factor_(1U << plan.doublings),
      added_(plan.added),
      last_(plan.last),
      one_(std::size_t{strip} * factor_),
      other_(one_.size()),
      rests_(one_.size() + 1) {
    const std::uint32_t past = (static_cast<std::uint32_t>(last_.size()) + added_) / 2 + 1;
    for (std::uint32_t c = 0; c < setup.channels; ++c) {
        Channel channel{{},
                        Line(1, strip * factor_),
                        Line(past, strip * factor_ / 2),
                        Line(past, strip * factor_ / 2),
                        {},
                        Line(plan.latency_frames, strip)};
        for (std::uint32_t i = 0; i < plan.doublings; ++i) {
            channel.up.emplace_back(plan.halfbands[i], strip << i);
            if (i + 1 < plan.doublings) channel.down.emplace_back(plan.halfbands[i], strip << i);
        }
        channels_.push_back(std::move(channel));
    }
}

void Distortion::steer(bool at_once) noexcept TENUTO_NONBLOCKING {
    next_curve_ = static_cast<Curve>(std::clamp(static_cast<int>(target(3)), 0, 2));
    if (at_once) {
        drive_.jump(target(0));
        wet_.jump(target(1));
        dry_.jump(target(2));
        blend_.jump(1);
        curve_ = old_curve_ = next_curve_;
        return;
    }
    drive_.go(target(0), ramp_frames());
    wet_.go(target(1), ramp_frames());
    dry_.go(target(2), ramp_frames());
}

void Distortion::forget() noexcept TENUTO_NONBLOCKING {
    for (Channel& channel : channels_) {
        for (Doubler& stage : channel.up) stage.forget();
        for (Halver& stage : channel.down) stage.forget();
        for (Line* line : {&channel.bent, &channel.even, &channel.odd, &channel.dry})
            line->forget();
    }
}

// To the highest rate, through the curve; the bent sound is then in `one_`.
void Distortion::bend(Channel& channel, const float* in, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    Ramp drive = drive_;
    for (std::uint32_t n = 0; n < frames; ++n) {
        const float driven = static_cast<float>(drive.next()) * in[n];
        const float low = driven > -loudest ? driven : -loudest;
        one_[n] = low < loudest ? low : loudest;
    }
    std::uint32_t count = frames;
    for (std::size_t i = 0; i < channel.up.size(); ++i, count *= 2) {
        const bool is_last = i + 1 == channel.up.size();
        channel.up[i].run(one_.data(), is_last ? channel.bent.now() : other_.data(), count);
        if (!is_last) one_.swap(other_);
    }
    shape_samples(curve_, channel.bent.now(), one_.data(), rests_.data(), count);
    if (blend_.is_moving()) {
        shape_samples(old_curve_, channel.bent.now(), other_.data(), rests_.data(), count);
        Ramp blend = blend_;
        for (std::uint32_t n = 0; n < count; n += factor_) {
            const auto part = static_cast<float>(blend.next());
            for (std::uint32_t k = n; k < n + factor_; ++k)
                one_[k] = other_[k] + part * (one_[k] - other_[k]);
        }
    }
    channel.bent.keep(count);
}

// The first step back down: `count` samples become half as many.
void Distortion::halve(Channel& channel, float* samples, std::uint32_t count) noexcept
    TENUTO_NONBLOCKING {
    const std::uint32_t half = count / 2;
    float* const even = channel.even.now();
    float* const odd = channel.odd.now();
    for (std::size_t n = 0; n < half; ++n) {
        even[n] = samples[2 * n];
        odd[n] = samples[2 * n + 1];
    }
    // Sample 2n + offset of the strip.
    const auto from = [&](std::int32_t offset) noexcept
        TENUTO_NONBLOCKING { return ((offset & 1) != 0 ? odd : even) + (offset >> 1); };
    const auto size = static_cast<std::int32_t>(last_.size());
    const auto late = static_cast<std::int32_t>(added_);
    std::fill_n(samples, half, 0.0F);
    for (std::int32_t k = 0; k < size / 2; ++k) {
        const float* const older = from(k + 2 - late - size);
        const float* const newer = from(1 - late - k);
        const float factor = last_[static_cast<std::size_t>(k)];
        for (std::size_t n = 0; n < half; ++n) samples[n] += factor * (older[n] + newer[n]);
    }
    channel.even.keep(half);
    channel.odd.keep(half);
}

void Distortion::run_channel(Channel& channel, const float* in, float* out,
                             std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    bend(channel, in, frames);
    std::uint32_t count = frames * factor_;
    halve(channel, one_.data(), count);
    count /= 2;
    for (std::size_t i = channel.down.size(); i-- > 0;) {
        count /= 2;
        channel.down[i].run(one_.data(), other_.data(), count);
        one_.swap(other_);
    }
    std::copy_n(in, frames, channel.dry.now());
    const float* const late = channel.dry.oldest();
    Ramp wet = wet_, dry = dry_;
    for (std::uint32_t n = 0; n < frames; ++n)
        out[n] =
            static_cast<float>(wet.next()) * one_[n] + static_cast<float>(dry.next()) * late[n];
    channel.dry.keep(frames);
}

void Distortion::process(const Io& io) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t from = 0; from < io.frames;) {
        std::uint32_t frames = std::min(strip, io.frames - from);
        if (!blend_.is_moving() && next_curve_ != curve_) {
            old_curve_ = curve_;
            curve_ = next_curve_;
            blend_.jump(0);
            blend_.go(1, ramp_frames());
        }
        // Ends where the cross-fade ends: the next curve may be waiting.
        if (blend_.is_moving()) frames = std::min(frames, blend_.left());
        for (std::size_t c = 0; c < channels_.size(); ++c) {
            float clean[strip];
            std::copy_n(io.in[c] + from, frames, clean);
            if (!all_finite(clean, frames)) {
                contain();
                silence_not_finite(clean, frames);
            }
            run_channel(channels_[c], clean, io.out[c] + from, frames);
        }
        drive_.skip(frames);
        wet_.skip(frames);
        dry_.skip(frames);
        blend_.skip(frames);
        from += frames;
    }
    // The dry sound, or the level after the curve, may be too loud for a float.
    for (std::size_t c = 0; c < channels_.size(); ++c) silence_not_finite(io.out[c], io.frames);
}

}  // namespace tenuto::dsp
