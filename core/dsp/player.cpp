// SPDX-License-Identifier: MIT
#include "dsp/player.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tenuto::dsp {

namespace {
constexpr double restart_seconds = 0.1;

std::uint32_t frames_of(double seconds, double samplerate) {
    return std::max(1U, static_cast<std::uint32_t>(std::lround(seconds * samplerate)));
}
}  // namespace

Player::Player(const NodeSetup& setup, std::shared_ptr<Feed> feed,
               std::shared_ptr<const void> keeper)
    : Node(setup, {0, 0, feed->channels()}),
      feed_(std::move(feed)),
      keeper_(std::move(keeper)),
      fade_frames_(frames_of(fade_seconds, setup.samplerate)),
      restart_frames_(std::min(frames_of(restart_seconds, setup.samplerate),
                               static_cast<std::uint32_t>(feed_->ring_frames() / 2 + 1))),
      gain_(setup.targets[0]),
      tail_(std::size_t{fade_frames_} * feed_->channels()),
      spare_tail_(tail_.size()) {}

void Player::steer(bool at_once) noexcept TENUTO_NONBLOCKING {
    if (at_once)
        gain_.jump(target(0));
    else
        gain_.go(target(0), ramp_frames());
    wanted_ = target(1) > 0.5;
    if (!wanted_) {
        gate_.go(0, fade_frames_);
        is_dry_ = false;
    }
}

void Player::forget() noexcept TENUTO_NONBLOCKING {
    gate_.jump(0);
    tail_left_ = 0;
}

std::int64_t Player::frame() noexcept TENUTO_NONBLOCKING {
    return current_.frame + static_cast<std::int64_t>(here() - current_.position);
}

void Player::process(const Io& io) noexcept TENUTO_NONBLOCKING {
    look(io.frames);
    start_when_ready(io.frames);
    const std::uint32_t done = sound(io, 0, io.frames);
    for (std::uint32_t c = 0; c < shape().out_channels; ++c)
        std::fill_n(io.out[c] + done, io.frames - done, 0.0F);
    gain_.skip(io.frames - done);
    if (is_dry_) silent_frames_ += io.frames - done;
    tell(io);
}

// What is visible now: how far this generation goes, whether it has an end, where to jump.
void Player::look(std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    auto& samples = feed_->samples();
    // The samples first: every segment that begins before their end is then there to be seen.
    const auto filled = samples.filled_regions(samples.capacity());
    const std::uint64_t visible =
        here() + (filled.first.size() + filled.second.size()) / samples.width();
    mine_to_ = visible;
    is_complete_ = false;
    const auto segments = feed_->segments().filled_regions(Feed::most_segments);
    const std::size_t count = segments.first.size() + segments.second.size();
    if (count == 0) {
        is_complete_ = at_end_;
        return;
    }
    const auto at = [&segments](std::size_t i) noexcept TENUTO_NONBLOCKING -> const Segment& {
        return i < segments.first.size() ? segments.first[i]
                                         : segments.second[i - segments.first.size()];
    };
    const Segment& last = at(count - 1);
    const bool ends = last.is_end && last.position <= visible;
    if (last.generation == generation_) {
        is_complete_ = ends;
        return advance();
    }
    std::size_t newest = count - 1;
    while (newest > 0 && at(newest - 1).generation == last.generation) --newest;
    std::size_t foreign = 0;
    while (at(foreign).generation == generation_) ++foreign;
    mine_to_ = std::min(visible, at(foreign).position);
    const Segment to = at(newest);
    // What is fading out to a pause does so where it is, and goes afterwards.
    const bool is_leaving = !wanted_ && gate_.is_moving();
    if (to.position <= visible && !is_leaving) {
        const std::uint64_t ready = visible - to.position;
        std::uint64_t skip = 0;
        if (to.is_aligned && here() > to.aligned_at)
            skip = static_cast<std::uint64_t>(
                std::llround(static_cast<double>(here() - to.aligned_at) * to.skip_ratio));
        const std::uint64_t least = is_sounding() ? std::uint64_t{frames} + fade_frames_ : 1;
        // Sound that comes too slowly to catch up with what is playing is taken as it is, before
        // the reserve is full and no more can come.
        if (!ends && ready < skip + least && ready >= feed_->reserve_frames() * 3 / 4)
            skip = ready > least ? ready - least : 0;
        if (ends || ready >= skip + least) {
            jump(to, std::min(skip, ready));
            mine_to_ = visible;
            is_complete_ = ends;
        }
    }
    advance();
}

void Player::jump(const Segment& to, std::uint64_t skip) noexcept TENUTO_NONBLOCKING {
    const Segment goal = to;
    if (is_sounding())
        fill_tail();
    else
        tail_left_ = 0;
    feed_->samples().release(goal.position + skip - here());
    auto& segments = feed_->segments();
    for (;;) {
        const auto front = segments.filled_regions(1);
        if (front.first.empty() || front.first[0].generation == goal.generation) break;
        segments.release(1);
    }
    generation_ = goal.generation;
    current_ = goal;
    at_end_ = goal.is_end;
    is_dry_ = false;
}

