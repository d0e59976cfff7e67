// SPDX-License-Identifier: MIT
// Bends the waveform, at a multiple of the samplerate.
//
// Way      drive → doubled 2 to 4 times → curve (shaper.h) → halved as often → mixed with the
// input,
//          which is delayed by as much. The last halving has an even number of coefficients: its
//          half sample and the curve's make a whole one, and it lifts again what the curve's mean
//          takes from the highest notes. Some samples are added at the highest rate, so that all
//          delays together are whole frames.
// Targets  0 drive, 1 level of the bent sound, 2 level of the dry one (amplitudes, ramps), 3 curve
//          (0 tanh, 1 hard, 2 soft). From curve to curve it is a cross-fade.
// Options  0 doublings; then for each the number of its coefficients on one side, then that of the
//          last halving, all of them. Data: a row for each of these, zeros behind.
#pragma once

#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/halfband.h"
#include "dsp/node.h"
#include "dsp/ramp.h"
#include "dsp/shaper.h"

namespace tenuto::dsp {

// What the factor of oversampling and its filters make: sizes and delays.
struct Oversampling {
    std::uint32_t doublings;
    std::vector<std::vector<float>> halfbands;  // one for each doubling, the lowest rate first
    std::vector<float> last;                    // of the last halving, from the highest rate
    std::uint32_t added;                        // samples at the highest rate
    std::uint32_t latency_frames;

    // [control] Throws std::invalid_argument when options and data do not fit.
    explicit Oversampling(const NodeSetup& setup);
};

class Distortion final : public Node {
  public:
    // [control]
    explicit Distortion(const NodeSetup& setup);

  private:
    static constexpr std::uint32_t strip = 32;  // frames computed at once
    // A louder sample is bent to the limit all the same, and nothing overflows.
    static constexpr float loudest = 1e6F;

    struct Channel {
        std::vector<Doubler> up;
        Line bent;       // one sample, then a strip of what is to be bent
        Line even, odd;  // of the bent sound, for the last halving
        std::vector<Halver> down;
        Line dry;
    };

    Distortion(const NodeSetup& setup, const Oversampling& plan);
    void process(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING override;
    void forget() noexcept TENUTO_NONBLOCKING override;

    void bend(Channel& channel, const float* in, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    void halve(Channel& channel, float* samples, std::uint32_t count) noexcept TENUTO_NONBLOCKING;
    void run_channel(Channel& channel, const float* in, float* out, std::uint32_t frames) noexcept
        TENUTO_NONBLOCKING;

    std::uint32_t factor_;
    std::uint32_t added_;
    std::vector<float> last_;
    std::vector<Channel> channels_;
    Ramp drive_, wet_, dry_;
    Curve curve_ = Curve::tanh, old_curve_ = Curve::tanh, next_curve_ = Curve::tanh;
    Ramp blend_{1};                           // from the old curve to the newest
    std::vector<float> one_, other_, rests_;  // scratch at the highest rate
};

}  // namespace tenuto::dsp
