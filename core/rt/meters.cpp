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

// `Lanes` channels side by side: the recursion of one sample needs the one before, so a single
// channel leaves most of the processor idle; channels do not need each other.
template <std::size_t Lanes>
void Meters::measure_lanes(const float* block, std::uint32_t frames, std::uint32_t stride,
                           const std::uint32_t* picks, Level* levels) noexcept TENUTO_NONBLOCKING {
    double mean_square[Lanes], square_sum[Lanes] = {};
    float peak[Lanes] = {};
    std::uint32_t clipped[Lanes] = {}, offset[Lanes];
    for (std::size_t c = 0; c < Lanes; ++c) {
        mean_square[c] = levels[c].mean_square;
        offset[c] = picks[c];
    }
    const double alpha = alpha_;
    for (std::uint32_t n = 0; n < frames; ++n, block += stride) {
        float values[Lanes];
        for (std::size_t c = 0; c < Lanes; ++c) values[c] = block[offset[c]];
        for (std::size_t c = 0; c < Lanes; ++c) {
            // Not a number counts as silence here, so that one bad sample cannot spoil the meter.
            const float size = values[c] == values[c] ? std::abs(values[c]) : 0.0F;
            const float value = std::min(size, 1e9F);
            const double square = static_cast<double>(value) * value;
            mean_square[c] += alpha * (square - mean_square[c]);
            square_sum[c] += square;
            peak[c] = std::max(peak[c], value);
            clipped[c] += value >= clip_level ? 1 : 0;
        }
    }
    for (std::size_t c = 0; c < Lanes; ++c) {
        levels[c].mean_square = mean_square[c];
        levels[c].square_sum += square_sum[c];
        levels[c].clipped += clipped[c];
        levels[c].frames += frames;
        follow_peak(levels[c], peak[c], frames);
    }
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
    starts_anew_ = looked_.exchange(false);
    block_fall_ = static_cast<float>(std::exp2(fall_per_frame_ * frames));
    std::size_t c = 0;
    for (; c + 8 <= picks.size(); c += 8)
        measure_lanes<8>(block, frames, stride, &picks[c], &levels_[c]);
    for (; c + 2 <= picks.size(); c += 2)
        measure_lanes<2>(block, frames, stride, &picks[c], &levels_[c]);
    if (c < picks.size()) measure_lanes<1>(block, frames, stride, &picks[c], &levels_[c]);
    std::copy(levels_.begin(), levels_.end(), shown_.draft().begin());
    shown_.publish();
}

std::span<const Level> Meters::look() noexcept {
    const auto levels = shown_.latest();
    looked_.set(true);
    return levels;
}

}  // namespace tenuto::rt
