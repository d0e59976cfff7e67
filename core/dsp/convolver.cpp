// SPDX-License-Identifier: MIT
#include "dsp/convolver.h"

#include <algorithm>
#include <stdexcept>  // layer: thrown by the constructor, on [control]

#include "dsp/finite.h"
#include "dsp/mix.h"

namespace tenuto::dsp {

namespace {

constexpr std::uint32_t growth = 8;             // of partitions, from stretch to stretch
constexpr std::uint32_t largest_block = 32768;  // frames

}  // namespace

Convolver::Convolver(const NodeSetup& setup)
    : Node(setup, {setup.channels, 0, setup.channels}),
      heads_(std::size_t{setup.channels} * tick),
      recent_(std::size_t{setup.channels} * recent_frames) {
    if (setup.data_channels != 1 && setup.data_channels != setup.channels)
        throw std::invalid_argument(
            "convolver: an impulse response has one channel, or as many as "
            "the input");
    const std::size_t length = setup.data.size() / setup.data_channels;
    const auto response = [&](std::uint32_t channel) {
        return std::span(setup.data)
            .subspan(setup.data_channels == 1 ? 0 : channel * length, length);
    };
    for (std::uint32_t c = 0; c < setup.channels; ++c)
        std::copy_n(response(c).begin(), std::min<std::size_t>(tick, length),
                    &heads_[std::size_t{c} * tick]);

    // The next stretch takes over at twice its block, if what is left then is worth its transforms.
    // The largest is worth it later than arithmetic says: its rows do not fit in the cache.
    std::uint32_t block = tick;
    for (std::size_t from = tick; from < length;) {
        const std::size_t next = std::size_t{2} * growth * block;
        const bool is_last = block == largest_block || length < next * (block < 4096 ? 2 : 5);
        const std::size_t end = is_last ? length : next;
        std::vector<std::span<const float>> parts;
        parts.reserve(setup.channels);
        for (std::uint32_t c = 0; c < setup.channels; ++c)
            parts.push_back(response(c).subspan(from, end - from));
        stretches_.emplace_back(block, parts);
        ring_frames_ = 4 * block;
        from = end;
        block *= growth;
    }
    heard_.resize(std::size_t{setup.channels} * ring_frames_);
    for (std::uint32_t c = 0; c < setup.channels; ++c)
        rings_.push_back(&heard_[std::size_t{c} * ring_frames_]);
}

void Convolver::steer(bool at_once) noexcept TENUTO_NONBLOCKING {
    dry_.go(target(0), at_once ? 0 : ramp_frames());
    wet_.go(target(1), at_once ? 0 : ramp_frames());
}

void Convolver::forget() noexcept TENUTO_NONBLOCKING {
    now_ = 0;
    std::fill(recent_.begin(), recent_.end(), 0.0F);
    for (Partitions& stretch : stretches_) stretch.forget();
}

// Four taps at a time, for all frames side by side; always whole groups of frames, so that what is
// cut differently is still computed alike.
void Convolver::filter(const float* recent, const float* response, float* out,
                       std::uint32_t frames) const noexcept TENUTO_NONBLOCKING {
    const float* __restrict h = response;
    float* __restrict sums = out;
    const std::uint32_t count = (frames + lanes - 1) / lanes * lanes;
    std::fill_n(sums, count, 0.0F);
    for (std::uint32_t k = 0; k < tick; k += 4) {
        const float* __restrict x = recent + tick - 4 - k;
        for (std::uint32_t n = 0; n < count; ++n)
            sums[n] = sums[n] + h[k] * x[n + 3] + h[k + 1] * x[n + 2] + h[k + 2] * x[n + 1] +
                      h[k + 3] * x[n];
    }
}

bool Convolver::end_tick() noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t c = 0; c < shape().in_channels; ++c) {
        float* const recent = &recent_[std::size_t{c} * recent_frames];
        std::copy_n(recent + tick, tick - 1, recent);
    }
    bool is_finite = true;
    for (Partitions& stretch : stretches_)
        is_finite = stretch.work(rings_.data(), ring_frames_, now_) && is_finite;
    return is_finite;
}

void Convolver::process(const Io& io) noexcept TENUTO_NONBLOCKING {
    bool stays_finite = true;
    for (std::uint32_t at = 0, some = 0; at < io.frames; at += some) {
        const auto into = static_cast<std::uint32_t>(now_ % tick);
        some = std::min(io.frames - at, tick - into);
        for (std::uint32_t c = 0; c < shape().in_channels; ++c) {
            const float* const in = io.in[c] + at;
            float* const recent = &recent_[std::size_t{c} * recent_frames];
            std::copy_n(in, some, recent + tick - 1 + into);
            std::copy_n(in, some,
                        &heard_[std::size_t{c} * ring_frames_ + (now_ & (ring_frames_ - 1))]);
            float wet[tick + lanes];
            filter(recent + into, &heads_[std::size_t{c} * tick], wet, some);
            for (const Partitions& stretch : stretches_) stretch.add_to(wet, c, now_, some);
            copy_scaled(io.out[c] + at, in, some, dry_);
            add_scaled(io.out[c] + at, wet, some, wet_);
            stays_finite = all_finite(io.out[c] + at, some) && stays_finite;
        }
        dry_.skip(some);
        wet_.skip(some);
        now_ += some;
        if (now_ % tick == 0) stays_finite = end_tick() && stays_finite;
    }
    if (stays_finite) return;
    contain();
    for (std::uint32_t c = 0; c < shape().out_channels; ++c)
        silence_not_finite(io.out[c], io.frames);
}

}  // namespace tenuto::dsp
