// SPDX-License-Identifier: MIT
#include "rt/books.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tenuto::rt {

namespace {
// The loop's bandwidth: wide at first, to find the rate; then narrow, to average the jitter.
constexpr double wide_hz = 1.0, narrow_hz = 0.05, wide_for_ns = 3e9;
// A lateness that has to stay for so long before it counts as a loss. Longer than the pause
// between two deliveries of a server that hands over several blocks at a time.
constexpr double window_min_ns = 150e6, window_blocks = 24;
// A step below what a busy machine's wake-ups differ by is not a loss. A device that hands over
// what its buffer holds may differ by half a block; a server that runs in cycles does not, however
// long they are.
constexpr double threshold_min_ns = 0.5e6;
// A loss this close to whole cycles is taken for whole cycles. The smallest lateness of a window
// tells a server's clock to within 0.04 ms (measured: jackd, two busy processors).
constexpr double near_whole_ns = 0.15e6;
// No sound card is further off its rate than this.
constexpr double rate_tolerance = 2e-3;
}  // namespace

Books::Books(const BooksSettings& settings) noexcept
    : settings_(settings),
      nominal_frame_ns_(1e9 / settings.samplerate),
      frame_ns_(nominal_frame_ns_) {}

void Books::enter(const Arrival& arrival) noexcept TENUTO_NONBLOCKING {
    if (!locked_) {
        // A device counts its frames from the engine's start: what comes before the first is lost.
        enter_exact(arrival, returning_ ? Cause::device_lost : Cause::xrun);
        lock_onto(arrival);
    } else if (returning_) {
        const double missing_ns = static_cast<double>(arrival.now_ns) - due_ns(arrival.frames);
        settle_at_end(last_ns_);  // what was open before the device left is decided now
        away_ = {arrival.tag, std::max(0.0, missing_ns / frame_ns_), arrival.now_ns};
        if (arrival.device_frame >= 0) {
            away_.frames = static_cast<double>(arrival.device_frame - next_device_frame_);
            settle_away();
        }
        lock_onto(arrival);
    } else if (arrival.device_frame >= 0) {
        enter_exact(arrival, Cause::xrun);
        follow(arrival);
        own_lateness_ns_ = lateness_ns_;
    } else {
        follow(arrival);
        // After a loss that is not settled yet blocks are late by its length; that is told once.
        const double known = step_count_ > 0 ? steps_[step_count_ - 1].level_ns : 0.0;
        own_lateness_ns_ = std::max(std::min(lateness_ns_, 0.0), lateness_ns_ - known);
        look_for_steps(arrival);
        if (static_cast<double>(arrival.now_ns - away_.since_ns) > window_ns_) settle_away();
        settle(arrival.now_ns, window_ns_);
    }
    returning_ = false;
    last_ns_ = arrival.now_ns;
    device_frames_ += arrival.frames;
    if (arrival.device_frame >= 0) next_device_frame_ = arrival.device_frame + arrival.frames;
}

void Books::lock_onto(const Arrival& arrival) noexcept TENUTO_NONBLOCKING {
    if (settings_.blocksize == 0) settings_.blocksize = arrival.frames;
    if (settings_.loss_quantum == 0) settings_.loss_quantum = arrival.frames;
    const double block_ns = settings_.blocksize * nominal_frame_ns_;
    const bool in_cycles = settings_.loss_quantum > 1;
    threshold_ns_ = in_cycles ? threshold_min_ns
                              : std::max(threshold_min_ns, settings_.wobble_blocks * block_ns);
    window_ns_ = std::max(window_min_ns, window_blocks * block_ns);
    expected_ns_ = static_cast<double>(arrival.now_ns);
    lateness_ns_ = own_lateness_ns_ = 0;
    floor_ns_ = floor_before_ns_ = 0;
    floor_since_ns_ = arrival.now_ns;
    locked_ns_ = 0;
    step_count_ = 0;
    locked_ = true;
}

void Books::follow(const Arrival& arrival) noexcept TENUTO_NONBLOCKING {
    const double block_ns = arrival.frames * frame_ns_;
    expected_ns_ += block_ns;
    lateness_ns_ = static_cast<double>(arrival.now_ns) - expected_ns_;
    locked_ns_ += block_ns;
    if (lateness_ns_ < -threshold_ns_) {
        // Frames cannot come before the device made them: the earlier prediction was too late.
        // So was the first block of a device that came back: the device was away for less.
        away_.frames = std::max(0.0, away_.frames + lateness_ns_ / frame_ns_);
        expected_ns_ = static_cast<double>(arrival.now_ns);
        lateness_ns_ = 0;
        floor_ns_ = floor_before_ns_ = 0;
        step_count_ = 0;
        return;
    }
    if (lateness_ns_ > threshold_ns_ || step_count_ > 0) return;  // no news about the rate
    follow_floor(arrival.now_ns);
    const double bandwidth = locked_ns_ < wide_for_ns ? wide_hz : narrow_hz;
    const double w = std::min(0.2, 2 * std::numbers::pi * bandwidth * block_ns * 1e-9);
    expected_ns_ += std::numbers::sqrt2 * w * lateness_ns_;
    frame_ns_ += w * w * lateness_ns_ / std::max(1u, arrival.frames);
    frame_ns_ = std::clamp(frame_ns_, nominal_frame_ns_ * (1 - rate_tolerance),
                           nominal_frame_ns_ * (1 + rate_tolerance));
}

