// SPDX-License-Identifier: MIT
// What every node of a graph is: built on control, run on the audio thread, one block at a time.
//
// A new node is a pair of files in this folder, a row in control/node_factory.cpp, a class in
// Python and a test; see CONTRIBUTING.md.
//
// Blocks     Any number of frames from 1 to `max_block`, and it must not matter how sound is cut
//            into blocks: state carries over, and nothing is computed "once a block" that can be
//            heard.
// Memory     Everything is allocated in the constructor.
// Not finite What comes in is finite (the engine's input, sources and kernels are checked), but it
//            may be huge. A node with a memory looks after each block whether its state is still
//            finite; if not it forgets it (`contain`).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>  // layer: owned by plans and handles on control; the audio thread only borrows
#include <vector>  // layer: only in the setup, on [control]

#include "dsp/steered.h"
#include "shared/counters.h"
#include "shared/nonblocking.h"

namespace tenuto::dsp {

// What a node is built from; nothing of it changes later but the targets.
struct NodeSetup {
    double samplerate = 48000;
    std::uint32_t channels = 1;     // of the main input; of the output, where there is no input
    std::uint32_t max_block = 512;  // frames
    std::vector<double> targets;    // first values of the parameters, in the node's own order
    std::vector<double> options;    // choices made once, in the node's own order
    std::vector<float> data;        // an impulse response, a table: planar
    std::uint32_t data_channels = 0;
};

// The buffers of one call: planar, 64-byte aligned, never the same for input and output.
struct Io {
    const float* const* in;  // the main input's channels, then those of the side inputs, one by
                             // one; a side input that nothing is connected to is null
    float* const* out;
    std::uint32_t frames;
    std::uint64_t frame;  // the engine's index of the first of them
};

class Node : public Steered, public std::enable_shared_from_this<Node> {
  public:
    struct Shape {
        std::uint32_t in_channels;    // main input; 0: a source
        std::uint32_t side_channels;  // further inputs of one channel each (a key, a modulation)
        std::uint32_t out_channels;   // 0: an end
        std::uint32_t latency_frames = 0;  // how much later sound comes out than it went in
    };

    // [control]
    Node(const NodeSetup& setup, const Shape& shape)
        : Steered(setup.targets, setup.samplerate), shape_(shape) {}

    // [audio] Runs one block.
    void run(const Io& io) noexcept TENUTO_NONBLOCKING {
        follow();
        process(io);
    }
    // [audio] Forgets what was heard; parameters stay.
    void reset() noexcept TENUTO_NONBLOCKING {
        forget();
        start_anew();
    }

    // [any] True for a delay that may close a loop: `emit` gives a block before `absorb` gets its
    // input. `run` is not called then.
    virtual bool closes_loops() const noexcept TENUTO_NONBLOCKING { return false; }
    // [audio] The output of a block whose input is not known yet.
    virtual void emit(const Io&) noexcept TENUTO_NONBLOCKING {}
    // [audio] The input of the block that was emitted.
    virtual void absorb(const Io&) noexcept TENUTO_NONBLOCKING {}

    // [any]
    const Shape& shape() const noexcept TENUTO_NONBLOCKING { return shape_; }
    // [any] How often its state had to be forgotten, because it was not finite any more.
    std::uint64_t contained() const noexcept TENUTO_NONBLOCKING { return contained_.get(); }

  protected:
    // [audio]
    virtual void process(const Io& io) noexcept TENUTO_NONBLOCKING = 0;
    // [audio]
    virtual void forget() noexcept TENUTO_NONBLOCKING {}

    // [audio] To be called when the state is not finite.
    void contain() noexcept TENUTO_NONBLOCKING {
        forget();
        contained_.add(1);
    }

  private:
    Shape shape_;
    shared::Counter contained_;
};

}  // namespace tenuto::dsp
