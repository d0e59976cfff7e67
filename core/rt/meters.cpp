// SPDX-License-Identifier: MIT
#include "rt/meters.h"

#include <algorithm>
#include <cmath>

namespace tenuto::rt {

namespace {

// What is larger says nothing but "far too loud"; its square is still a float.
constexpr float largest = 1e9F;

// Not a number counts as silence here, so that one bad sample cannot spoil the meter.
float magnitude(float x) noexcept TENUTO_NONBLOCKING {
    const float size = x == x ? std::abs(x) : 0.0F;
    return size < largest ? size : largest;
}

// Both fold the upper half onto the lower one until four are left: each step is vectorised.
template <std::size_t count>
float largest_of(float* v) noexcept TENUTO_NONBLOCKING {
    for (std::size_t k = 0; k < count / 2; ++k) {
        const float a = v[k], b = v[k + count / 2];
        v[k] = a < b ? b : a;
    }
    if constexpr (count > 8)
        return largest_of<count / 2>(v);
    else
        return std::max(std::max(v[0], v[1]), std::max(v[2], v[3]));
}
template <std::size_t count>
float sum_of(float* v) noexcept TENUTO_NONBLOCKING {
    for (std::size_t k = 0; k < count / 2; ++k) v[k] += v[k + count / 2];
    if constexpr (count > 8)
        return sum_of<count / 2>(v);
    else
        return (v[0] + v[1]) + (v[2] + v[3]);
}

}  // namespace

Meters::Meters(std::uint32_t channels, double samplerate, double tau, TruePeak true_peak,
               const simd::Kernels& kernels)
    : peaks_(*kernels.peaks),
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

void Meters::close_group(Channel& channel, const float* squares) noexcept TENUTO_NONBLOCKING {
    float weighted[group], plain[group];
    for (std::uint32_t n = 0; n < group; ++n) {
        weighted[n] = weights_[n] * squares[n];
        plain[n] = squares[n];
    }
    channel.mean_square = group_decay_ * channel.mean_square + sum_of<group>(weighted);
    channel.square_sum += sum_of<group>(plain);
}

// Returns the peak.
float Meters::add_squares(Channel& channel, const float* x, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    float peak = 0;
    while (frames > 0) {
        if (channel.waiting_frames == 0 && frames >= group) {
            float sizes[group], squares[group];
            for (std::uint32_t n = 0; n < group; ++n) {
                sizes[n] = magnitude(x[n]);
                squares[n] = sizes[n] * sizes[n];
            }
            close_group(channel, squares);
            peak = std::max(peak, largest_of<group>(sizes));
            x += group;
            frames -= group;
            continue;
        }
        const std::uint32_t some = std::min(group - channel.waiting_frames, frames);
        for (std::uint32_t n = 0; n < some; ++n) {
            const float size = magnitude(x[n]);
            peak = std::max(peak, size);
            channel.waiting[channel.waiting_frames + n] = size * size;
        }
        channel.waiting_frames += some;
        if (channel.waiting_frames == group) {
            close_group(channel, channel.waiting);
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
    peaks_.rise(tops, filters, seam, first);
    if (frames > history) peaks_.rise(tops, filters, x, frames - history);
    channel.true_peak = std::max(channel.true_peak, std::min(largest_of<lanes>(tops), largest));
}

void Meters::begin() noexcept TENUTO_NONBLOCKING {
    starts_anew_ = looked_.exchange(false);
    for (Channel& channel : channels_) channel.peak = channel.true_peak = 0;
}

void Meters::add(std::uint32_t index, const float* x, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    Channel& channel = channels_[index];
    const float peak = add_squares(channel, x, frames);
    if (peak >= clip_level)
        for (std::uint32_t n = 0; n < frames; ++n)
            levels_[index].clipped += magnitude(x[n]) >= clip_level ? 1 : 0;
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
    double mean_square = channel.mean_square, square_sum = channel.square_sum;
    for (std::uint32_t n = 0; n < channel.waiting_frames; ++n) {
        const double square = static_cast<double>(channel.waiting[n]);
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

void Meters::measure(const float* block, std::uint32_t frames, std::uint32_t stride,
                     std::span<const std::uint32_t> picks) noexcept TENUTO_NONBLOCKING {
    begin();
    // In strips that stay in the nearest cache while all channels are taken out of them.
    constexpr std::uint32_t strip = 64;
    float planar[strip];
    for (std::uint32_t at = 0; at < frames; at += strip) {
        const std::uint32_t some = std::min(strip, frames - at);
        const float* const from = block + std::size_t{at} * stride;
        for (std::uint32_t c = 0; c < picks.size(); ++c) {
            const float* const channel = from + picks[c];
            for (std::uint32_t n = 0; n < some; ++n) planar[n] = channel[std::size_t{n} * stride];
            add(c, planar, some);
        }
    }
    finish(frames);
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