void Books::follow_floor(std::int64_t now_ns) noexcept TENUTO_NONBLOCKING {
    if (static_cast<double>(now_ns - floor_since_ns_) > window_ns_) {
        floor_before_ns_ = floor_ns_;
        floor_ns_ = lateness_ns_;
        floor_since_ns_ = now_ns;
    }
    floor_ns_ = std::min(floor_ns_, lateness_ns_);
}

void Books::enter_exact(const Arrival& arrival, Cause cause) noexcept TENUTO_NONBLOCKING {
    if (arrival.device_frame <= next_device_frame_) return;
    const auto missing = static_cast<double>(arrival.device_frame - next_device_frame_);
    push_loss(arrival.tag, missing, arrival.now_ns, cause);
    expected_ns_ += missing * frame_ns_;
}

void Books::look_for_steps(const Arrival& arrival) noexcept TENUTO_NONBLOCKING {
    // Entries above this block's lateness come down to it: from here on it was never more.
    Step lowered{};
    bool has_lowered = false;
    while (step_count_ > 0 && steps_[step_count_ - 1].level_ns > lateness_ns_) {
        lowered = steps_[--step_count_];
        has_lowered = true;
    }
    const double below = step_count_ > 0 ? steps_[step_count_ - 1].level_ns : 0.0;
    if (lateness_ns_ - below < threshold_ns_) return;
    // A loss stands before the first block that it made late, even if that came later than what
    // stays: in cycles, a late reader finds what the newest cycle has left there.
    const std::uint64_t tag = has_lowered ? lowered.tag : arrival.tag;
    const std::int64_t since = has_lowered ? lowered.since_ns : arrival.now_ns;
    if (step_count_ < most_steps)
        steps_[step_count_++] = {tag, lateness_ns_, since};
    else
        steps_[step_count_ - 1].level_ns = lateness_ns_;  // two neighbours become one
}

void Books::settle_away() noexcept TENUTO_NONBLOCKING {
    push_loss(away_.tag, away_.frames, away_.since_ns, Cause::device_lost);
    away_ = {};
}

void Books::settle_at_end(std::int64_t now_ns) noexcept TENUTO_NONBLOCKING {
    settle_away();
    settle(now_ns, window_ns_ / 8);
    step_count_ = 0;
}

void Books::settle(std::int64_t now_ns, double window_ns) noexcept TENUTO_NONBLOCKING {
    // Before the first step the smallest lateness was this, not 0.
    const double floor = std::min(floor_ns_, floor_before_ns_);
    double before = floor;
    std::size_t settled = 0;
    while (settled < step_count_ && loss_count_ < most_steps) {
        if (static_cast<double>(now_ns - steps_[settled].since_ns) <= window_ns) break;
        const double step_ns = steps_[settled].level_ns - before;
        before = steps_[settled].level_ns;
        push_loss(steps_[settled].tag, step_ns / frame_ns_, now_ns, Cause::xrun);
        ++settled;
    }
    if (settled == 0) return;
    const double moved = before - floor;
    expected_ns_ += moved;
    lateness_ns_ = std::max(0.0, lateness_ns_ - moved);
    for (std::size_t i = settled; i < step_count_; ++i) {
        steps_[i - settled] = steps_[i];
        steps_[i - settled].level_ns -= moved;
    }
    step_count_ -= settled;
}

void Books::push_loss(std::uint64_t tag, double frames, std::int64_t now_ns, Cause cause) noexcept
    TENUTO_NONBLOCKING {
    double whole = std::round(frames);
    if (cause == Cause::xrun && settings_.loss_quantum > 1) {
        const double cycles = std::round(frames / settings_.loss_quantum) * settings_.loss_quantum;
        if (cycles > 0 && std::abs(frames - cycles) * frame_ns_ <= near_whole_ns) whole = cycles;
    }
    if (whole < 1) return;
    const auto missing = static_cast<std::uint64_t>(whole);
    device_frames_ += missing;
    if (loss_count_ < most_steps)
        losses_[loss_count_++] = {tag, missing, now_ns, cause};
    else
        losses_[most_steps - 1].frames += missing;  // kept, at the place of the one before
}

const Loss* Books::next_loss() const noexcept TENUTO_NONBLOCKING {
    return loss_count_ > 0 ? &losses_[0] : nullptr;
}

void Books::drop_loss() noexcept TENUTO_NONBLOCKING {
    std::copy(losses_.begin() + 1, losses_.begin() + static_cast<std::ptrdiff_t>(loss_count_),
              losses_.begin());
    --loss_count_;
}

std::uint64_t Books::unsettled_tag() const noexcept TENUTO_NONBLOCKING {
    std::uint64_t earliest = no_tag;
    for (std::size_t i = 0; i < loss_count_; ++i)
        earliest = std::min(earliest, losses_[i].position);
    for (std::size_t i = 0; i < step_count_; ++i) earliest = std::min(earliest, steps_[i].tag);
    if (away_.frames > 0) earliest = std::min(earliest, away_.tag);
    return earliest;
}

std::uint64_t Books::missing_until(std::int64_t now_ns) const noexcept {
    if (!locked_) return 0;
    const double frames = (static_cast<double>(now_ns) - expected_ns_) / frame_ns_;
    return frames > 0 ? static_cast<std::uint64_t>(std::llround(frames)) : 0;
}

}  // namespace tenuto::rt
