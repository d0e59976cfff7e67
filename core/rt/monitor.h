// SPDX-License-Identifier: MIT
// What is recorded, heard: picks, gain without steps, and a way to an output device with a clock of
// its own.
//
// When one device has both directions, its callback hears at once (`hear`). When input and output
// are two devices, the input's thread puts what is to be heard into a ring (`send`) and the
// output's thread takes it out (`play`): the recording never depends on the output. The two clocks
// differ, so now and then the ring runs dry (silence, then it fills a little more than before) or
// gets too full (the excess is skipped). That is heard; it is never in the recording.
#pragma once

#include <cstdint>
#include <span>

#include "shared/nonblocking.h"
#include "shared/ring.h"

namespace tenuto::rt {

class Monitor {
  public:
    // [control] `separate`: the output is a device of its own.
    Monitor(std::uint32_t in_channels, std::uint32_t out_channels, double samplerate,
            bool separate);

    // [audio] Input to output, in one callback. `picks` are the channels that are heard; a single
    // one is heard on all outputs.
    void hear(const float* in, float* out, std::uint32_t frames,
              std::span<const std::uint32_t> picks, float gain) noexcept TENUTO_NONBLOCKING;

    // [audio] The input's thread, when the output is a device of its own.
    void send(const float* in, std::uint32_t frames, std::span<const std::uint32_t> picks,
              float gain) noexcept TENUTO_NONBLOCKING;
    // [audio] The same for sound that is complete already: `out_channels` interleaved.
    void pass(std::span<const float> interleaved) noexcept TENUTO_NONBLOCKING {
        ring_.write(interleaved);
    }
    // [audio] The output's thread.
    void play(float* out, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;

    // [any]
    bool is_separate() const noexcept TENUTO_NONBLOCKING { return separate_; }

  private:
    std::uint32_t ins_, outs_;
    float step_;      // of the gain, per frame
    float gain_ = 0;  // as it is now, on its way to the one asked for
    bool separate_;
    shared::Ring<float> ring_;
    // The output thread's own:
    bool playing_ = false;
    std::uint32_t wanted_ = 0;  // frames that the ring has to hold before it is played
};

}  // namespace tenuto::rt
