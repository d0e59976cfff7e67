// SPDX-License-Identifier: MIT
#include "rt/meters.h"

#include <algorithm>
#include <cmath>

#include "dsp/finite.h"

namespace tenuto::rt {

namespace {

// What is larger says nothing but "far too loud"; its square is still a float.
constexpr float largest = 1e9F;

// Not a number counts as silence here, so that one bad sample cannot spoil the meter.
float magnitude(float x) noexcept TENUTO_NONBLOCKING {
    const float size = x == x ? std::abs(x) : 0.0F;
    return size < largest ? size : largest;
}

// Returns how many there were.
std::uint32_t silence_bad(float* x, std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    std::uint32_t bad = 0;
    for (std::uint32_t n = 0; n < frames; ++n) bad += dsp::is_finite(x[n]) ? 0U : 1U;
    dsp::silence_not_finite(x, frames);
    return bad;
}

double sum_of(const double (&v)[simd::MeterPass::parts]) noexcept TENUTO_NONBLOCKING {
    return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7]));
}

}  // namespace

Meters::Meters(std::uint32_t channels, double samplerate, double tau, TruePeak true_peak,
               const simd::Kernels& kernels)
    : kernels_(kernels),
      levels_(channels, Level{}),
      channels_(channels, Channel{}),
      shown_(channels),
      alpha_(1 - std::exp(-1 / (tau * samplerate))),
      group_decay_(std::pow(1 - alpha_, group)),
      fall_per_frame_(-peak_fall_db_per_second / samplerate / 20 * std::log2(10.0)),
      hold_frames_(static_cast<std::uint32_t>(peak_hold_seconds * samplerate)),
      has_true_peak_(true_peak == TruePeak::on) {
    for (std::uint32_t n = 0; n < group; ++n)
        weights_[n] = static_cast<float>(alpha_ * std::pow(1 - alpha_, group - 1 - n));
}

// Returns the peak.
float Meters::close_groups(Channel& channel, const float* x, std::uint32_t groups) noexcept
    TENUTO_NONBLOCKING {
    return kernels_.meters->groups(
        {weights_.data(), group_decay_, largest, channel.mean_square, channel.square_sum}, x,
        groups);
}

// Returns the peak.
float Meters::add_squares(Channel& channel, const float* x, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    float peak = 0;
    while (frames > 0) {
        if (channel.waiting_frames == 0 && frames >= group) {
            const std::uint32_t groups = frames / group;
            peak = std::max(peak, close_groups(channel, x, groups));
            x += std::size_t{groups} * group;
            frames -= groups * group;
            continue;
        }
        const std::uint32_t some = std::min(group - channel.waiting_frames, frames);
        for (std::uint32_t n = 0; n < some; ++n) {
            const float size = magnitude(x[n]);
            peak = std::max(peak, size);
            channel.waiting[channel.waiting_frames + n] = size;
        }
        channel.waiting_frames += some;
        if (channel.waiting_frames == group) {
            close_groups(channel, channel.waiting, 1);
            channel.waiting_frames = 0;
        }
        x += some;
        frames -= some;
    }
    return peak;
}

void Meters::rise(Channel& channel, const float* x, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    constexpr std::uint32_t lanes = simd::PeakKernels::tops;
    constexpr const float* filters = dsp::standard_true_peak.data();
    float seam[2 * history], tops[lanes] = {};
    const std::uint32_t first = std::min(frames, history);
    std::copy_n(channel.before, history, seam);
    std::copy_n(x, first, seam + history);
    kernels_.peaks->rise(tops, filters, seam, first);
    if (frames > history) kernels_.peaks->rise(tops, filters, x, frames - history);
    float top = channel.true_peak;
    for (const float rise : tops) top = top < rise ? rise : top;
    channel.true_peak = std::min(top, largest);
}

void Meters::begin() noexcept TENUTO_NONBLOCKING {
    starts_anew_ = looked_.exchange(false);
    for (Channel& channel : channels_) channel.peak = channel.true_peak = 0;
}

