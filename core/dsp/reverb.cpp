// SPDX-License-Identifier: MIT
#include "dsp/reverb.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "dsp/finite.h"
#include "dsp/mix.h"

namespace tenuto::dsp {

namespace {

// Rows times the Hadamard matrix of sixteen, scaled so that it keeps energy. It is its own inverse.
void mix_rows(float (&rows)[16][64], std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t half = 1; half < 16; half *= 2)
        for (std::uint32_t i = 0; i < 16; ++i) {
            if (i & half) continue;
            const float scale = half == 8 ? 0.25F : 1.0F;
            float* __restrict a = rows[i];
            float* __restrict b = rows[i + half];
            for (std::uint32_t n = 0; n < frames; ++n) {
                const float sum = a[n] + b[n], difference = a[n] - b[n];
                a[n] = scale * sum;
                b[n] = scale * difference;
            }
        }
}

// Turns in a second of each pair: none a multiple of another.
constexpr double turns[8] = {0.43, 0.53, 0.61, 0.71, 0.83, 0.97, 1.09, 1.21};

// +1 or -1: row `row` of the Hadamard matrix, its columns turned round where a bent function says
// so. Of such a row the matrix makes numbers of equal size: no output hears one line alone.
float sign(std::uint32_t row, std::uint32_t line) {
    const bool bent = ((line & line >> 1) & 1) != ((line >> 2 & line >> 3) & 1);
    return ((std::popcount(row & line) & 1) != 0) != bent ? -1.0F : 1.0F;
}

}  // namespace

Reverb::Reverb(const NodeSetup& setup)
    : Node(setup, {setup.channels, 0, setup.channels}),
      channels_(setup.channels),
      samplerate_(setup.samplerate) {
    forget();
    const auto most = [&](std::size_t option) {
        return std::max(1U, static_cast<std::uint32_t>(setup.options[option]));
    };
    predelay_ = DelayLine(channels_, most(0), chunk_frames);
    for (DelayLine& line : short_) line = DelayLine(lines, most(1), chunk_frames);
    long_ = DelayLine(lines, most(2), chunk_frames);
    most_[0] = most(0);
    std::fill_n(most_ + 1, steps * lines, most(1));
    std::fill_n(most_ + 1 + std::size_t{steps} * lines, lines, most(2));
    signs_.resize(std::size_t{channels_} * lines);
    for (std::uint32_t c = 0; c < channels_; ++c)
        for (std::uint32_t l = 0; l < lines; ++l) signs_[std::size_t{c} * lines + l] = sign(c, l);
}

void Reverb::steer(bool at_once) noexcept TENUTO_NONBLOCKING {
    const std::uint32_t frames = at_once ? 0 : ramp_frames();
    dry_.go(target(dry_at), frames);
    wet_.go(target(wet_at), frames);
    width_.go(target(width_at), frames);
    for (std::uint32_t l = 0; l < lines; ++l) {
        feed_[l].go(target(feed_at + l), frames);
        keep_[l].go(target(keep_at + l), frames);
    }
    for (std::uint32_t j = 0; j < pairs; ++j) {
        const double angle =
            2 * std::numbers::pi * turns[j] * target(motion_at) * chunk_frames / samplerate_;
        // Half of them turn the other way.
        step_[j] = {static_cast<float>(std::cos(angle)),
                    static_cast<float>(j % 2 ? -std::sin(angle) : std::sin(angle))};
    }
    for (std::uint32_t i = 0; i < delays; ++i) {
        const double asked = std::max(0.0, std::round(target(predelay_at + i)));
        // A long delay is part of a loop, and cannot be none.
        const std::uint32_t least = i > steps * lines ? 1 : 0;
        wanted_[i] = static_cast<std::uint32_t>(std::min<double>(most_[i], asked));
        wanted_[i] = std::max(wanted_[i], least);
    }
    if (at_once) {
        fade_.jump(1);
        std::copy_n(wanted_, delays, new_);
        shortest_ = *std::min_element(new_ + 1 + std::size_t{steps} * lines, new_ + delays);
    } else {
        start_fade();
    }
}

void Reverb::start_fade() noexcept TENUTO_NONBLOCKING {
    if (fade_.is_moving()) return;
    shortest_ = *std::min_element(new_ + 1 + std::size_t{steps} * lines, new_ + delays);
    if (std::equal(new_, new_ + delays, wanted_)) return;
    std::copy_n(new_, delays, old_);
    std::copy_n(wanted_, delays, new_);
    shortest_ = std::min(shortest_,
                         *std::min_element(new_ + 1 + std::size_t{steps} * lines, new_ + delays));
    fade_.jump(0);
    fade_.go(1, ramp_frames());
}

