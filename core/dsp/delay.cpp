// SPDX-License-Identifier: MIT
#include "dsp/delay.h"

#include <algorithm>
#include <cmath>

#include "dsp/finite.h"
#include "dsp/mix.h"

namespace tenuto::dsp {

Delay::Delay(const NodeSetup& setup)
    : Node(setup, {setup.channels, 0, setup.channels}),
      in_loop_(setup.options[1] != 0),
      least_(in_loop_ ? setup.max_block : 0),
      most_(std::max(least_, static_cast<std::uint32_t>(setup.options[0]))),
      max_block_(setup.max_block),
      line_(setup.channels, most_, std::max(setup.max_block, most_chunk)),
      emitted_(in_loop_ ? static_cast<std::size_t>(setup.channels) * setup.max_block : 0) {}

void Delay::steer(bool at_once) noexcept TENUTO_NONBLOCKING {
    wanted_delay_ = std::clamp(static_cast<std::uint32_t>(std::lround(std::max(target(0), 0.0))),
                               least_, most_);
    if (at_once) {
        old_delay_ = new_delay_ = wanted_delay_;
        fade_.jump(1);
        feedback_.jump(target(1));
        mix_.jump(target(2));
    } else {
        start_fade();
        feedback_.go(target(1), ramp_frames());
        mix_.go(target(2), ramp_frames());
    }
}

void Delay::start_fade() noexcept TENUTO_NONBLOCKING {
    if (fade_.is_moving() || wanted_delay_ == new_delay_) return;
    old_delay_ = new_delay_;
    new_delay_ = wanted_delay_;
    fade_.jump(0);
    fade_.go(1, ramp_frames());
}

void Delay::move_fade(std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    fade_.skip(frames);
    start_fade();
}

// What the line gives `offset` frames after its head. A tap of no frames gives nothing here.
void Delay::listen(std::uint32_t channel, std::uint32_t offset, float* out,
                   std::uint32_t frames) const noexcept TENUTO_NONBLOCKING {
    if (new_delay_ > 0)
        line_.read(channel, new_delay_ - offset, out, frames);
    else
        std::fill_n(out, frames, 0.0F);
    if (!fade_.is_moving()) return;
    float old[most_chunk] = {};
    if (old_delay_ > 0) line_.read(channel, old_delay_ - offset, old, frames);
    Ramp fade = fade_;
    for (std::uint32_t n = 0; n < frames; ++n) {
        const auto part = static_cast<float>(fade.next());
        out[n] = (1.0F - part) * old[n] + part * out[n];
    }
}

void Delay::chunk(const Io& io, std::uint32_t at, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    float echo[most_chunk], line[most_chunk], feedback[most_chunk], mix[most_chunk];
    spread(feedback, frames, feedback_);
    spread(mix, frames, mix_);
    const bool is_fading = fade_.is_moving();
    const bool hears_now = new_delay_ == 0 || (is_fading && old_delay_ == 0);

    for (std::uint32_t c = 0; c < shape().in_channels; ++c) {
        const float* const in = io.in[c] + at;
        float* const out = io.out[c] + at;
        // Without feedback the line gets its block first, so that the delay may be any shorter.
        if (feedback_.target() == 0 && !feedback_.is_moving()) {
            line_.write(c, in, frames);
            std::copy_n(in, frames, line);
            listen(c, 0, echo, frames);
        } else {
            listen(c, 0, echo, frames);
            for (std::uint32_t n = 0; n < frames; ++n) line[n] = in[n] + feedback[n] * echo[n];
            line_.write(c, line, frames);
        }
        if (hears_now) {
            Ramp fade = fade_;
            for (std::uint32_t n = 0; n < frames; ++n) {
                const auto part = static_cast<float>(fade.next());
                echo[n] +=
                    ((old_delay_ == 0 ? 1.0F - part : 0.0F) + (new_delay_ == 0 ? part : 0.0F)) *
                    line[n];
            }
        }
        for (std::uint32_t n = 0; n < frames; ++n)
            out[n] = (1.0F - mix[n]) * in[n] + mix[n] * echo[n];
    }
    line_.advance(frames);
    feedback_.skip(frames);
    mix_.skip(frames);
    move_fade(frames);
}

void Delay::process(const Io& io) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t at = 0, some = 0; at < io.frames; at += some) {
        some = std::min(io.frames - at, most_chunk);
        if (fade_.is_moving()) some = std::min(some, fade_.left());
        if (feedback_.target() != 0 || feedback_.is_moving()) {
            if (new_delay_ > 0) some = std::min(some, new_delay_);
            if (fade_.is_moving() && old_delay_ > 0) some = std::min(some, old_delay_);
        }
        chunk(io, at, some);
    }
    // What feeds back has passed the output before, or will with the next block: a line that went
    // wild shows there.
    bool is_finite = true;
    for (std::uint32_t c = 0; c < shape().out_channels; ++c)
        is_finite = all_finite(io.out[c], io.frames) && is_finite;
    if (is_finite) return;
    contain();
    for (std::uint32_t c = 0; c < shape().out_channels; ++c)
        silence_not_finite(io.out[c], io.frames);
}

void Delay::emit(const Io& io) noexcept TENUTO_NONBLOCKING {
    follow();
    for (std::uint32_t at = 0, some = 0; at < io.frames; at += some) {
        some = std::min(io.frames - at, most_chunk);
        if (fade_.is_moving()) some = std::min(some, fade_.left());
        for (std::uint32_t c = 0; c < shape().out_channels; ++c) {
            listen(c, at, io.out[c] + at, some);
            std::copy_n(io.out[c] + at, some, &emitted_[std::size_t{c} * max_block_ + at]);
        }
        move_fade(some);
    }
}

void Delay::absorb(const Io& io) noexcept TENUTO_NONBLOCKING {
    bool stays_finite = true;
    for (std::uint32_t c = 0; c < shape().in_channels; ++c) {
        Ramp feedback = feedback_;
        float* const line = &emitted_[std::size_t{c} * max_block_];
        for (std::uint32_t n = 0; n < io.frames; ++n)
            line[n] = io.in[c][n] + static_cast<float>(feedback.next()) * line[n];
        stays_finite = all_finite(line, io.frames) && stays_finite;
        line_.write(c, line, io.frames);
    }
    line_.advance(io.frames);
    feedback_.skip(io.frames);
    if (!stays_finite) contain();
}

}  // namespace tenuto::dsp
