// SPDX-License-Identifier: MIT
#include "dsp/kernel.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "platform/clock.h"

namespace tenuto::dsp {

namespace {

constexpr std::uint32_t magnitude = 0x7fffffff, infinity = 0x7f800000;
constexpr std::size_t align_floats = 16;  // 64 bytes

std::uint64_t address_of(const NodeSetup& setup) {
    return static_cast<std::uint64_t>(setup.options[0]) |
           static_cast<std::uint64_t>(setup.options[1]) << 32;
}

// An exponent of all ones is infinity or not a number; asked of integers, which vectorises.
bool copy_and_check(const float* from, float* to, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    std::uint32_t strange = 0;
    for (std::uint32_t n = 0; n < frames; ++n) {
        const auto exponent = std::bit_cast<std::uint32_t>(from[n]) & infinity;
        strange |= exponent == infinity ? 1U : 0U;
        to[n] = from[n];
    }
    return strange == 0;
}
bool check(const float* out, std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    std::uint32_t strange = 0;
    for (std::uint32_t n = 0; n < frames; ++n) {
        const auto exponent = std::bit_cast<std::uint32_t>(out[n]) & infinity;
        strange |= exponent == infinity ? 1U : 0U;
    }
    return strange == 0;
}

void silence_not_finite(float* out, std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t n = 0; n < frames; ++n)
        if ((std::bit_cast<std::uint32_t>(out[n]) & magnitude) >= infinity) out[n] = 0;
}

}  // namespace

Kernel::Kernel(const NodeSetup& setup)
    : Node(setup,
           {setup.channels, 0, setup.channels, static_cast<std::uint32_t>(setup.options[3])}),
      code_(platform::trusted_kernel(address_of(setup))),
      samplerate_(setup.samplerate),
      max_block_(setup.max_block),
      fade_frames_(static_cast<std::uint32_t>(std::lround(fade_seconds * setup.samplerate))),
      in_(std::size_t{setup.channels} * setup.max_block),
      out_(in_.size()),
      state_floats_(static_cast<std::size_t>(setup.options[2]) * setup.channels),
      in_channels_(setup.channels),
      out_channels_(setup.channels),
      ramps_(setup.targets.size()),
      params_(setup.targets.size() + 1),
      last_(setup.channels) {
    memory_.resize(state_floats_ + align_floats);
    const auto beyond = reinterpret_cast<std::uintptr_t>(memory_.data()) / sizeof(float);
    state_ = memory_.data() + (align_floats - beyond % align_floats) % align_floats;
    params_.back() = static_cast<float>(setup.samplerate);
}

void Kernel::steer(bool at_once) noexcept TENUTO_NONBLOCKING {
    for (std::size_t i = 0; i < ramps_.size(); ++i) {
        if (at_once) {
            ramps_[i].jump(target(i));
            params_[i] = static_cast<float>(target(i));
        } else {
            ramps_[i].go(target(i), ramp_frames());
        }
    }
    is_moving_ = !at_once;
}

void Kernel::forget() noexcept TENUTO_NONBLOCKING { std::fill_n(state_, state_floats_, 0.0F); }

void Kernel::process(const Io& io) noexcept TENUTO_NONBLOCKING {
    if (asks_reset_.get() && asks_reset_.exchange(false)) forget();
    if (asks_rearm_.get() && asks_rearm_.exchange(false) && is_bypassed()) {
        history_ = 0;
        forget();
        bypassed_.set(0);
        wet_.jump(0);
        wet_.go(1, fade_frames_);
    }
    if (is_bypassed()) return pass(io);

    const double share = share_.get();
    const std::int64_t begin = share > 0 ? platform::monotonic_ns() : 0;
    const bool gave_up = call(io);
    if (wet_.is_moving()) fade_in(io);
    for (std::uint32_t c = 0; c < shape().out_channels; ++c) last_[c] = io.out[c][io.frames - 1];
    if (share > 0) judge(io, platform::monotonic_ns() - begin, share, gave_up);
}

