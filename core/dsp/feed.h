// SPDX-License-Identifier: MIT
// What lies between the disk thread and a player: sound that was read ahead, and what it is.
//
// Samples   whole frames, interleaved, seconds of them.
// Segments  from which frame in the ring on something else comes: another file, another place in
//           it, the end. A segment is in its ring before the first of its samples is visible, and
//           an end after the last one is.
// Jumps     A segment of another generation is not what follows: it replaces what was read ahead
//           (a seek; new rules of repeating). The disk thread appends it, keeping some of the
//           ring in reserve for that, and the audio thread goes there, in a cross-fade, as soon as
//           there is enough of it. What lies between is dropped, and the ring is all free again.
// Aligned   A jump that must not be heard begins with what was playing at `aligned_at`; by how much
//           the audio thread has gone on since, it skips in the new sound too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "shared/counters.h"
#include "shared/latest.h"
#include "shared/nonblocking.h"
#include "shared/ring.h"

namespace tenuto::dsp {

struct Segment {
    std::uint64_t position;    // in the ring: its first frame
    std::uint64_t aligned_at;  // a jump: what was playing there is what it begins with
    std::int64_t frame;        // in its file, counted at the engine's rate
    double step;               // frames of the file (at its own rate) per frame here
    double skip_ratio;         // a jump: frames to skip for each that was played since `aligned_at`
    std::uint32_t item;
    std::uint32_t generation;
    bool is_end;      // nothing comes behind; only `position`, `item`, `generation` count
    bool is_aligned;  // a jump that must not be heard
};

// Where a player is; all of one moment.
struct PlayerState {
    std::uint64_t engine_frame;   // of the next block
    std::int64_t frame;           // what that block begins with, in `item`, at the engine's rate
    double step;                  // frames of the file per frame
    std::uint64_t played;         // frames ever given out
    std::uint64_t underruns;      // how often there was nothing to play
    std::uint64_t silent_frames;  // how long, together
    std::uint32_t item;
    std::uint32_t generation;  // 0: nothing was there yet
    bool is_sounding;          // playing, or fading out
    bool is_at_end;
};

class Feed {
  public:
    static constexpr std::size_t most_segments = 4096;

    // [control] Room for `ring_frames` of sound, and a reserve for jumps.
    Feed(std::size_t ring_frames, std::size_t reserve_frames, std::uint32_t channels)
        : ring_frames_(ring_frames),
          samples_(ring_frames + reserve_frames, channels),
          segments_(most_segments) {}

    // [any]
    std::uint32_t channels() const noexcept TENUTO_NONBLOCKING {
        return static_cast<std::uint32_t>(samples_.width());
    }
    // [any] How much is read ahead.
    std::size_t ring_frames() const noexcept TENUTO_NONBLOCKING { return ring_frames_; }
    // [any] What is kept free for jumps.
    std::size_t reserve_frames() const noexcept TENUTO_NONBLOCKING {
        return samples_.capacity() - ring_frames_;
    }
    // [disk] [audio] The two rings, from either end.
    shared::Ring<float>& samples() noexcept TENUTO_NONBLOCKING { return samples_; }
    // [disk] [audio]
    shared::Ring<Segment>& segments() noexcept TENUTO_NONBLOCKING { return segments_; }

    // [audio] Where the player is now.
    void tell(const PlayerState& state) noexcept TENUTO_NONBLOCKING {
        heard_.set(state.generation);
        state_.draft()[0] = state;
        state_.publish();
    }
    // [control] A jump is wanted: before it was heard, nothing begins to sound.
    void ask(std::uint32_t generation) noexcept TENUTO_NONBLOCKING { asked_.set(generation); }
    // [any] The generation that was asked for last.
    std::uint32_t asked() const noexcept TENUTO_NONBLOCKING { return asked_.get(); }
    // [disk] The generation that is being played.
    std::uint32_t heard() const noexcept TENUTO_NONBLOCKING { return heard_.get(); }
    // [control] Where the player was last; control threads agree among themselves who asks.
    PlayerState state() noexcept TENUTO_NONBLOCKING { return state_.latest()[0]; }

  private:
    std::size_t ring_frames_;
    shared::Ring<float> samples_;
    shared::Ring<Segment> segments_;
    shared::Setting<std::uint32_t> asked_{0}, heard_{0};
    shared::Latest<PlayerState> state_;
};

}  // namespace tenuto::dsp
