// SPDX-License-Identifier: MIT
// The audio thread's end of one recording: picks the wanted channels out of each block and puts
// them into the ring that the disk thread empties. Losses go through a second ring.
//
// Rule       A loss is always shown to the disk thread before the first frame behind it. Frames
//            behind a loss that could not be shown are lost too, and added to it. So the file has
//            every hole at its exact place, however long the disk stalls.
#pragma once

#include <cstdint>
#include <memory>  // layer: shared by control and disk; the audio thread only borrows it
#include <span>
#include <vector>  // layer: sized on [control], in the constructor and in `close`

#include "rt/losses.h"
#include "shared/counters.h"
#include "shared/nonblocking.h"
#include "shared/ring.h"

namespace tenuto::rt {

class Tape : public std::enable_shared_from_this<Tape> {
  public:
    // When the frame at a position of the ring arrived, on the monotonic clock.
    struct Moment {
        std::uint64_t position;
        double ns;
    };
    enum class Mode : std::uint8_t { idle, recording, paused, done };

    // [control] `picks` are channels of the device, counted from 0. `limit` is how many frames of
    // device time to take; 0 means no end.
    Tape(std::size_t ring_frames, std::vector<std::uint32_t> picks, std::uint64_t limit);

    // [control] [disk] What the audio thread should do from its next block on. `done` is final.
    void set_mode(Mode mode) noexcept;
    // [any] What was asked for, or `done` when the limit was reached.
    Mode mode() const noexcept TENUTO_NONBLOCKING { return mode_.get(); }

    // [audio] Begins the engine's block number `block`. The books speak of blocks, because several
    // tapes may run; each knows where in its own ring a block began.
    void begin_block(std::uint64_t block, std::int64_t now_ns) noexcept TENUTO_NONBLOCKING;
    // [audio] Places the engine's loss number `number` (`position` is the block that it stands in
    // front of); false when there is no room to tell of it now (ask again, with the same number).
    bool lose(const Loss& loss, std::uint64_t number) noexcept TENUTO_NONBLOCKING;
    // [audio] When the first frame of the block arrived, as the books see it.
    void tell_time(double ns) noexcept TENUTO_NONBLOCKING { first_frame_ns_ = ns; }
    // [audio] Takes frames of the block in, `stride` channels interleaved.
    void capture(const float* block, std::uint32_t frames, std::uint32_t stride) noexcept
        TENUTO_NONBLOCKING;
    // [audio] Shows the disk thread all frames before the block `unsettled` (`Books::no_tag`: all).
    void show(std::uint64_t unsettled) noexcept TENUTO_NONBLOCKING;

    // [control] With no audio thread left: shows everything, and the losses that are not told yet.
    void close(std::span<const Loss> untold);

    // [control] The same while the audio thread still runs it: it must be `done`, and have been for
    // as long as the books take to settle, so that everything is shown already.
    void seal() noexcept { closed_.set(true); }

    // [any]
    std::uint32_t channels() const noexcept TENUTO_NONBLOCKING {
        return static_cast<std::uint32_t>(picks_.size());
    }
    // [any] Frames of device time taken so far: in the ring or lost.
    std::uint64_t frames() const noexcept TENUTO_NONBLOCKING { return frames_.get(); }
    // [any] Frames lost so far.
    std::uint64_t lost_frames() const noexcept TENUTO_NONBLOCKING { return lost_.get(); }
    // [any]
    std::uint64_t limit() const noexcept TENUTO_NONBLOCKING { return limit_; }
    // [any] True when `close` was called: what is in the rings is all there will be.
    bool is_closed() const noexcept TENUTO_NONBLOCKING { return closed_.get(); }

    // [any] Frames that can come before something is lost, if the disk thread takes nothing.
    std::size_t free_frames() const noexcept TENUTO_NONBLOCKING {
        return samples_.capacity() - samples_.fill();
    }
    // [any] Frames that the ring holds.
    std::size_t samples_capacity() const noexcept TENUTO_NONBLOCKING { return samples_.capacity(); }
    // [any] Frames that the reader may take now.
    std::size_t samples_fill() const noexcept TENUTO_NONBLOCKING { return samples_.fill(); }
    // [any] Whether losses wait for the reader.
    bool has_losses() const noexcept TENUTO_NONBLOCKING { return losses_.fill() > 0; }
    // [disk] The other end.
    shared::Ring<float>& samples() noexcept TENUTO_NONBLOCKING { return samples_; }
    // [disk] Losses, in no particular order among those that lie behind what is shown.
    shared::Ring<Loss>& losses() noexcept TENUTO_NONBLOCKING { return losses_; }
    // [disk] When frames arrived: one of them now and then, so that a whole ring has room for its
    // own. Nobody needs to empty this.
    shared::Ring<Moment>& moments() noexcept TENUTO_NONBLOCKING { return moments_; }
    // [disk] After `is_closed`: losses that found no room in their ring.
    std::span<const Loss> last_losses() const noexcept { return last_losses_; }
    std::span<const std::uint32_t> picks() const noexcept TENUTO_NONBLOCKING { return picks_; }

  private:
    // Where a block began in the ring, or `Books::no_tag` when it is not part of the recording.
    struct Mark {
        std::uint64_t block, position;
    };
    // The books settle within 150 ms: 112 blocks of 64 frames at 48 kHz.
    static constexpr std::uint64_t mark_count = 8192;
    static constexpr std::size_t moment_slots = 4096;

    std::uint64_t position_of(std::uint64_t block) const noexcept TENUTO_NONBLOCKING;
    bool show_pending() noexcept TENUTO_NONBLOCKING;
    void stage(const float* block, std::uint32_t frames, std::uint32_t stride) noexcept
        TENUTO_NONBLOCKING;

    std::vector<std::uint32_t> picks_;
    bool picks_are_leading_;  // 0, 1, 2 … : whole frames can be copied when the stride fits
    shared::Ring<float> samples_;
    shared::Ring<Loss> losses_;
    shared::Ring<Moment> moments_;
    std::uint64_t limit_;
    shared::Setting<Mode> mode_{Mode::idle};
    shared::Setting<bool> closed_{false};
    shared::Setting<bool> ended_paused_{false};
    shared::Counter frames_, lost_;

    std::vector<Mark> marks_;
    std::uint64_t block_ = 0, told_ = 0;  // the newest block; number of the next loss to be told
    std::int64_t now_ns_ = 0;
    double first_frame_ns_ = 0;  // of this block; 0: not known, or told already
    std::uint64_t next_moment_ = 0, moment_spacing_;
    Mode current_ = Mode::idle;  // the mode of this block
    bool has_untold_ = false;    // a loss in front of this block found no room in its ring
    Loss pending_{};             // overflow that has not been shown yet
    std::vector<Loss> last_losses_;
};

}  // namespace tenuto::rt