void Meters::add(std::uint32_t index, const float* x, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    Channel& channel = channels_[index];
    const float peak = add_squares(channel, x, frames);
    if (peak >= clip_level) {
        std::uint32_t clipped = 0;
        for (std::uint32_t n = 0; n < frames; ++n)
            clipped += std::abs(x[n]) >= clip_level ? 1U : 0U;
        levels_[index].clipped += clipped;
    }
    channel.peak = std::max(channel.peak, peak);
    if (!has_true_peak_) return;
    // Only what can rise above all since the last look has to be interpolated.
    const float top = std::max(channel.true_peak, starts_anew_ ? 0.0F : levels_[index].true_peak);
    float near = peak;
    for (const float sample : channel.before) near = std::max(near, magnitude(sample));
    if (near * dsp::standard_true_peak_gain > top) rise(channel, x, frames);
    const std::uint32_t kept = frames < history ? history - frames : 0;
    std::copy(channel.before + history - kept, channel.before + history, channel.before);
    std::copy_n(x + frames - (history - kept), history - kept, channel.before + kept);
}

// With what waits for the rest of its group, as the recursion gives it.
void Meters::show(Level& level, const Channel& channel) noexcept TENUTO_NONBLOCKING {
    double mean_square = sum_of(channel.mean_square), square_sum = sum_of(channel.square_sum);
    for (std::uint32_t n = 0; n < channel.waiting_frames; ++n) {
        const double square = static_cast<double>(channel.waiting[n]) * channel.waiting[n];
        mean_square += alpha_ * (square - mean_square);
        square_sum += square;
    }
    level.mean_square = mean_square;
    level.square_sum = square_sum;
}

void Meters::finish(std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    block_fall_ = static_cast<float>(std::exp2(fall_per_frame_ * frames));
    for (std::size_t c = 0; c < levels_.size(); ++c) {
        Level& level = levels_[c];
        const Channel& channel = channels_[c];
        show(level, channel);
        level.frames += frames;
        follow_peak(level, channel.peak, frames);
        if (!has_true_peak_) continue;
        // The interpolator looks between the samples; no true peak is below the peak.
        const float true_peak = std::max(channel.true_peak, channel.peak);
        level.true_peak = starts_anew_ ? true_peak : std::max(level.true_peak, true_peak);
        level.true_peak_max = std::max(level.true_peak_max, true_peak);
    }
    std::copy(levels_.begin(), levels_.end(), shown_.draft().begin());
    shown_.publish();
}

void Meters::follow_peak(Level& level, float peak, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    level.peak = starts_anew_ ? peak : std::max(level.peak, peak);
    level.peak_max = std::max(level.peak_max, peak);
    if (peak >= level.peak_held) {
        level.peak_held = peak;
        level.hold_left = hold_frames_;
    } else if (level.hold_left > frames) {
        level.hold_left -= frames;
    } else {
        level.hold_left = 0;
        level.peak_held = std::max(peak, level.peak_held * block_fall_);
    }
}

std::uint32_t Meters::measure(const float* block, std::uint32_t frames, std::uint32_t stride,
                              std::span<const std::uint32_t> picks) noexcept TENUTO_NONBLOCKING {
    begin();
    std::uint32_t bad = 0;
    // In strips that stay in the nearest cache; neighbours together.
    constexpr std::uint32_t strip = 64, beside = 8;
    float planar[beside][strip];
    float* to[beside];
    for (std::uint32_t i = 0; i < beside; ++i) to[i] = planar[i];
    for (std::uint32_t at = 0; at < frames; at += strip) {
        const std::uint32_t some = std::min(strip, frames - at);
        const float* const from = block + std::size_t{at} * stride;
        for (std::uint32_t c = 0, count = 1; c < picks.size(); c += count) {
            count = 1;
            while (count < beside && c + count < picks.size() &&
                   picks[c + count] == picks[c] + count)
                ++count;
            if (!kernels_.blocks->part(to, from + picks[c], stride, count, some))
                for (std::uint32_t i = 0; i < count; ++i) bad += silence_bad(planar[i], some);
            for (std::uint32_t i = 0; i < count; ++i) add(c + i, planar[i], some);
        }
    }
    finish(frames);
    return bad;
}

void Meters::measure(const float* const* channels, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    begin();
    for (std::uint32_t c = 0; c < channels_.size(); ++c) add(c, channels[c], frames);
    finish(frames);
}

void Meters::reset() noexcept TENUTO_NONBLOCKING {
    std::fill(levels_.begin(), levels_.end(), Level{});
    std::fill(channels_.begin(), channels_.end(), Channel{});
    std::copy(levels_.begin(), levels_.end(), shown_.draft().begin());
    shown_.publish();
}

std::span<const Level> Meters::look() noexcept {
    const auto levels = shown_.latest();
    looked_.set(true);
    return levels;
}

}  // namespace tenuto::rt
