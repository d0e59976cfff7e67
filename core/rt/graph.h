// SPDX-License-Identifier: MIT
// A compiled graph: steps in order, their buffers already placed. Built by control/graph_builder,
// run by the engine, freed on control.
//
// Buffers    Planar, 64-byte aligned, in one arena; shared by steps whose sounds do not live at the
//            same time.
// Inlets     What comes into a step's input is the sum of its connections. Where there is a single
//            one that changes nothing, the step reads the source's buffer itself.
#pragma once

#include <cstdint>
#include <memory>  // layer: owned and freed on [control]; the audio thread only borrows
#include <span>
#include <vector>  // layer: filled on [control] by the builder, never grown

#include "dsp/connection.h"
#include "dsp/node.h"
#include "platform/memory.h"
#include "rt/tape.h"
#include "shared/nonblocking.h"
#include "simd/dispatch.h"

namespace tenuto::rt {

class Graph {
  public:
    // One channel of a connection.
    struct Path {
        const float* from;
        float* to;
    };
    struct Join {
        dsp::Connection* connection;
        std::uint32_t first_path, path_count;  // into `paths`
    };
    // An input: channels side by side in `ins`, or the engine's output.
    struct Inlet {
        std::uint32_t first_channel, channel_count;  // into `ins`, `mixed` and `direct`
        std::uint32_t first_join, join_count;        // into `joins`
        bool may_be_direct;
    };
    enum class Kind : std::uint8_t { run, emit, absorb };
    struct Step {
        dsp::Node* node;
        Kind kind;
        std::uint32_t first_in, first_out;       // into `ins`, `outs`
        std::uint32_t first_inlet, inlet_count;  // into `inlets`
    };
    struct Addressee {
        std::uint64_t id;
        dsp::Steered* steered;
    };

    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;
    // [control]
    ~Graph() { platform::unlock_memory(arena_.data(), arena_.size()); }

    // [audio] Puts interleaved sound into the input's buffers; returns how many samples were not
    // finite (they become 0). Null: silence.
    std::uint32_t load(const float* interleaved, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    // [audio] Runs all steps.
    void run(std::uint32_t frames, std::uint64_t frame) noexcept TENUTO_NONBLOCKING;
    // [audio] Interleaves what arrived at the output; not finite samples become 0 and are counted.
    std::uint32_t store(float* interleaved, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    // [audio] Somewhere to store when the device gives no place.
    float* scratch() noexcept TENUTO_NONBLOCKING { return scratch_.data(); }
    // [audio] A scheduled change; false when its target is not in this graph.
    bool change(std::uint64_t id, std::size_t first, std::span<const double> values) noexcept
        TENUTO_NONBLOCKING;
    // [audio]
    std::uint32_t max_block() const noexcept TENUTO_NONBLOCKING { return max_block_; }
    // [audio] Recordings among the nodes.
    std::span<Tape* const> tapes() const noexcept TENUTO_NONBLOCKING { return tapes_; }
    // [control] What its buffers take, in bytes.
    std::size_t arena_bytes() const noexcept { return arena_.size(); }

  private:
    friend struct GraphMaker;  // control/graph_builder.cpp
    Graph() = default;

    void fill(const Inlet& inlet, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;

    const simd::BlockKernels& kernels_ = *simd::kernels().blocks;
    std::uint32_t max_block_ = 0;
    std::uint32_t in_channels_ = 0, out_channels_ = 0;
    platform::AlignedBuffer arena_;
    std::vector<float*> input_;  // the engine's input
    std::vector<Step> steps_;
    std::vector<Inlet> inlets_;  // of the steps, then the one of the engine's output
    std::vector<Join> joins_;
    std::vector<Path> paths_;
    std::vector<const float*> ins_;  // what steps read
    std::vector<float*> mixed_;      // beside each: where its sum is made; null: none
    std::vector<const float*>
        direct_;  // beside each: the one source that it could read; null: none
    std::vector<float*> outs_;
    std::vector<float> scratch_;
    std::vector<Addressee> addressees_;  // by id
    std::vector<Tape*> tapes_;
    std::vector<std::shared_ptr<dsp::Node>> nodes_;
    std::vector<std::shared_ptr<dsp::Connection>> connections_;
};

}  // namespace tenuto::rt
