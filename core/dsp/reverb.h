// SPDX-License-Identifier: MIT
// A room: a feedback delay network of sixteen lines, mixed with each other by a Hadamard matrix.
//
//   input ─ predelay ─ 2 × (16 short delays, matrix) ─ + ─┬─ 16 long delays ─ damping ─ turn ─
//   matrix ─┐
//                                                      ▲  └─ outputs │
//                                                      └───────────────────────────────────────────────┘
//
// The matrix keeps energy, so nothing decays but by the damping, which gives each line the factor
// for its length: all modes of the room decay alike, and none rings on. Sixteen lines make less
// than one mode for each hertz, which is heard in long decays: so pairs of lines are slowly turned
// into each other, which keeps energy too, but leaves no mode in its place. The short delays are no
// loops: they make one pulse 256 before the room gets it, and colour nothing in the long run.
//
// Lengths, factors and the decay they are for are designed in Python (design/reverb.py). When
// lengths change, all old ones fade into the new ones; a further change waits until that is done.
//
// Source    M. R. Schroeder, Natural sounding artificial reverberation (1962); J.-M. Jot and
//           A. Chaigne, Digital delay networks for designing artificial reverberators (1991);
//           S. J. Schlecht and E. A. P. Habets, Time-varying feedback matrices in feedback delay
//           networks (2015).
#pragma once

#include <cstdint>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/delay_line.h"
#include "dsp/node.h"
#include "dsp/ramp.h"

namespace tenuto::dsp {

class Reverb final : public Node {
  public:
    static constexpr std::uint32_t lines = 16, steps = 2, chunk_frames = 64;

    // Where in the targets what begins; `Reverb._targets` in Python gives the same list.
    enum Target : std::uint32_t {
        dry_at,                              // factor of the input
        wet_at,                              // factor of the room
        width_at,                            // 0: the room is one channel wide, 1: two
        motion_at,                           // how fast lines turn into each other, 0: not at all
        predelay_at,                         // frames
        short_at,                            // frames: two steps of sixteen
        long_at = short_at + steps * lines,  // frames, sixteen
        feed_at = long_at + lines,           // of the damping, y = feed · x + keep · y', sixteen
        keep_at = feed_at + lines,
        target_total = keep_at + lines
    };

    // [control] Options: the most frames of the predelay, of a short and of a long delay.
    explicit Reverb(const NodeSetup& setup);

  private:
    using Rows = float[lines][chunk_frames];
    static constexpr std::uint32_t delays = 1 + (steps + 1) * lines;

    void process(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING override;
    void forget() noexcept TENUTO_NONBLOCKING override;

    void chunk(const Io& io, std::uint32_t at, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    void take_input(const Io& io, std::uint32_t at, Rows& rows, std::uint32_t frames) noexcept
        TENUTO_NONBLOCKING;
    void damp(Rows& rows, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    void turn(Rows& rows, std::uint32_t frames) const noexcept TENUTO_NONBLOCKING;
    void turn_on() noexcept TENUTO_NONBLOCKING;
    void give_output(const Io& io, std::uint32_t at, const Rows& rows,
                     std::uint32_t frames) const noexcept TENUTO_NONBLOCKING;
    void read(const DelayLine& line, std::uint32_t channel, std::uint32_t delay, float* out,
              std::uint32_t frames) const noexcept TENUTO_NONBLOCKING;
    void start_fade() noexcept TENUTO_NONBLOCKING;

    std::uint32_t channels_;
    DelayLine predelay_, short_[steps], long_;
    // In the order of the targets: predelay, short, long.
    std::uint32_t most_[delays], old_[delays] = {}, new_[delays] = {}, wanted_[delays] = {};
    std::uint32_t shortest_ = chunk_frames;  // of the long delays that are read now
    Ramp fade_{1.0};
    Ramp dry_, wet_, width_;
    Ramp feed_[lines], keep_[lines];
    float damped_[lines] = {};
    // Pairs of lines turn by an angle that is computed for every 64th frame since the beginning; in
    // between, sine and cosine go in a straight line (which loses a 30 000th of a turn's energy).
    static constexpr std::uint32_t pairs = lines / 2;
    struct Direction {
        float cosine, sine;
    };
    Direction now_[pairs], then_[pairs], step_[pairs] = {};
    std::uint32_t into_ = 0;  // frames since `now_`
    double samplerate_;
    std::vector<float> signs_;  // of the lines in each output: what the room sounds like there
};

}  // namespace tenuto::dsp
