// SPDX-License-Identifier: MIT
#include "rt/books.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tenuto::rt {

namespace {
// The loop's bandwidth: wide at first, to find the rate; then ever narrower, to average the jitter.
// The rate is then uncertain (by the loop's transfer function, one sigma) by
// (2 pi narrow_hz)^1.5 / 2^0.75 = 0.026 times the jitter (s) times the root of a block's length
// (s).
constexpr double wide_hz = 1.0, narrow_hz = 0.02, shrinking_hz_seconds = 0.3;
// In multiples of the jitter's spread: what the loop takes from one block, at the most; and what is
// out of the ordinary.
constexpr double clamp_spreads = 2, bound_spreads = 3;
// A step of the smallest lateness counts from so many times its unrest on. Of exponential jitter
// with a mean of up to one block none gets there in ten simulated hours, up to three blocks a few.
constexpr double loss_unrests = 8;
// A lateness that has to stay for so long before it counts as a loss. Longer than the pause
// between two deliveries of a server that hands over several blocks at a time.
constexpr double window_min_ns = 150e6, window_blocks = 24;
// A device that is late for so many windows will not catch up.
constexpr double stays_windows = 10;
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
        settle_at_end(last_ns_);  // what was open before the device left is decided now
        const double missing = missing_frames(arrival.now_ns) - arrival.frames;
        frame_ns_ = sure_frame_ns();
        away_ = {arrival.tag, std::max(0.0, missing), 0, arrival.now_ns};
        if (arrival.device_frame >= 0) {
            away_.frames = static_cast<double>(arrival.device_frame - next_device_frame_);
            settle_away();
        }
        lock_onto(arrival);
    } else if (arrival.device_frame >= 0) {
        enter_exact(arrival, Cause::xrun);
        follow(arrival);
        follow_what_stays(arrival.now_ns);
        own_lateness_ns_ = lateness_ns_;
    } else if (std::isinf(settings_.wobble_blocks)) {
        follow(arrival);
        own_lateness_ns_ = lateness_ns_;
        if (lateness_ns_ > bound_ns()) move_to(arrival.now_ns);  // it has enough for so long
    } else {
        follow(arrival);
        // After a loss that is not settled yet blocks are late by its length; that is told once.
        const double level = step_count_ > 0 ? steps_[step_count_ - 1].level_ns : 0.0;
        const double known = level > bound_ns() ? level : 0.0;
        own_lateness_ns_ = std::max(std::min(lateness_ns_, 0.0), lateness_ns_ - known);
        look_for_steps(arrival);
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
    const double wobble = std::isinf(settings_.wobble_blocks) ? 0.5 : settings_.wobble_blocks;
    threshold_ns_ = in_cycles ? threshold_min_ns : std::max(threshold_min_ns, wobble * block_ns);
    window_ns_ = std::max(window_min_ns, window_blocks * block_ns);
    expected_ns_ = static_cast<double>(arrival.now_ns);
    lateness_ns_ = own_lateness_ns_ = 0;
    floor_ns_ = floor_before_ns_ = 0;
    floor_since_ns_ = arrival.now_ns;
    late_since_ns_ = 0;
    locked_ns_ = 0;
    followed_ns_ = 0;
    jitter_.reset(window_ns_ / 2);
    step_count_ = 0;
    locked_ = true;
}

void Books::follow(const Arrival& arrival) noexcept TENUTO_NONBLOCKING {
    const double block_ns = arrival.frames * frame_ns_;
    const double before_ns = lateness_ns_;
    expected_ns_ += block_ns;
    lateness_ns_ = static_cast<double>(arrival.now_ns) - expected_ns_;
    locked_ns_ += block_ns;
    if (away_.frames > 0) {
        // The first block of a device that came back may have been late: it was away for less.
        away_.early_ns = std::min(away_.early_ns, lateness_ns_ + followed_ns_);
        if (static_cast<double>(arrival.now_ns - away_.since_ns) > window_ns_) settle_away();
    }
    const double bound = bound_ns();
    if (lateness_ns_ < -bound) {
        // Frames cannot come before the device made them: the earlier prediction was too late.
        move_to(arrival.now_ns);
        step_count_ = 0;
        return;
    }
    const bool is_open = is_open_for(arrival.now_ns, window_ns_ / 8);
    const bool was_new = jitter_.is_new();
    if (jitter_.is_young())
        jitter_.enter(lateness_ns_ + followed_ns_, arrival.now_ns);
    else if (!is_open && before_ns <= bound)
        jitter_.enter(std::min(lateness_ns_, bound) + followed_ns_, arrival.now_ns);
    if (is_open) return;
    if (was_new && !jitter_.is_new() && step_count_ == 0)
        follow_by(jitter_.mean_ns() - followed_ns_);  // the loop begins where it will stay
    // A late block is followed by more of them, which is no news about the rate. Whether a block
    // counts does not depend on its own lateness, and early counts like late: so jitter, whatever
    // its distribution, does not pull the rate to one side.
    if (before_ns > bound) return;
    follow_floor(arrival.now_ns);
    const double bandwidth =
        std::clamp(shrinking_hz_seconds * 1e9 / locked_ns_, narrow_hz, wide_hz);
    const double w = std::min(0.2, 2 * std::numbers::pi * bandwidth * block_ns * 1e-9);
    const double most =
        std::max(threshold_ns_ / 4, jitter_.is_new() ? 0.0 : clamp_spreads * jitter_.spread_ns());
    const double error = std::clamp(lateness_ns_, -most, most);
    follow_by(std::numbers::sqrt2 * w * error);
    if (jitter_.is_new()) return;  // the rate has time
    frame_ns_ += w * w * error / std::max(1u, arrival.frames);
    frame_ns_ = std::clamp(frame_ns_, nominal_frame_ns_ * (1 - rate_tolerance),
                           nominal_frame_ns_ * (1 + rate_tolerance));
}

