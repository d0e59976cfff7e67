// SPDX-License-Identifier: MIT
// Level meters for interleaved blocks: peak, RMS, clipped samples, per channel.
//
// RMS: ms[n] = ms[n-1] + a (x[n]^2 - ms[n-1]), a = 1 - exp(-1 / (tau samplerate)); the root is
// taken by whoever reads. In double: at 192 kHz `a` is 1.7e-5, and a float would lose increments.
// Peak with hold: stays for `peak_hold_seconds`, then falls by `peak_fall_db_per_second`
// (20 dB in 1.7 s, the return time of IEC 60268-18).
#pragma once

#include <cstdint>
#include <memory>  // layer: shared by plans on control; the audio thread only borrows it
#include <span>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "shared/counters.h"
#include "shared/latest.h"
#include "shared/nonblocking.h"

namespace tenuto::rt {

struct Level {
    float peak;               // largest |x| since the last look
    float peak_held;          // with hold and fall
    float peak_max;           // since the start
    std::uint32_t hold_left;  // frames until the held peak begins to fall
    double mean_square;       // over the last `tau` seconds
    double square_sum;        // since the start
    std::uint64_t clipped;    // samples at or above full scale, since the start
    std::uint64_t frames;     // metered since the start
};

class Meters : public std::enable_shared_from_this<Meters> {
  public:
    // A 16-bit converter's largest positive value, 32767/32768, already counts as clipped.
    static constexpr float clip_level = 32767.0F / 32768.0F;
    static constexpr double peak_hold_seconds = 1.5, peak_fall_db_per_second = 20 / 1.7;

    // [control] For `channels` channels; `tau` in seconds.
    Meters(std::uint32_t channels, double samplerate, double tau = 0.3);

    // [audio] Measures `frames` frames of `stride` channels; meter c reads channel picks[c].
    void measure(const float* block, std::uint32_t frames, std::uint32_t stride,
                 std::span<const std::uint32_t> picks) noexcept TENUTO_NONBLOCKING;

    // [control] What the meters show; starts a new "since the last look". One thread at a time;
    // valid until the next call.
    std::span<const Level> look() noexcept;

  private:
    template <std::size_t Lanes>
    void measure_lanes(const float* block, std::uint32_t frames, std::uint32_t stride,
                       const std::uint32_t* picks, Level* levels) noexcept TENUTO_NONBLOCKING;
    void follow_peak(Level& level, float peak, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;

    std::vector<Level> levels_;
    shared::Latest<Level> shown_;
    shared::Setting<bool> looked_{false};
    double alpha_;
    double fall_per_frame_;  // log2 of the factor
    std::uint32_t hold_frames_;
    bool starts_anew_ = false;  // of this block
    float block_fall_ = 1;      // of this block
};

}  // namespace tenuto::rt