bool Kernel::call(const Io& io) noexcept TENUTO_NONBLOCKING {
    bool gave_up = false;
    for (std::uint32_t at = 0; at < io.frames;) {
        const auto place = static_cast<std::uint32_t>((io.frame + at) % step_frames);
        if (is_moving_ && place == 0) {
            is_moving_ = false;
            for (std::size_t i = 0; i < ramps_.size(); ++i) {
                params_[i] = static_cast<float>(ramps_[i].value());
                is_moving_ |= ramps_[i].is_moving();
            }
        }
        std::uint32_t frames = std::min(io.frames - at, max_block_);
        if (is_moving_) {
            frames = std::min(frames, step_frames - place);
            for (Ramp& ramp : ramps_) ramp.skip(frames);
        }
        gave_up |= call_piece(io, at, frames);
        at += frames;
    }
    return gave_up;
}

bool Kernel::call_piece(const Io& io, std::uint32_t at, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    const std::uint32_t channels = shape().in_channels;
    // One channel is contiguous where it is.
    const bool is_direct = channels == 1;
    for (std::uint32_t c = 0; c < channels; ++c) {
        float* const copy = in_.data() + std::size_t{c} * frames;
        in_channels_[c] = is_direct ? io.in[c] + at : copy;
        out_channels_[c] = is_direct ? io.out[c] + at : out_.data() + std::size_t{c} * frames;
        if (!is_direct) std::copy_n(io.in[c] + at, frames, copy);
    }
    std::fill_n(out_channels_[0], std::size_t{channels} * frames, 0.0F);
    code_(in_channels_.data(), out_channels_.data(), frames, channels, state_, params_.data());

    const auto first = std::bit_cast<std::uint32_t>(out_channels_[0][0]);
    bool is_finite = true;
    for (std::uint32_t c = 0; c < channels; ++c)
        is_finite &= is_direct ? check(out_channels_[c], frames)
                               : copy_and_check(out_channels_[c], io.out[c] + at, frames);
    if (is_finite) return false;
    for (std::uint32_t c = 0; c < channels; ++c) silence_not_finite(io.out[c] + at, frames);
    contain();
    const bool gave_up =
        first >= platform::kernel_failed && first <= magnitude;  // positive, with that bit set
    if (gave_up) {
        failed_.add(1);
        failure_.set(first - platform::kernel_failed);
    }
    return gave_up;
}

void Kernel::judge(const Io& io, std::int64_t took_ns, double share, bool gave_up) noexcept
    TENUTO_NONBLOCKING {
    worst_ns_.raise_to(static_cast<std::uint64_t>(std::max<std::int64_t>(took_ns, 0)));
    const double allowed_ns = share * io.frames / samplerate_ * 1e9;
    const double times = static_cast<double>(took_ns) / allowed_ns;
    int bad = gave_up ? 1 : 0;
    if (times > 1) {
        late_.add(1);
        bad = static_cast<int>(std::min<double>(times, bad_at_once));
    }
    history_ <<= std::max(1, bad);
    history_ |= (std::uint64_t{1} << bad) - 1;
    if (std::popcount(history_) < bad_blocks) return;
    bypasses_.add(1);
    bypassed_.set(1);
    trace_.jump(1);
    trace_.go(0, fade_frames_);
}

void Kernel::pass(const Io& io) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t c = 0; c < shape().out_channels; ++c) {
        Ramp trace = trace_;
        std::uint32_t n = 0;
        for (; n < io.frames && trace.is_moving(); ++n) {
            const auto old = static_cast<float>(trace.next());
            io.out[c][n] = old * last_[c] + (1 - old) * io.in[c][n];
        }
        std::copy_n(io.in[c] + n, io.frames - n, io.out[c] + n);
    }
    trace_.skip(io.frames);
    // Parameters go on meanwhile, unheard.
    for (Ramp& ramp : ramps_) ramp.skip(io.frames);
}

void Kernel::fade_in(const Io& io) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t c = 0; c < shape().out_channels; ++c) {
        Ramp wet = wet_;
        for (std::uint32_t n = 0; n < io.frames && wet.is_moving(); ++n) {
            const auto fresh = static_cast<float>(wet.next());
            io.out[c][n] = fresh * io.out[c][n] + (1 - fresh) * io.in[c][n];
        }
    }
    wet_.skip(io.frames);
}

}  // namespace tenuto::dsp
