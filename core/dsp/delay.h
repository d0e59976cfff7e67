// SPDX-License-Identifier: MIT
// Sound again, later: an echo, or what closes a loop of the graph.
//
// Targets 0: frames, 1: feedback, 2: mix (0: only the input, 1: only the echo). Options 0: the most
// frames, 1: not 0 if it closes a loop.
//
// The delay is a whole number of frames. To change it, the place that is read does not move (that
// would bend the pitch): the old place fades into the new one over the ramp's time. If it changes
// again meanwhile, the next fade begins when the first is done, so no fade is ever cut off.
//
// A delay of no frames has no feedback: it would have to know its output before its input.
#pragma once

#include <cstdint>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/delay_line.h"
#include "dsp/node.h"
#include "dsp/ramp.h"

namespace tenuto::dsp {

class Delay final : public Node {
  public:
    // [control]
    explicit Delay(const NodeSetup& setup);

    bool closes_loops() const noexcept TENUTO_NONBLOCKING override { return in_loop_; }
    // [audio] Only the echo; the mix is not asked, for the input is not there yet.
    void emit(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void absorb(const Io& io) noexcept TENUTO_NONBLOCKING override;

  private:
    static constexpr std::uint32_t most_chunk = 256;

    void process(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING override;
    void forget() noexcept TENUTO_NONBLOCKING override { line_.forget(); }

    void listen(std::uint32_t channel, std::uint32_t offset, float* out,
                std::uint32_t frames) const noexcept TENUTO_NONBLOCKING;
    void chunk(const Io& io, std::uint32_t at, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    void move_fade(std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    void start_fade() noexcept TENUTO_NONBLOCKING;

    bool in_loop_;
    std::uint32_t least_, most_;  // frames
    std::uint32_t max_block_;
    DelayLine line_;
    Ramp feedback_, mix_, fade_;
    std::uint32_t old_delay_ = 0, new_delay_ = 0, wanted_delay_ = 0;
    std::vector<float> emitted_;  // the echo between `emit` and `absorb`: planar, a block each
};

}  // namespace tenuto::dsp
