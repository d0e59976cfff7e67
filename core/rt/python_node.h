// SPDX-License-Identifier: MIT
// A node whose work is done by Python, elsewhere and later: the audio thread only fills chunks and
// plays what has come back. Frame t of the output answers frame t - latency of the input, always:
// what is not there when its time has come is left out, what comes later than that is dropped.
#pragma once

#include <cstdint>
#include <memory>  // layer: shared with control; the audio thread only borrows it
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/node.h"
#include "shared/counters.h"
#include "shared/exchange.h"

namespace tenuto::rt {

class PythonNode final : public dsp::Node {
  public:
    // [control] `passes`: in place of what is late the input is heard, as late as the rest; else
    // silence.
    PythonNode(std::shared_ptr<shared::Exchange> exchange, std::uint32_t max_block, bool passes);

    // [any] Chunks that were not there in time.
    std::uint64_t late() const noexcept { return late_.get(); }
    // [any] Of these, so many never went to the worker: it was too far behind.
    std::uint64_t left_out() const noexcept { return left_out_.get(); }
    // [any] Chunks that were played.
    std::uint64_t played() const noexcept { return played_.get(); }

  private:
    void steer(bool) noexcept TENUTO_NONBLOCKING override {}
    void process(const dsp::Io& io) noexcept TENUTO_NONBLOCKING override;
    void fill(const dsp::Io& io, std::uint32_t from, std::uint32_t count) noexcept
        TENUTO_NONBLOCKING;
    void play(const dsp::Io& io, std::uint32_t from, std::uint32_t count) noexcept
        TENUTO_NONBLOCKING;
    void find_answer(std::uint64_t chunk) noexcept TENUTO_NONBLOCKING;

    std::shared_ptr<shared::Exchange> exchange_;
    shared::Lane there_, back_;
    std::uint64_t chunk_frames_, latency_;
    bool passes_;
    std::uint64_t at_ = 0;            // frames seen
    float* filling_ = nullptr;        // slot of the chunk that is coming in; null: no room for it
    const float* playing_ = nullptr;  // the chunk that is going out; null: it is late
    std::vector<float> dry_;          // planar: the input, as long as the latency
    shared::Counter late_, left_out_, played_;
};

}  // namespace tenuto::rt
