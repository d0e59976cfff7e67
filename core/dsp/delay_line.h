// SPDX-License-Identifier: MIT
// The last frames of several channels, to be read at any age.
//
// A block is written at the line's head and read in any order; `advance` moves the head on when all
// channels are done. A block may be written before it is read (then ages from 0 on are there), or
// after (then an age must be at least as long as the block): the second is what feedback needs.
//
// Forgetting takes no time: frames older than what was heard since are silence, whatever the memory
// holds.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "shared/nonblocking.h"

namespace tenuto::dsp {

class DelayLine {
  public:
    DelayLine() = default;
    // [control] For ages of up to `most_delay`, in blocks of up to `most_block` frames.
    DelayLine(std::uint32_t channels, std::uint32_t most_delay, std::uint32_t most_block)
        : size_(std::bit_ceil(most_delay + most_block)),
          // Channels a power of two apart would all fall into the same few places of the cache.
          stride_(size_ + 80),
          samples_(static_cast<std::size_t>(stride_) * channels) {}

    // [audio] The head's next `frames` frames.
    void write(std::uint32_t channel, const float* in, std::uint32_t frames) noexcept
        TENUTO_NONBLOCKING {
        float* const line = samples_.data() + static_cast<std::size_t>(stride_) * channel;
        const std::uint32_t at = head_ & (size_ - 1), some = std::min(frames, size_ - at);
        std::copy_n(in, some, line + at);
        std::copy_n(in + some, frames - some, line);
    }
    // [audio] What was written `delay` frames before the head, and the frames after it.
    void read(std::uint32_t channel, std::uint32_t delay, float* out,
              std::uint32_t frames) const noexcept TENUTO_NONBLOCKING {
        const float* const line = samples_.data() + static_cast<std::size_t>(stride_) * channel;
        const std::uint32_t silent = delay > heard_ ? std::min(frames, delay - heard_) : 0;
        std::fill_n(out, silent, 0.0F);
        const std::uint32_t at = (head_ - delay + silent) & (size_ - 1);
        const std::uint32_t rest = frames - silent, some = std::min(rest, size_ - at);
        std::copy_n(line + at, some, out + silent);
        std::copy_n(line, rest - some, out + silent + some);
    }
    // [audio] What was written is now the past.
    void advance(std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
        head_ += frames;
        heard_ = std::min(heard_ + frames, size_);
    }
    // [audio] As if nothing had been written.
    void forget() noexcept TENUTO_NONBLOCKING { heard_ = 0; }

  private:
    std::uint32_t size_ = 0, stride_ = 0;
    std::vector<float> samples_;
    std::uint32_t head_ = 0;   // wraps; only its low bits are used
    std::uint32_t heard_ = 0;  // frames since the last `forget`, at most `size_`
};

}  // namespace tenuto::dsp
