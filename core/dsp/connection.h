// SPDX-License-Identifier: MIT
// What a connection does to the sound that goes through it: a gain, and a presence, by which it
// fades in when it is made while sound runs, and out before it is taken away.
//
// Targets    0: the factor (0 when muted). 1: the presence, 1 or 0.
#pragma once

#include <cmath>

#include "dsp/ramp.h"
#include "dsp/steered.h"
#include "shared/nonblocking.h"

namespace tenuto::dsp {

// The two together; moves as a `Ramp` does.
struct Fader {
    Ramp gain{1}, presence{1};

    // [audio] One frame on; the factor of that frame.
    double next() noexcept TENUTO_NONBLOCKING { return gain.next() * presence.next(); }
    // [audio]
    double value() const noexcept TENUTO_NONBLOCKING { return gain.value() * presence.value(); }
    // [audio]
    bool is_moving() const noexcept TENUTO_NONBLOCKING {
        return gain.is_moving() || presence.is_moving();
    }
    // [audio] `frames` frames on.
    void skip(std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
        gain.skip(frames);
        presence.skip(frames);
    }
};

class Connection final : public Steered {
  public:
    // A path that appears or goes away takes this long.
    static constexpr double fade_seconds = 0.005;

    // [control] `fades_in`: sound runs already, it begins in silence.
    Connection(double factor, bool fades_in, double samplerate)
        : Steered({factor, 1.0}, samplerate),
          fade_frames_(static_cast<std::uint32_t>(std::lround(fade_seconds * samplerate))),
          fades_in_(fades_in) {}

    // [audio] As it is in front of the next frame.
    const Fader& fader() const noexcept TENUTO_NONBLOCKING { return fader_; }
    // [audio] `frames` frames went through.
    void skip(std::uint32_t frames) noexcept TENUTO_NONBLOCKING { fader_.skip(frames); }

  private:
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING override {
        if (at_once) {
            fader_.gain.jump(target(0));
            fader_.presence.jump(fades_in_ ? 0.0 : target(1));
        }
        fader_.gain.go(target(0), ramp_frames());
        fader_.presence.go(target(1), fade_frames_);
    }

    Fader fader_;
    std::uint32_t fade_frames_;
    bool fades_in_;
};

}  // namespace tenuto::dsp
