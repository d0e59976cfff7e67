// SPDX-License-Identifier: MIT
// The books on time: holds the frames that a device delivered against the monotonic clock.
//
// A delay-locked loop predicts when each block is due. Source: F. Adriaensen, "Using a DLL to
// filter time", Linux Audio Conference 2005: second order, b = sqrt(2) w, c = w^2, w = 2 pi B dt.
// It gives the device's true rate and the mapping between frames and time.
//
// A late block is not yet a loss: a device with a buffer hands over what it kept, and the blocks
// after it come early. What is lost never comes, so the lateness *stays*. A loss is therefore a
// step in the smallest lateness of all blocks from there on ("suffix minimum"), seen over a window.
// The books keep the steps of that minimum as a small stack: a block that is less late than an
// entry lowers or removes it; an entry that survives the window is a loss, at its block. Its length
// is what the smallest lateness grew by, so that jitter does not count. Until then the block and
// what follows are unsettled, and the tape keeps them back.
//
// How large a step must be rests on the jitter that was measured (rt/jitter.h): it must be out of
// the ordinary for this device, and at least half a block. The loop takes no more from a single
// block than is ordinary, early or late alike, so that jitter does not pull the rate to one side.
//
// A server that runs in cycles (JACK) loses in two ways. A client that is late misses whole cycles:
// a length near a multiple of the cycle is that multiple. A server that is late begins anew at
// once, at any time between two cycles: the loss has the length that the clock says.
//
// A software mixer (PulseAudio) wakes by a clock that creeps and then jumps ahead by a block, in
// the order of seconds, while no frame is lost: `wobble_blocks` says by how much.
//
// A device that knows its own position (the virtual one) is believed: its losses are exact and
// settled at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "rt/jitter.h"
#include "rt/losses.h"
#include "shared/nonblocking.h"

namespace tenuto::rt {

// One block, as the books see it.
struct Arrival {
    std::int64_t now_ns;   // when the callback began
    std::uint32_t frames;  // how many it brought
    // The device's own index of the first of them, counted from the engine's start; -1: not known.
    // A server that has run for longer counts from elsewhere: its adapter takes that off.
    std::int64_t device_frame;
    std::uint64_t tag;  // names the block: a loss in front of it carries this
};

struct BooksSettings {
    double samplerate = 48000;
    std::uint32_t blocksize = 0;  // frames that one callback is expected to bring; 0: the first
    // More than 1: a server that runs in cycles of so many frames; 0: of the first block's length.
    std::uint32_t loss_quantum = 1;
    // A step of up to so many blocks is not a loss (a server that runs in cycles has none).
    // Infinite: a device that only plays asks ahead, as it likes, and its clock tells of no loss.
    double wobble_blocks = 0.5;
};

class Books {
  public:
    static constexpr std::uint64_t no_tag = UINT64_MAX;

    explicit Books(const BooksSettings& settings) noexcept;

    // [audio] Enters one block.
    void enter(const Arrival& arrival) noexcept TENUTO_NONBLOCKING;

    // [audio] The next loss that is certain, or null. Its `position` is the tag that its block
    // came with. Call `drop_loss` when it has been dealt with.
    const Loss* next_loss() const noexcept TENUTO_NONBLOCKING;
    // [audio] Removes what `next_loss` returned.
    void drop_loss() noexcept TENUTO_NONBLOCKING;

    // [audio] No block follows this one for now: a step that has stayed for some blocks is a loss,
    // a younger one is taken for a late block.
    void settle_at_end(std::int64_t now_ns) noexcept TENUTO_NONBLOCKING;

    // [audio] Tag of the earliest block in front of which a loss may still turn up; `no_tag` when
    // everything is settled.
    std::uint64_t unsettled_tag() const noexcept TENUTO_NONBLOCKING;

    // [audio] How late the last block came, in nanoseconds after the loop's prediction; without
    // what a loss in front of it, which is not settled yet, has added.
    double lateness_ns() const noexcept TENUTO_NONBLOCKING { return own_lateness_ns_; }
    // [audio] The device's true rate, in hertz, as far as the loop knows it.
    double true_samplerate() const noexcept TENUTO_NONBLOCKING { return 1e9 / frame_ns_; }
    // [audio] When the next block is due, on the monotonic clock, if it brings `frames` frames.
    double due_ns(double frames) const noexcept TENUTO_NONBLOCKING {
        return expected_ns_ + frames * frame_ns_;
    }
    // [audio] Frames that the device produced so far: delivered and lost.
    std::uint64_t device_frames() const noexcept TENUTO_NONBLOCKING { return device_frames_; }

