// SPDX-License-Identifier: MIT
#include "rt/monitor.h"

#include <algorithm>

#include "dsp/finite.h"

namespace tenuto::rt {

namespace {
constexpr double ramp_seconds = 0.01;  // a change of the gain is spread over this
constexpr std::size_t ring_slots = 16384;
}  // namespace

Monitor::Monitor(std::uint32_t in_channels, std::uint32_t out_channels, double samplerate,
                 bool separate)
    : ins_(in_channels),
      outs_(out_channels),
      step_(static_cast<float>(1 / (ramp_seconds * samplerate))),
      separate_(separate && out_channels > 0),
      ring_(separate_ ? ring_slots : 1, std::max(1U, out_channels)) {}

void Monitor::hear(const float* in, float* out, std::uint32_t frames,
                   std::span<const std::uint32_t> picks, float gain) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t n = 0; n < frames; ++n, in += ins_, out += outs_) {
        gain_ += std::clamp(gain - gain_, -step_, step_);
        for (std::uint32_t c = 0; c < outs_; ++c) {
            const std::size_t pick = picks.size() == 1 ? 0 : c;
            const float heard = pick < picks.size() ? gain_ * in[picks[pick]] : 0.0F;
            out[c] = dsp::is_finite(heard) ? heard : 0.0F;
        }
    }
}

void Monitor::send(const float* in, std::uint32_t frames, std::span<const std::uint32_t> picks,
                   float gain) noexcept TENUTO_NONBLOCKING {
    const auto free = ring_.free_regions(frames);
    for (const auto region : {free.first, free.second}) {
        const auto some = static_cast<std::uint32_t>(region.size() / outs_);
        hear(in, region.data(), some, picks, gain);
        in += std::size_t{some} * ins_;
        ring_.stage_filled(some);
    }
    ring_.commit_to(ring_.staged_position());
}

void Monitor::play(float* out, std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    const std::size_t there = ring_.fill();
    wanted_ = std::max(wanted_, 2 * frames);  // the two threads run in either order
    if (!playing_ && there >= wanted_) playing_ = true;
    if (playing_ && there > 2 * std::size_t{wanted_} + frames) {
        (void)ring_.filled_regions(there);  // looks at the writer's counter, as releasing needs
        ring_.release(there - wanted_);
    }
    std::size_t got = 0;
    if (playing_) got = ring_.read({out, std::size_t{frames} * outs_});
    std::fill(out + got * outs_, out + std::size_t{frames} * outs_, 0.0F);
    if (playing_ && got < frames) {
        playing_ = false;
        wanted_ = std::min<std::uint32_t>(wanted_ + frames, ring_slots / 4);
    }
}

}  // namespace tenuto::rt
