// SPDX-License-Identifier: MIT
// What all sources of sound have: they are started and stopped, have a level, and give the same
// sound, or one of their own, on each channel.
//
// Targets    0: 0 for stopped, any other number for playing, another one for each start;
//            1: the factor of the amplitude; from 2 on: the generator's own.
// Stopping   A fade of 10 ms; then exact zeros, and nothing is computed.
// Starting   From silence the sound begins anew, as if nothing had been before, under a fade of
//            10 ms, unless it begins softly by itself. While it can be heard it just goes on.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "dsp/node.h"
#include "dsp/ramp.h"
#include "shared/nonblocking.h"

namespace tenuto::dsp {

class Generator : public Node {
  protected:
    static constexpr std::size_t own = 2;  // the first target of the generator itself
    static constexpr std::uint32_t chunk = 64;

    struct Part {
        const Io& io;
        std::uint32_t first, frames;  // of `io`; at most `chunk`
        const double* gain;           // for each frame
    };

    // [control]
    Generator(const NodeSetup& setup, std::uint32_t side_channels, bool begins_softly)
        : Node(setup, {0, side_channels, setup.channels}), begins_softly_(begins_softly) {}

    // [audio] As `steer`, for the generator's own targets.
    virtual void settle(bool at_once) noexcept TENUTO_NONBLOCKING = 0;
    // [audio] Sound begins anew, with the targets of now.
    virtual void restart() noexcept TENUTO_NONBLOCKING = 0;
    // [audio] Fills a part of all channels.
    virtual void generate(const Part& part) noexcept TENUTO_NONBLOCKING = 0;
    // [audio] True when it has come to its own end.
    virtual bool is_over() const noexcept TENUTO_NONBLOCKING { return false; }

    // [audio] Gives channel 0 to all others.
    void spread(const Part& part) const noexcept TENUTO_NONBLOCKING {
        const float* from = part.io.out[0] + part.first;
        for (std::uint32_t c = 1; c < shape().out_channels; ++c)
            std::copy_n(from, part.frames, part.io.out[c] + part.first);
    }

    // [audio] Sends a ramp to a target.
    void lead(Ramp& ramp, double to, bool at_once) const noexcept TENUTO_NONBLOCKING {
        if (at_once)
            ramp.jump(to);
        else
            ramp.go(to, ramp_frames());
    }

  private:
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING final {
        const double run = target(0);
        const bool is_start = run != 0 && run != run_;
        run_ = run;
        const bool anew = at_once || (is_start && (is_silent() || is_over()));
        if (anew) fade_.jump(at_once || begins_softly_ ? (run != 0) : 0);
        lead(fade_, run != 0, false);
        lead(amplitude_, target(1), anew);
        settle(anew);
        if (anew) restart();
    }

    void process(const Io& io) noexcept TENUTO_NONBLOCKING final {
        if (is_silent()) {
            for (std::uint32_t c = 0; c < shape().out_channels; ++c)
                std::fill_n(io.out[c], io.frames, 0.0F);
            return;
        }
        std::array<double, chunk> gain;
        for (std::uint32_t at = 0; at < io.frames; at += chunk) {
            const std::uint32_t some = std::min(chunk, io.frames - at);
            if (amplitude_.is_moving() || fade_.is_moving())
                for (std::uint32_t n = 0; n < some; ++n) gain[n] = amplitude_.next() * fade_.next();
            else
                gain.fill(amplitude_.value() * fade_.value());
            generate({io, at, some, gain.data()});
        }
    }

    bool is_silent() const noexcept TENUTO_NONBLOCKING {
        return !fade_.is_moving() && fade_.value() == 0;
    }

    Ramp fade_, amplitude_;
    double run_ = 0;
    bool begins_softly_;
};

}  // namespace tenuto::dsp
