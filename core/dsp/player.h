// SPDX-License-Identifier: MIT
// Plays what the disk thread has read ahead. Target 0: the gain's factor; target 1: play (above
// 0.5) or pause. The output is the ring's samples, to the last bit where nothing fades.
//
// Fades      5 ms, in a straight line: pausing, going on in the middle of a file, jumping, running
//            dry. The first frame of a file begins at once.
// Running    When less than a block and a fade is left, and no end is known, the last of it is
// dry        faded out, counted once, and silence follows; when there is a tenth of a second again
//            it goes on with the very next frame: nothing is skipped, the position stays true.
// Blocks     However sound is cut into blocks the output is the same, but for what comes from
//            outside at no exact time: a jump, running dry.
#pragma once

#include <cstdint>
#include <memory>  // layer: owned by the node on control; the audio thread only borrows
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/feed.h"
#include "dsp/node.h"
#include "dsp/ramp.h"

namespace tenuto::dsp {

class Player final : public Node {
  public:
    static constexpr double fade_seconds = 0.005;

    // [control] `keeper` fills the feed, and lives as long as this node does.
    Player(const NodeSetup& setup, std::shared_ptr<Feed> feed, std::shared_ptr<const void> keeper);

  private:
    void process(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING override;
    void forget() noexcept TENUTO_NONBLOCKING override;

    void look(std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    void jump(const Segment& to, std::uint64_t skip) noexcept TENUTO_NONBLOCKING;
    void fill_tail() noexcept TENUTO_NONBLOCKING;
    void advance() noexcept TENUTO_NONBLOCKING;
    void start_when_ready(std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    std::uint32_t sound(const Io& io, std::uint32_t at, std::uint32_t frames) noexcept
        TENUTO_NONBLOCKING;
    void play(const Io& io, std::uint32_t at, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    void play_piece(const Io& io, std::uint32_t at, const float* from,
                    std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    void tell(const Io& io) noexcept TENUTO_NONBLOCKING;

    std::uint64_t here() noexcept TENUTO_NONBLOCKING { return feed_->samples().read_position(); }
    std::uint64_t ahead() noexcept TENUTO_NONBLOCKING { return mine_to_ - here(); }
    std::int64_t frame() noexcept TENUTO_NONBLOCKING;
    bool is_sounding() noexcept TENUTO_NONBLOCKING {
        return gate_.value() > 0 || gate_.is_moving();
    }

    std::shared_ptr<Feed> feed_;
    std::shared_ptr<const void> keeper_;
    std::uint32_t fade_frames_, restart_frames_;
    bool wanted_ = false;        // playing was asked for
    bool is_dry_ = false;        // it stands because there was nothing left
    bool at_end_ = false;        // the end was reached
    bool is_complete_ = false;   // nothing comes behind `mine_to_`
    std::uint64_t mine_to_ = 0;  // the end of what may be played
    Segment current_{};          // what is being played
    std::uint32_t generation_ = 0;
    Ramp gain_, gate_;
    std::vector<float> tail_, spare_tail_;  // what is being faded out by a jump; interleaved
    std::uint32_t tail_left_ = 0;
    std::uint64_t played_ = 0, underruns_ = 0, silent_frames_ = 0;
};

}  // namespace tenuto::dsp