// A device that tells its position lost nothing by being late: after a while that is its time.
void Books::follow_what_stays(std::int64_t now_ns) noexcept TENUTO_NONBLOCKING {
    if (lateness_ns_ <= bound_ns()) {
        late_since_ns_ = 0;
    } else if (late_since_ns_ == 0) {
        late_since_ns_ = now_ns;
    } else if (static_cast<double>(now_ns - late_since_ns_) > stays_windows * window_ns_) {
        move_to(now_ns);
        late_since_ns_ = 0;
    }
}

void Books::follow_by(double ns) noexcept TENUTO_NONBLOCKING {
    expected_ns_ += ns;
    followed_ns_ += ns;
    lateness_ns_ -= ns;
    floor_ns_ -= ns;
    floor_before_ns_ -= ns;
}

double Books::sure_frame_ns() const noexcept TENUTO_NONBLOCKING {
    const bool is_narrow = locked_ns_ * narrow_hz > shrinking_hz_seconds * 1e9;
    return is_narrow ? frame_ns_ : nominal_frame_ns_;
}

double Books::missing_frames(std::int64_t now_ns) const noexcept TENUTO_NONBLOCKING {
    // When the last block would have come, had it come as early as the earliest lately.
    const double last_ns = expected_ns_ + std::min(floor_ns_, floor_before_ns_);
    return (static_cast<double>(now_ns) - last_ns) / sure_frame_ns();
}

double Books::bound_ns() const noexcept TENUTO_NONBLOCKING {
    return jitter_.is_new() ? threshold_ns_
                            : std::max(threshold_ns_, bound_spreads * jitter_.spread_ns());
}

double Books::least_loss_ns() const noexcept TENUTO_NONBLOCKING {
    const double restless = loss_unrests * jitter_.unrest_ns();
    const double young = jitter_.is_young() ? bound_spreads * jitter_.spread_ns() : 0.0;
    return std::max({threshold_ns_, restless, young});
}

bool Books::is_open_for(std::int64_t now_ns, double ns) const noexcept TENUTO_NONBLOCKING {
    return step_count_ > 0 && static_cast<double>(now_ns - steps_[0].since_ns) > ns;
}

void Books::move_to(std::int64_t now_ns) noexcept TENUTO_NONBLOCKING {
    follow_by(static_cast<double>(now_ns) - expected_ns_);
    floor_ns_ = floor_before_ns_ = 0;
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
    const double below =
        step_count_ > 0 ? steps_[step_count_ - 1].level_ns : std::min(floor_ns_, floor_before_ns_);
    if (lateness_ns_ - below < std::max(threshold_ns_, loss_unrests * jitter_.unrest_ns())) return;
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
    const double frames = std::max(0.0, away_.frames + away_.early_ns / frame_ns_);
    push_loss(away_.tag, frames, away_.since_ns, Cause::device_lost);
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
        if (step_ns < least_loss_ns()) {  // the jitter has turned out to be larger
            ++settled;
            continue;
        }
        before = steps_[settled].level_ns;
        push_loss(steps_[settled].tag, step_ns / frame_ns_, now_ns, Cause::xrun);
        ++settled;
    }
    if (settled == 0) return;
    const double moved = before - floor;
    if (moved > 0) jitter_.break_off();
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
    const double frames = missing_frames(now_ns);
    return frames > 0 ? static_cast<std::uint64_t>(std::llround(frames)) : 0;
}

}  // namespace tenuto::rt