void Reverb::forget() noexcept TENUTO_NONBLOCKING {
    predelay_.forget();
    for (DelayLine& line : short_) line.forget();
    long_.forget();
    std::fill_n(damped_, lines, 0.0F);
    std::fill_n(now_, pairs, Direction{1, 0});
    std::fill_n(then_, pairs, Direction{1, 0});
    into_ = 0;
}

// Delay number `delay` (in the order of the targets) of a line: the old one fading into the new.
void Reverb::read(const DelayLine& line, std::uint32_t channel, std::uint32_t delay, float* out,
                  std::uint32_t frames) const noexcept TENUTO_NONBLOCKING {
    line.read(channel, new_[delay], out, frames);
    if (!fade_.is_moving() || old_[delay] == new_[delay]) return;
    float old[chunk_frames];
    line.read(channel, old_[delay], old, frames);
    Ramp fade = fade_;
    for (std::uint32_t n = 0; n < frames; ++n) {
        const auto part = static_cast<float>(fade.next());
        out[n] = (1.0F - part) * old[n] + part * out[n];
    }
}

// Each input goes to its share of the lines. The room gets the mean energy of the inputs: so each
// output is as loud as they are, however many there are.
void Reverb::take_input(const Io& io, std::uint32_t at, Rows& rows, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    for (std::uint32_t c = 0; c < channels_; ++c) {
        predelay_.write(c, io.in[c] + at, frames);
        if (c >= lines) continue;  // more inputs than lines are not heard in the room
        read(predelay_, c, 0, rows[c], frames);
        const std::uint32_t share = (lines - c + channels_ - 1) / channels_;
        const float scale = 1.0F / std::sqrt(static_cast<float>(share * channels_));
        for (std::uint32_t n = 0; n < frames; ++n) rows[c][n] *= scale;
        for (std::uint32_t l = c + channels_; l < lines; l += channels_)
            std::copy_n(rows[c], frames, rows[l]);
    }
}

// One pole for each line; eight lines at a time, for one alone would wait for itself.
void Reverb::damp(Rows& rows, std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    bool is_moving = false, is_neutral = true;
    for (std::uint32_t l = 0; l < lines; ++l) {
        is_moving = is_moving || feed_[l].is_moving() || keep_[l].is_moving();
        is_neutral = is_neutral && keep_[l].value() == 0;
    }
    if (is_moving) {
        for (std::uint32_t l = 0; l < lines; ++l) {
            for (std::uint32_t n = 0; n < frames; ++n) {
                damped_[l] = static_cast<float>(feed_[l].next()) * rows[l][n] +
                             static_cast<float>(keep_[l].next()) * damped_[l];
                rows[l][n] = damped_[l];
            }
        }
    } else if (is_neutral) {
        for (std::uint32_t l = 0; l < lines; ++l) {
            const auto feed = static_cast<float>(feed_[l].value());
            for (std::uint32_t n = 0; n < frames; ++n) rows[l][n] *= feed;
            damped_[l] = rows[l][frames - 1];
        }
    } else {
        constexpr std::uint32_t some = 8;
        for (std::uint32_t first = 0; first < lines; first += some) {
            float feed[some], keep[some], damped[some];
            for (std::uint32_t i = 0; i < some; ++i) {
                feed[i] = static_cast<float>(feed_[first + i].value());
                keep[i] = static_cast<float>(keep_[first + i].value());
                damped[i] = damped_[first + i];
            }
            for (std::uint32_t n = 0; n < frames; ++n)
                for (std::uint32_t i = 0; i < some; ++i) {
                    damped[i] = feed[i] * rows[first + i][n] + keep[i] * damped[i];
                    rows[first + i][n] = damped[i];
                }
            std::copy_n(damped, some, damped_ + first);
        }
    }
}

