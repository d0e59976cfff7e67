// SPDX-License-Identifier: MIT
// Makes loud passages softer: a feed-forward compressor in the log domain.
//
// Source   D. Giannoulis, M. Massberg, J. D. Reiss: Digital Dynamic Range Compressor Design,
//          J. Audio Eng. Soc. 60 (6), 2012: gain computer with soft knee (eq. 4), then the smooth
//          branching detector (eq. 16) on the reduction it asks for.
// Level    Of the loudest channel, or of the key when there is one: all get the same gain.
// Targets  0 threshold, 1 slope (1 - 1/ratio), 2 knee, 3 make-up; threshold, knee and make-up in
//          octaves of amplitude; 4, 5 how much of the way a reduction goes per frame while it
//          grows, while it shrinks.
// Ramps    Targets 0 to 3, frame by frame. The others change no value, only where it is going.
#pragma once

#include <array>

#include "dsp/node.h"
#include "dsp/ramp.h"
#include "simd/dispatch.h"

namespace tenuto::dsp {

class Compressor final : public Node {
  public:
    // [control]
    explicit Compressor(const NodeSetup& setup, const simd::Kernels& kernels = simd::kernels());

  private:
    static constexpr std::uint32_t strip = 128;  // frames computed at once
    enum Curve : std::uint8_t { threshold, slope, knee, makeup, curves };

    void process(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING override;
    void forget() noexcept TENUTO_NONBLOCKING override;

    void reduce(std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    void smooth(std::uint32_t frames) noexcept TENUTO_NONBLOCKING;

    const simd::DynamicsKernels& kernels_;
    std::array<Ramp, curves> curve_;
    double attack_ = 1, release_ = 1;  // of the way, per frame
    double reduction_ = 0;             // smoothed, in octaves
    float levels_[strip];              // largest amplitude of each frame
    float wanted_[strip];              // reduction, in octaves
    float gains_[strip];
};

}  // namespace tenuto::dsp
