// SPDX-License-Identifier: MIT
// Level meters: peak, RMS, clipped samples and, if asked for, true peak, per channel; for
// interleaved blocks (a device's) and planar ones (a graph's).
//
// RMS: ms[n] = ms[n-1] + a (x[n]^2 - ms[n-1]), a = 1 - exp(-1 / (tau samplerate)); the root is
// taken by whoever reads. The recursion is run 32 frames at a time, as one weighted sum in eight
// parts (simd/kernels.h): what it carries from sum to sum is double (at 192 kHz `a` is 1.7e-5, and
// a float would lose increments), the sums themselves are float and at most 1e-6 off. The sums
// begin at the same frames however sound is cut into blocks; of one that is not complete the
// recursion is shown as it stands. Peak with hold: stays for `peak_hold_seconds`, then falls by
// `peak_fall_db_per_second` (20 dB in 1.7 s, the return time of IEC 60268-18). True peak: the
// interpolator of ITU-R BS.1770-4 Annex 2, and never below the peak.
#pragma once

#include <array>
#include <cstdint>
#include <memory>  // layer: shared by plans on control; the audio thread only borrows it
#include <span>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/true_peak.h"
#include "shared/counters.h"
#include "shared/latest.h"
#include "shared/nonblocking.h"
#include "simd/dispatch.h"

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
    float true_peak;          // since the last look; 0 where it is not measured
    float true_peak_max;      // since the start
};

class Meters : public std::enable_shared_from_this<Meters> {
  public:
    // A 16-bit converter's largest positive value, 32767/32768, already counts as clipped.
    static constexpr float clip_level = 32767.0F / 32768.0F;
    static constexpr double peak_hold_seconds = 1.5, peak_fall_db_per_second = 20 / 1.7;

    enum class TruePeak : bool { off, on };

    // [control] For `channels` channels; `tau` in seconds.
    Meters(std::uint32_t channels, double samplerate, double tau = 0.3,
           TruePeak true_peak = TruePeak::off, const simd::Kernels& kernels = simd::kernels());

    // [audio] Measures `frames` frames of `stride` interleaved channels; meter c reads channel
    // picks[c]. What is not finite counts as silence; returns how many samples were not.
    std::uint32_t measure(const float* block, std::uint32_t frames, std::uint32_t stride,
                          std::span<const std::uint32_t> picks) noexcept TENUTO_NONBLOCKING;
    // [audio] Measures `frames` frames of planar channels, one for each meter.
    void measure(const float* const* channels, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    // [audio] Forgets all that was measured.
    void reset() noexcept TENUTO_NONBLOCKING;

    // [control] What the meters show; starts a new "since the last look". One thread at a time;
    // valid until the next call.
    std::span<const Level> look() noexcept;

    // [any]
    bool has_true_peak() const noexcept TENUTO_NONBLOCKING { return has_true_peak_; }

  private:
    static constexpr std::uint32_t group = simd::MeterPass::group;  // frames summed at once
    static constexpr std::uint32_t parts = simd::MeterPass::parts;
    static constexpr std::uint32_t history = dsp::standard_true_peak_taps - 1;

    struct Channel {
        float waiting[group];  // magnitudes of a group that is not complete
        std::uint32_t waiting_frames;
        double mean_square[parts], square_sum[parts];  // of the complete groups
        float before[history];                         // newest samples of the block before
        float peak, true_peak;                         // of this block
    };

    void begin() noexcept TENUTO_NONBLOCKING;
    void finish(std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    void add(std::uint32_t index, const float* x, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    float add_squares(Channel& channel, const float* x, std::uint32_t frames) noexcept
        TENUTO_NONBLOCKING;
    float close_groups(Channel& channel, const float* x, std::uint32_t groups) noexcept
        TENUTO_NONBLOCKING;
    void rise(Channel& channel, const float* x, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    void show(Level& level, const Channel& channel) noexcept TENUTO_NONBLOCKING;
    void follow_peak(Level& level, float peak, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;

    const simd::Kernels& kernels_;
    std::vector<Level> levels_;
    std::vector<Channel> channels_;
    shared::Latest<Level> shown_;
    shared::Setting<bool> looked_{false};
    std::array<float, group> weights_;  // of the squares of a group: a (1 - a)^(31 - n)
    double alpha_, group_decay_;        // a, (1 - a)^32
    double fall_per_frame_;             // log2 of the factor
    std::uint32_t hold_frames_;
    bool has_true_peak_;
    bool starts_anew_ = false;  // of this block
    float block_fall_ = 1;      // of this block
};

}  // namespace tenuto::rt