// The next frames of what is heard now, a fade that is under way included.
void Player::fill_tail() noexcept TENUTO_NONBLOCKING {
    const std::size_t width = feed_->channels();
    const auto there =
        feed_->samples().filled_regions(std::min<std::size_t>(fade_frames_, ahead()));
    const std::size_t first = there.first.size(), all = first + there.second.size();
    const std::size_t fade_from = std::size_t{fade_frames_ - tail_left_} * width;
    for (std::size_t i = 0; i < tail_.size(); ++i) {
        float x = i < first ? there.first[i] : i < all ? there.second[i - first] : 0.0F;
        if (const std::size_t old = fade_from + i; old < tail_.size()) {
            const std::size_t frame = old / width + 1;
            const auto k = static_cast<float>(frame);
            x = tail_[old] + k / static_cast<float>(fade_frames_) * (x - tail_[old]);
        }
        spare_tail_[i] = x;
    }
    std::swap(tail_, spare_tail_);
    tail_left_ = fade_frames_;
}

// Takes over the segments that have been reached.
void Player::advance() noexcept TENUTO_NONBLOCKING {
    auto& segments = feed_->segments();
    for (;;) {
        const auto front = segments.filled_regions(1);
        if (front.first.empty()) return;
        const Segment& next = front.first[0];
        if (next.generation != generation_ || next.position > here()) return;
        at_end_ = next.is_end;
        if (!next.is_end) current_ = next;
        segments.release(1);
    }
}

void Player::start_when_ready(std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    if (!wanted_ || gate_.target() > 0 || ahead() == 0 || generation_ != feed_->asked()) return;
    const std::uint64_t least =
        std::uint64_t{is_dry_ ? std::max(frames, restart_frames_) : frames} + fade_frames_;
    if (!is_complete_ && ahead() < least) return;
    is_dry_ = false;
    // The begin of a file is no click of ours: it comes as it is.
    if (frame() == 0 && !gate_.is_moving())
        gate_.jump(1);
    else
        gate_.go(1, fade_frames_);
}

// Plays for up to `frames` frames; returns for how many.
std::uint32_t Player::sound(const Io& io, std::uint32_t at, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    const auto most = [this](std::uint64_t wanted) noexcept TENUTO_NONBLOCKING {
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, ahead()));
    };
    std::uint32_t done = 0;
    if (gate_.target() > 0) {
        const std::uint64_t there = ahead();
        done = most(frames);
        if (!is_complete_ && there < std::uint64_t{frames} + fade_frames_) {
            done = there > fade_frames_ ? most(there - fade_frames_) : 0;
            play(io, at, done);
            gate_.go(0, static_cast<std::uint32_t>(std::min<std::uint64_t>(fade_frames_, ahead())));
            is_dry_ = true;
            ++underruns_;
        } else {
            play(io, at, done);
        }
    }
    if (gate_.target() == 0 && gate_.is_moving()) {
        const std::uint32_t fading = most(std::min(gate_.left(), frames - done));
        play(io, at + done, fading);
        done += fading;
    }
    // There is no more: nothing is left to be faded.
    if (ahead() == 0 && (done < frames || at_end_)) {
        gate_.jump(0);
        tail_left_ = 0;
    }
    return done;
}

void Player::play(const Io& io, std::uint32_t at, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    const std::size_t width = feed_->channels();
    while (frames > 0) {
        // A piece ends where the ring wraps, and where something stops moving.
        std::uint32_t some = frames;
        for (const std::uint32_t left : {tail_left_, gain_.left(), gate_.left()})
            if (left > 0) some = std::min(some, left);
        const auto there = feed_->samples().filled_regions(some);
        some = static_cast<std::uint32_t>(there.first.size() / width);
        if (some == 0) return;
        play_piece(io, at, there.first.data(), some);
        feed_->samples().release(some);
        played_ += some;
        at += some;
        frames -= some;
    }
    advance();
}

void Player::play_piece(const Io& io, std::uint32_t at, const float* from,
                        std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    const std::size_t width = feed_->channels();
    const bool is_steady = !gain_.is_moving() && !gate_.is_moving() && tail_left_ == 0;
    if (is_steady) {
        const auto factor = static_cast<float>(gain_.value() * gate_.value());
        for (std::size_t c = 0; c < width; ++c) {
            float* out = io.out[c] + at;
            for (std::uint32_t n = 0; n < frames; ++n) out[n] = factor * from[n * width + c];
        }
        return;
    }
    const float* tail = tail_.data() + std::size_t{fade_frames_ - tail_left_} * width;
    for (std::uint32_t n = 0; n < frames; ++n) {
        const auto factor = static_cast<float>(gain_.next() * gate_.next());
        const float share =
            static_cast<float>(fade_frames_ - tail_left_ + 1) / static_cast<float>(fade_frames_);
        for (std::size_t c = 0; c < width; ++c) {
            float x = from[n * width + c];
            // In this form equal signals give themselves, to the last bit.
            if (tail_left_ > 0) x = tail[c] + share * (x - tail[c]);
            io.out[c][at + n] = factor * x;
        }
        if (tail_left_ > 0) {
            --tail_left_;
            tail += width;
        }
    }
}

void Player::tell(const Io& io) noexcept TENUTO_NONBLOCKING {
    feed_->tell({io.frame + io.frames, frame(), current_.step, played_, underruns_, silent_frames_,
                 current_.item, generation_, is_sounding(), at_end_});
}

}  // namespace tenuto::dsp
