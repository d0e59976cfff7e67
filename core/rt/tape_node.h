// SPDX-License-Identifier: MIT
// The end of a branch that is recorded: what comes in goes to a tape, from where the disk thread
// (a file) or Python (blocks) takes it. Losses reach the tape through the engine's books.
#pragma once

#include <memory>  // layer: shared with control and disk; the audio thread only borrows it
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/node.h"
#include "rt/tape.h"

namespace tenuto::rt {

class TapeNode final : public dsp::Node {
  public:
    // [control] `tape` picks its channels from `channels` ones.
    TapeNode(std::shared_ptr<Tape> tape, std::uint32_t channels, std::uint32_t max_block,
             double samplerate)
        : Node({samplerate, channels, max_block, {}, {}, {}, 0}, {channels, 0, 0}),
          tape_(std::move(tape)),
          interleaved_(std::size_t{channels} * max_block) {}

    // [any]
    Tape& tape() noexcept TENUTO_NONBLOCKING { return *tape_; }

  private:
    void steer(bool) noexcept TENUTO_NONBLOCKING override {}
    void process(const dsp::Io& io) noexcept TENUTO_NONBLOCKING override {
        const std::uint32_t width = shape().in_channels;
        for (std::uint32_t c = 0; c < width; ++c) {
            float* to = interleaved_.data() + c;
            for (std::uint32_t n = 0; n < io.frames; ++n, to += width) *to = io.in[c][n];
        }
        tape_->capture(interleaved_.data(), io.frames, width);
    }

    std::shared_ptr<Tape> tape_;
    std::vector<float> interleaved_;
};

}  // namespace tenuto::rt
