// SPDX-License-Identifier: MIT
// Lets sound through only while it is loud enough.
//
// Opens    when the largest sample of a frame (of the key, when there is one) reaches the opening
//          level; closes when no sample has reached the closing level for longer than the hold.
//          The hold also bridges the zeros of a tone: half a period of the lowest one.
// Gain     goes to 1 or to the floor, each frame a fixed part of the way that is left.
// Targets  0 opening level, 1 closing level, 2 floor (amplitudes); 3, 4 the part of the way per
//          frame while opening, while closing; 5 frames of hold.
// Ramps    None: no target is a gain, all only say where the gain goes.
#pragma once

#include "dsp/node.h"

namespace tenuto::dsp {

class Gate final : public Node {
  public:
    // [control]
    explicit Gate(const NodeSetup& setup);

  private:
    static constexpr std::uint32_t strip = 128;  // frames computed at once

    void process(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING override;
    void forget() noexcept TENUTO_NONBLOCKING override;

    void follow_level(std::uint32_t frames) noexcept TENUTO_NONBLOCKING;

    float opens_at_ = 0, closes_at_ = 0;
    double floor_ = 0, attack_ = 1, release_ = 1;
    std::uint32_t hold_ = 0;

    bool is_open_ = false;
    std::uint32_t hold_left_ = 0;
    double gain_ = 0;
    float levels_[strip];  // largest amplitude of each frame, then its gain
};

}  // namespace tenuto::dsp
