// SPDX-License-Identifier: MIT
// Convolution with a long impulse response, and no delay but the response's own.
//
// Targets 0: factor of the input, 1: of the convolved. Data: the impulse response, one channel for
// all or one for each.
//
// The response is cut in four: the first 64 frames are a plain filter, sample by sample; then
// stretches with partitions of 64, 512, 4096 (and 32768) frames, each beginning at two of its
// partitions, so that there is time to work on it (partitions.h). All is counted in frames since
// the beginning, not in blocks of the device: so it gives the same bits however sound is cut.
#pragma once

#include <cstdint>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/node.h"
#include "dsp/partitions.h"
#include "dsp/ramp.h"

namespace tenuto::dsp {

class Convolver final : public Node {
  public:
    // [control] Throws std::invalid_argument if the response has neither one channel nor as many as
    // the input.
    explicit Convolver(const NodeSetup& setup);

  private:
    static constexpr std::uint32_t tick = Partitions::tick;
    static constexpr std::uint32_t lanes =
        16;  // the plain filter computes groups of so many frames
    // The plain filter's input: what came before, a tick, and room to read past it.
    static constexpr std::uint32_t recent_frames = tick - 1 + tick + lanes;

    void process(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING override;
    void forget() noexcept TENUTO_NONBLOCKING override;
    void filter(const float* recent, const float* response, float* out,
                std::uint32_t frames) const noexcept TENUTO_NONBLOCKING;
    bool end_tick() noexcept TENUTO_NONBLOCKING;

    Ramp dry_, wet_;
    std::vector<float> heads_;   // the first tick of the response of each channel
    std::vector<float> recent_;  // `recent_frames` for each channel
    std::vector<float> heard_;   // rings of the input
    std::vector<const float*> rings_;
    std::uint32_t ring_frames_ = tick;
    std::vector<Partitions> stretches_;
    std::uint64_t now_ = 0;  // frames since the beginning
};

}  // namespace tenuto::dsp