    // [control] The device went away and comes back (no audio thread may run): the time until the
    // next block counts as lost, and the loop locks anew.
    void device_returns() noexcept { returning_ = true; }
    // [control] Frames that are missing between the last block and `now_ns`, when the device did
    // not come back (no audio thread may run).
    std::uint64_t missing_until(std::int64_t now_ns) const noexcept;

  private:
    struct Step {
        std::uint64_t tag;
        double level_ns;        // smallest lateness from this block on
        std::int64_t since_ns;  // when its block came
    };
    // The time that the device was away, while its first blocks show how late the very first was.
    struct Away {
        std::uint64_t tag = no_tag;
        double frames = 0;    // until its first block came; 0: it was not away lately
        double early_ns = 0;  // the earliest of its blocks, held against the first
        std::int64_t since_ns = 0;
    };
    static constexpr std::size_t most_steps = 32;

    void lock_onto(const Arrival& arrival) noexcept TENUTO_NONBLOCKING;
    void follow(const Arrival& arrival) noexcept TENUTO_NONBLOCKING;
    void enter_exact(const Arrival& arrival, Cause cause) noexcept TENUTO_NONBLOCKING;
    // Of a frame; nominal while the loop is wide, and jitter may have pulled its rate aside.
    double sure_frame_ns() const noexcept TENUTO_NONBLOCKING;
    // Since the last block.
    double missing_frames(std::int64_t now_ns) const noexcept TENUTO_NONBLOCKING;
    // What a block may be early or late by and still be ordinary.
    double bound_ns() const noexcept TENUTO_NONBLOCKING;
    // What the smallest lateness must rise by to be a loss.
    double least_loss_ns() const noexcept TENUTO_NONBLOCKING;
    bool is_open_for(std::int64_t now_ns, double ns) const noexcept TENUTO_NONBLOCKING;
    void follow_what_stays(std::int64_t now_ns) noexcept TENUTO_NONBLOCKING;
    void follow_by(double ns) noexcept TENUTO_NONBLOCKING;
    void move_to(std::int64_t now_ns) noexcept TENUTO_NONBLOCKING;
    void follow_floor(std::int64_t now_ns) noexcept TENUTO_NONBLOCKING;
    void look_for_steps(const Arrival& arrival) noexcept TENUTO_NONBLOCKING;
    void settle_away() noexcept TENUTO_NONBLOCKING;
    void settle(std::int64_t now_ns, double window_ns) noexcept TENUTO_NONBLOCKING;
    void push_loss(std::uint64_t tag, double frames, std::int64_t now_ns, Cause cause) noexcept
        TENUTO_NONBLOCKING;

    BooksSettings settings_;
    double nominal_frame_ns_;
    double frame_ns_;
    double expected_ns_ = 0;  // filtered time of the last block
    double lateness_ns_ = 0;
    double own_lateness_ns_ = 0;
    // The earliest that blocks came lately, after the prediction (which follows the mean, so this
    // is below 0): in this stretch of a window's length, and in the one before.
    double floor_ns_ = 0, floor_before_ns_ = 0;
    std::int64_t floor_since_ns_ = 0;
    Jitter jitter_;
    double followed_ns_ = 0;          // by so much the loop has moved its prediction
    std::int64_t late_since_ns_ = 0;  // of blocks that are all out of the ordinary; 0: none
    double threshold_ns_ = 0;
    double window_ns_ = 0;
    double locked_ns_ = 0;  // time since the loop began
    std::int64_t last_ns_ = 0;
    std::uint64_t device_frames_ = 0;
    std::int64_t next_device_frame_ = 0;
    bool locked_ = false;
    bool returning_ = false;

    Away away_;
    std::array<Step, most_steps> steps_{};
    std::size_t step_count_ = 0;
    std::array<Loss, most_steps> losses_{};
    std::size_t loss_count_ = 0;
};

}  // namespace tenuto::rt
