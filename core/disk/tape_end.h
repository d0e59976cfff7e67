// SPDX-License-Identifier: MIT
// The reading end of a tape: what comes next, frames or a hole. Whoever empties a tape (a file's
// track, or Python's reader) sees it through this, so that both find every hole at the same place.
//
// Order      A loss is in its ring before the first frame behind it is in the other one. So the
//            frames are looked at first: all losses in front of their end are then there to be
//            seen.
// Threads    One reader. `Tape` says what the audio thread does at the other end.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "rt/tape.h"

namespace tenuto::disk {

class TapeEnd {
  public:
    // A hole (`loss.frames` > 0), or frames in front of the next hole, or nothing.
    struct Next {
        rt::Loss loss{};
        std::span<const float> samples;  // interleaved; they stay until `take`
    };

    // [control]
    explicit TapeEnd(std::shared_ptr<rt::Tape> tape) : tape_(std::move(tape)) {}

    // [reader] What comes next, at most `most_frames` frames of it. A hole is taken by that; of
    // frames `take` says how many were.
    Next next(std::size_t most_frames);
    // [reader] So many of the frames that `next` showed are done with.
    void take(std::size_t frames) { tape_->samples().release(frames); }
    // [reader] Frames in front of the next hole that is known, at most `most_frames`; `cut` says
    // whether a hole is what ends them.
    std::size_t ready(std::size_t most_frames, bool& cut);
    // [reader] Frames to the next hole that is known; a very large number when there is none.
    std::uint64_t next_hole() const noexcept {
        return losses_.empty() ? UINT64_MAX
                               : losses_.front().position - tape_->samples().read_position();
    }
    // [reader] True when nothing is left and nothing will come.
    bool is_over();

    // [any]
    rt::Tape& tape() const noexcept { return *tape_; }
    // [any]
    const std::shared_ptr<rt::Tape>& shared_tape() const noexcept { return tape_; }

  private:
    void collect_losses();

    std::shared_ptr<rt::Tape> tape_;
    std::vector<rt::Loss> losses_;  // seen, not yet given out, by position
    bool took_last_losses_ = false;
};

}  // namespace tenuto::disk