void Reverb::turn(Rows& rows, std::uint32_t frames) const noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t j = 0; j < pairs; ++j) {
        float* __restrict a = rows[j];
        float* __restrict b = rows[j + pairs];
        const Direction from = now_[j];
        const float cosine_step = (then_[j].cosine - from.cosine) / chunk_frames;
        const float sine_step = (then_[j].sine - from.sine) / chunk_frames;
        for (std::uint32_t n = 0; n < frames; ++n) {
            const auto at = static_cast<float>(static_cast<std::int32_t>(into_ + n));
            const float cosine = from.cosine + at * cosine_step, sine = from.sine + at * sine_step;
            const float turned = cosine * a[n] - sine * b[n];
            b[n] = sine * a[n] + cosine * b[n];
            a[n] = turned;
        }
    }
}

// The next direction of each pair; its length is kept at 1 by one step of Newton's method.
void Reverb::turn_on() noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t j = 0; j < pairs; ++j) {
        const Direction d = then_[j];
        const float length = d.cosine * d.cosine + d.sine * d.sine, mend = 1.5F - 0.5F * length;
        now_[j] = d;
        then_[j] = {mend * (d.cosine * step_[j].cosine - d.sine * step_[j].sine),
                    mend * (d.cosine * step_[j].sine + d.sine * step_[j].cosine)};
    }
}

void Reverb::give_output(const Io& io, std::uint32_t at, const Rows& rows,
                         std::uint32_t frames) const noexcept TENUTO_NONBLOCKING {
    float wet[2][chunk_frames];
    for (std::uint32_t c = 0; c < channels_; ++c) {
        float* const sum = wet[c % 2];
        std::fill_n(sum, frames, 0.0F);
        for (std::uint32_t l = 0; l < lines; ++l) {
            const float factor = signs_[std::size_t{c} * lines + l];
            for (std::uint32_t n = 0; n < frames; ++n) sum[n] += factor * rows[l][n];
        }
        if (channels_ == 2) continue;
        copy_scaled(io.out[c] + at, io.in[c] + at, frames, dry_);
        add_scaled(io.out[c] + at, sum, frames, wet_);
    }
    if (channels_ != 2) return;
    float width[chunk_frames];
    spread(width, frames, width_);
    for (std::uint32_t n = 0; n < frames; ++n) {
        const float near = 0.5F + 0.5F * width[n], far = 0.5F - 0.5F * width[n];
        const float left = near * wet[0][n] + far * wet[1][n];
        wet[1][n] = near * wet[1][n] + far * wet[0][n];
        wet[0][n] = left;
    }
    for (std::uint32_t c = 0; c < 2; ++c) {
        copy_scaled(io.out[c] + at, io.in[c] + at, frames, dry_);
        add_scaled(io.out[c] + at, wet[c], frames, wet_);
    }
}

void Reverb::chunk(const Io& io, std::uint32_t at, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    alignas(64) Rows rows;
    take_input(io, at, rows, frames);
    for (std::uint32_t step = 0; step < steps; ++step) {
        for (std::uint32_t l = 0; l < lines; ++l) {
            short_[step].write(l, rows[l], frames);
            read(short_[step], l, 1 + step * lines + l, rows[l], frames);
        }
        mix_rows(rows, frames);
        short_[step].advance(frames);
    }
    alignas(64) Rows back;
    for (std::uint32_t l = 0; l < lines; ++l)
        read(long_, l, 1 + std::size_t{steps} * lines + l, back[l], frames);
    damp(back, frames);
    turn(back, frames);
    mix_rows(back, frames);
    for (std::uint32_t l = 0; l < lines; ++l) {
        for (std::uint32_t n = 0; n < frames; ++n) rows[l][n] += back[l][n];
        long_.write(l, rows[l], frames);
    }
    give_output(io, at, rows, frames);

    predelay_.advance(frames);
    long_.advance(frames);
    dry_.skip(frames);
    wet_.skip(frames);
    width_.skip(frames);
    fade_.skip(frames);
    start_fade();
    into_ += frames;
    if (into_ == chunk_frames) {
        into_ = 0;
        turn_on();
    }
}

void Reverb::process(const Io& io) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t at = 0, some = 0; at < io.frames; at += some) {
        some = std::min({io.frames - at, chunk_frames - into_, shortest_});
        if (fade_.is_moving()) some = std::min(some, fade_.left());
        chunk(io, at, some);
    }
    bool is_finite = true;
    for (std::uint32_t c = 0; c < channels_; ++c)
        is_finite = all_finite(io.out[c], io.frames) && is_finite;
    if (is_finite) return;
    contain();
    for (std::uint32_t c = 0; c < channels_; ++c) silence_not_finite(io.out[c], io.frames);
}

}  // namespace tenuto::dsp
