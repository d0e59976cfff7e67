// SPDX-License-Identifier: MIT
// One stretch of a long convolution: partitions of equal length, multiplied in the frequency domain
// with the spectra of the last blocks of the input (overlap-save), the work spread evenly over
// time.
//
// Time      Counted in ticks of `tick` frames. When a block of its input is complete, a stretch
//           begins the work on it and does a share with each tick, so that it is done when the next
//           block is complete. Its output begins two blocks after the block's first frame: so the
//           stretch must begin at least two blocks into the impulse response. The first stretch has
//           blocks of one tick, does all at once and may begin one block in.
// Source    W. G. Gardner, Efficient Convolution without Input-Output Delay, J. Audio Eng. Soc.
//           43(3), 1995; the even spreading is what he calls multitasking, here without threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/fft.h"
#include "shared/nonblocking.h"

namespace tenuto::dsp {

class Partitions {
  public:
    static constexpr std::uint32_t tick = 64;  // frames

    // [control] `impulses`: for each of the input's channels the part of its impulse response that
    // this stretch is for; channels may share theirs. `block`: a power of two, at least `tick`.
    Partitions(std::uint32_t block, const std::vector<std::span<const float>>& impulses);

    // [any]
    std::uint32_t block() const noexcept TENUTO_NONBLOCKING { return block_; }
    // [audio] A tick is over. `history` has the input's channels in rings of `ring` frames, a power
    // of two of at least four blocks; `now` frames were heard, a multiple of `tick`. False when
    // what comes out is not finite.
    bool work(const float* const* history, std::uint32_t ring, std::uint64_t now) noexcept
        TENUTO_NONBLOCKING;
    // [audio] Adds the output for the frames from `frame` on, which must lie in one tick.
    void add_to(float* out, std::uint32_t channel, std::uint64_t frame,
                std::uint32_t frames) const noexcept TENUTO_NONBLOCKING;
    // [audio]
    void forget() noexcept TENUTO_NONBLOCKING;

  private:
    enum class Task : std::uint8_t { forward, multiply, inverse };
    struct Step {
        Task task;
        std::uint32_t channel, index;  // index: of the transform's steps, or of a partition
        std::uint32_t first_bin;
    };

    bool run(const Step& step, const float* const* history, std::uint32_t ring) noexcept
        TENUTO_NONBLOCKING;
    Split input_spectrum(std::uint32_t channel, std::uint64_t block) noexcept TENUTO_NONBLOCKING;
    void plan(std::uint32_t ticks);

    std::uint32_t block_, channels_, count_ = 0;  // count: of partitions
    RealFft fft_;
    std::vector<std::uint32_t> response_of_;  // channel: which of the responses
    std::vector<float> responses_;            // spectra of the partitions
    std::vector<float> inputs_;               // spectra of the last blocks
    std::vector<float> scratch_;              // two buffers of the transform, and the sum
    std::vector<float> results_, ready_;      // a block for each channel
    std::vector<float> silence_;              // a block
    std::vector<Step> steps_;
    std::vector<std::uint32_t> done_by_;  // tick of a block: how many steps are done then
    std::uint64_t blocks_ = 0;            // complete blocks of the input
    bool is_ready_ = false;
};

}  // namespace tenuto::dsp
