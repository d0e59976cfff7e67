// SPDX-License-Identifier: MIT
// A node whose samples are computed by a function from outside: written in Python and compiled, or
// taken from another library. See platform/foreign_code.h for its shape.
//
// Targets    The function's parameters, in its order. The samplerate is put behind them.
// Options    0, 1: address, lower and upper 32 bits. 2: floats of state for each channel. 3: frames
//            of latency.
// Smoothing  Parameters go in straight lines as everywhere, but a function sees one value for a
//            call: while one moves, blocks are cut at every `step_frames`-th frame of the engine.
//            As that is the engine's count, blocks of any size give the same values.
// Not finite A sample of the output that is not finite becomes 0; the state is forgotten.
// Watchdog   Once `watch` was called: a block is bad when it took more than a share of its own
//            time or when the function gave up. After 8 bad ones among the last 64 the function is
//            not called any more, and the input passes, faded over from the last sample that it
//            gave. A long block counts as up to 4, so that a single one (the thread had to wait for
//            another) is not enough.
#pragma once

#include <cstdint>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/node.h"
#include "dsp/ramp.h"
#include "platform/foreign_code.h"

namespace tenuto::dsp {

class Kernel final : public Node {
  public:
    static constexpr std::uint32_t step_frames = 16;  // 0.33 ms at 48 kHz
    static constexpr int bad_blocks = 8;              // of the last 64
    static constexpr int bad_at_once = 4;             // a long block counts as several, but no more
    static constexpr double fade_seconds = 0.005;

    // [control]
    explicit Kernel(const NodeSetup& setup);

    // [any] A block may take `share` of the time that it plays for; 0: as long as it likes.
    void watch(double share) noexcept TENUTO_NONBLOCKING { share_.set(share); }
    // [any] Lets a function that was bypassed run again, from an empty state.
    void rearm() noexcept TENUTO_NONBLOCKING { asks_rearm_.set(true); }
    // [any] Forgets what was heard, at the next block.
    void ask_reset() noexcept TENUTO_NONBLOCKING { asks_reset_.set(true); }

    // [any]
    bool is_bypassed() const noexcept TENUTO_NONBLOCKING { return bypassed_.get() != 0; }
    // [any] How often it was bypassed.
    std::uint64_t bypasses() const noexcept TENUTO_NONBLOCKING { return bypasses_.get(); }
    // [any] Watched blocks that took too long.
    std::uint64_t late() const noexcept TENUTO_NONBLOCKING { return late_.get(); }
    // [any] The longest watched block.
    std::uint64_t worst_ns() const noexcept TENUTO_NONBLOCKING { return worst_ns_.get(); }
    // [any] Calls in which the function gave up.
    std::uint64_t failed() const noexcept TENUTO_NONBLOCKING { return failed_.get(); }
    // [any] The number that it gave up with last.
    std::uint32_t failure() const noexcept TENUTO_NONBLOCKING { return failure_.get(); }

  private:
    void process(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING override;
    void forget() noexcept TENUTO_NONBLOCKING override;
    bool call(const Io& io) noexcept TENUTO_NONBLOCKING;
    bool call_piece(const Io& io, std::uint32_t at, std::uint32_t frames) noexcept
        TENUTO_NONBLOCKING;
    void judge(const Io& io, std::int64_t took_ns, double share, bool gave_up) noexcept
        TENUTO_NONBLOCKING;
    void pass(const Io& io) noexcept TENUTO_NONBLOCKING;
    void fade_in(const Io& io) noexcept TENUTO_NONBLOCKING;

    platform::KernelCode code_;
    double samplerate_;
    std::uint32_t max_block_, fade_frames_;
    std::vector<float> memory_, in_, out_;  // state (with room to align it), one piece's channels
    float* state_;
    std::size_t state_floats_;
    std::vector<const float*> in_channels_;
    std::vector<float*> out_channels_;
    std::vector<Ramp> ramps_;
    std::vector<float> params_;  // what the function sees now
    bool is_moving_ = false;     // it does not see the targets yet

    std::uint64_t history_ = 0;   // the last 64 blocks, 1: bad
    std::vector<float> last_;     // of each channel, before it was bypassed
    Ramp wet_{1.0}, trace_{0.0};  // share of the function; of the sample that it gave last
    shared::Setting<double> share_{0.0};
    shared::Setting<bool> asks_rearm_{false}, asks_reset_{false};
    shared::Counter bypassed_, bypasses_, late_, worst_ns_, failed_;
    shared::Cell<std::uint32_t> failure_;
};

}  // namespace tenuto::dsp
