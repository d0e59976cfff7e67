// SPDX-License-Identifier: MIT
// Keeps the true peak below a ceiling: a look-ahead limiter.
//
// Detector  The true peak between each two samples, four times oversampled, by a filter that is
//           flatter near the top of the band than the one of ITU-R BS.1770-4
//           (design/oversampling.py makes it). Of the loudest channel: all get the same gain.
// Gain      Wanted is the reduction 1 - ceiling/peak. Its maximum over a window is held, falls
//           exponentially when released, and is smoothed by two boxes. The window is longer than
//           the boxes together, so where a peak comes out, the boxes see nothing smaller than what
//           that peak wants: the ceiling holds, and the gain has no corner.
// Latency   look-ahead (the boxes) + 13 frames: ten for the detector's filter, and the gain is down
//           four frames before and after the peak, since those make the peak, too.
// Numbers   Boxes are running sums of whole numbers in doubles: exact, so nothing ever drifts, and
//           silence gives a gain of exactly 1.
// Targets   0 ceiling (amplitude), 1 what is left of a reduction after one frame of release.
// Options   0 frames of look-ahead. Data: one row, the quarter filter, then the middle one.
#pragma once

#include <array>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/node.h"
#include "dsp/ramp.h"
#include "dsp/sliding_max.h"
#include "simd/dispatch.h"

namespace tenuto::dsp {

class Limiter final : public Node {
  public:
    // [control] Throws std::invalid_argument when there is no detector in the data.
    explicit Limiter(const NodeSetup& setup, const simd::Kernels& kernels = simd::kernels());

  private:
    static constexpr std::uint32_t taps = 20;    // of the detector
    static constexpr std::uint32_t strip = 128;  // frames computed at once
    static constexpr std::uint32_t guard = 4;    // frames around a peak with its full reduction
    static constexpr std::uint32_t detection = 9 + guard;  // frames

    void process(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING override;
    void forget() noexcept TENUTO_NONBLOCKING override;

    bool take(const Io& io, std::uint32_t from, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    bool detect(std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    // Frames over which a peak is held.
    std::uint32_t window() const noexcept TENUTO_NONBLOCKING {
        return shape().latency_frames - detection + 1 + 2 * guard;
    }
    bool rests() const noexcept TENUTO_NONBLOCKING;
    void want(std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    void smooth(std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    void give(const Io& io, std::uint32_t from, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;

    const simd::PeakKernels& peaks_;
    std::array<float, 3 * taps / 2> detector_;  // folded
    float most_gain_;                           // of a sample, in what the detector gives
    std::uint32_t first_box_, second_box_;      // frames
    Ramp ceiling_;
    double keep_ = 0;  // of a reduction, per frame
    SlidingMax hold_;

    // Each line: what is remembered, then this strip.
    std::vector<std::vector<float>> sound_;  // for each channel: latency + strip
    std::vector<double> released_, boxed_;   // first_box_ + strip, second_box_ + strip
    double reduction_ = 0;                   // held and released
    double first_sum_ = 0, second_sum_ = 0;  // of the boxes
    std::uint32_t quiet_frames_;             // since there was a peak to look at, at most `window`
    float values_[strip];                    // peaks, reductions, gains
};

}  // namespace tenuto::dsp
