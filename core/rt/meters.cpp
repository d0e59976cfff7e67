// SPDX-License-Identifier: MIT
#include "rt/meters.h"

#include <algorithm>
#include <cmath>

namespace tenuto::rt {

Meters::Meters(std::uint32_t channels, double samplerate, double tau)
    : levels_(channels, Level{}),
      shown_(channels),
      alpha_(1 - std::exp(-1 / (tau * samplerate))),
      fall_per_frame_(-peak_fall_db_per_second / samplerate / 20 * std::log2(10.0)),
      hold_frames_(static_cast<std::uint32_t>(peak_hold_seconds * samplerate)) {}

void Meters::measure(const float* block, std::uint32_t frames, std::uint32_t stride,
                     std::span<const std::uint32_t> picks) noexcept TENUTO_NONBLOCKING {
    const bool fresh = looked_.exchange(false);
    const auto fall = static_cast<float>(std::exp2(fall_per_frame_ * frames));
    for (std::size_t c = 0; c < picks.size(); ++c) {
        Level& level = levels_[c];
        const float* x = block + picks[c];
        double mean_square = level.mean_square, square_sum = 0;
        float peak = 0;
        std::uint64_t clipped = 0;
        for (std::uint32_t n = 0; n < frames; ++n, x += stride) {
            // Not a number counts as silence here, so that one bad sample cannot spoil the meter.
            const float value = *x == *x ? std::min(std::abs(*x), 1e9F) : 0.0F;
            const double square = static_cast<double>(value) * value;
            mean_square += alpha_ * (square - mean_square);
            square_sum += square;
            peak = std::max(peak, value);
            clipped += value >= clip_level;
        }
        level.mean_square = mean_square;
        level.square_sum += square_sum;
        level.clipped += clipped;
        level.frames += frames;
        level.peak = fresh ? peak : std::max(level.peak, peak);
        level.peak_max = std::max(level.peak_max, peak);
        if (peak >= level.peak_held) {
            level.peak_held = peak;
            level.hold_left = hold_frames_;
        } else if (level.hold_left > frames) {
            level.hold_left -= frames;
        } else {
            level.hold_left = 0;
            level.peak_held = std::max(peak, level.peak_held * fall);
        }
    }
    std::copy(levels_.begin(), levels_.end(), shown_.draft().begin());
    shown_.publish();
}

std::span<const Level> Meters::look() noexcept {
    const auto levels = shown_.latest();
    looked_.set(true);
    return levels;
}

}  // namespace tenuto::rt
