// SPDX-License-Identifier: MIT
// A tape whose reader is Python: frames in order, and every loss with its place, length and cause.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "disk/tape_end.h"
#include "rt/losses.h"

namespace tenuto::control {

// A loss, counted in frames of device time since the tape's begin.
struct Lost {
    std::uint64_t frame, frames;
    rt::Cause cause;
    std::int64_t monotonic_ns;  // when it was noticed
};

class TapeReader {
  public:
    struct Piece {
        std::size_t frames;        // how many were read
        std::uint64_t frame;       // the first one's place in device time, losses included
        double ns;                 // when that one arrived, on the monotonic clock; 0: not known
        std::vector<Lost> losses;  // what is missing right in front of it
    };

    // [control] `samplerate` is the nominal one.
    TapeReader(std::shared_ptr<rt::Tape> tape, double samplerate)
        : end_(std::move(tape)), frame_ns_(1e9 / samplerate) {}

    // [reader] As many frames as there are and fit, but none behind the next loss. With no frame
    // but with losses when the tape ended with them.
    Piece read(std::span<float> out);
    // [reader] True when `read` need not wait to give `frames` frames: they are there, or fewer are
    // and a loss or the end comes behind them.
    bool is_ready(std::size_t frames);
    // [reader] How many frames to wait for, when `is_ready` is not true.
    std::size_t wanted(std::size_t frames);
    // [reader] True when all was read and nothing will come.
    bool is_over();
    // [reader] Place of the next frame to be read, if nothing is lost in front of it.
    std::uint64_t frame() { return end_.tape().samples().read_position() + lost_; }
    // [any]
    const std::shared_ptr<rt::Tape>& tape() const noexcept { return end_.shared_tape(); }

  private:
    void follow_time(std::uint64_t before_position);
    void absorb_losses();
    bool has_reached_limit(std::uint64_t frame) const;

    disk::TapeEnd end_;
    double frame_ns_;
    std::uint64_t lost_ = 0;         // frames lost in front of what was read
    std::uint64_t known_frame_ = 0;  // the newest frame …
    double known_ns_ = 0;            // … whose time is known, and that
    std::vector<Lost> untold_;       // in front of the next frame
};

}  // namespace tenuto::control
