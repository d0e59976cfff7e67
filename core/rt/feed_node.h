// SPDX-License-Identifier: MIT
// Sound that Python puts in: a ring, filled on control, emptied by the audio thread.
//
// When empty  Silence; the frames that were missing are counted, unless the end was announced.
#pragma once

#include <cmath>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/node.h"
#include "shared/counters.h"
#include "shared/ring.h"

namespace tenuto::rt {

class FeedNode final : public dsp::Node {
  public:
    // [control] Room for `ring_frames` frames of `channels`.
    FeedNode(std::uint32_t channels, std::size_t ring_frames, std::uint32_t max_block,
             double samplerate)
        : Node({samplerate, channels, max_block, {}, {}, {}, 0}, {0, 0, channels}),
          ring_(ring_frames, channels),
          interleaved_(std::size_t{channels} * max_block) {}

    // [writer] Interleaved frames in; returns how many fitted.
    std::size_t write(std::span<const float> samples) noexcept { return ring_.write(samples); }
    // [writer] Frames that fit now.
    std::size_t free_frames() const noexcept { return ring_.capacity() - ring_.fill(); }
    // [any] Frames that were not there in time.
    std::uint64_t missing() const noexcept { return missing_.get(); }
    // [any] Frames that were played.
    std::uint64_t played() const noexcept { return played_.get(); }
    // [control] Nothing more will come: running empty is no fault from here on.
    void announce_end(bool ends) noexcept { ends_.set(ends); }

  private:
    void steer(bool) noexcept TENUTO_NONBLOCKING override {}
    void process(const dsp::Io& io) noexcept TENUTO_NONBLOCKING override {
        const std::uint32_t width = shape().out_channels;
        const std::size_t got = ring_.read({interleaved_.data(), std::size_t{io.frames} * width});
        std::fill(interleaved_.begin() + static_cast<std::ptrdiff_t>(got * width),
                  interleaved_.begin() + std::ptrdiff_t{io.frames} * width, 0.0F);
        for (std::uint32_t c = 0; c < width; ++c) {
            const float* from = interleaved_.data() + c;
            for (std::uint32_t n = 0; n < io.frames; ++n, from += width)
                io.out[c][n] = std::isfinite(*from) ? *from : 0.0F;
        }
        played_.add(got);
        // Before the first frame it has not begun.
        if (got < io.frames && played_.get() > 0 && !ends_.get()) missing_.add(io.frames - got);
    }

    shared::Ring<float> ring_;
    std::vector<float> interleaved_;
    shared::Counter missing_, played_;
    shared::Setting<bool> ends_{false};
};

}  // namespace tenuto::rt
