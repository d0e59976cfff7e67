// SPDX-License-Identifier: MIT
// Something on the audio thread with parameters that other threads set: the numbers asked for
// ("targets"), and how they get here.
//
// Two ways  `set`, from control, for now: the newest value wins, nothing can fill up. `change`, by
//           the engine on the audio thread, for a change that was scheduled for an exact frame.
// Versions  `set` publishes all targets at once, each with the number of times it was set. A target
//           is taken over only when its number has moved, so that setting one does not undo what a
//           scheduled change has done to another.
// Smoothing Whoever derives from this decides in `steer`: a ramp of `ramp_frames`, as a rule.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "shared/counters.h"
#include "shared/latest.h"
#include "shared/nonblocking.h"

namespace tenuto::dsp {

class Steered {
  public:
    // A change of a parameter takes this long, if nothing else is said: no click, no lag.
    static constexpr double ramp_seconds = 0.01;

    // [control]
    Steered(std::vector<double> initial, double samplerate)
        : published_(initial.size()),
          seen_(initial.size(), 0),
          wanted_(initial.size()),
          targets_(std::move(initial)),
          ramp_frames_(static_cast<std::uint32_t>(std::lround(ramp_seconds * samplerate))) {
        for (std::size_t i = 0; i < targets_.size(); ++i) wanted_[i] = {targets_[i], 0};
    }
    virtual ~Steered() = default;
    Steered(const Steered&) = delete;
    Steered& operator=(const Steered&) = delete;

    // [control] Asks for new values of the targets from `first` on; control threads agree among
    // themselves who calls. False (and nothing done) when there are not so many.
    bool set(std::size_t first, std::span<const double> values) {
        if (first > wanted_.size() || values.size() > wanted_.size() - first) return false;
        for (std::size_t i = 0; i < values.size(); ++i) {
            wanted_[first + i].value = values[i];
            ++wanted_[first + i].version;
        }
        const auto draft = published_.draft();
        for (std::size_t i = 0; i < wanted_.size(); ++i) draft[i] = wanted_[i];
        published_.publish();
        return true;
    }

    // [audio] Takes over what was set since; to be called at the begin of each block.
    void follow() noexcept TENUTO_NONBLOCKING {
        bool moved = false;
        if (published_.has_news()) {
            const auto news = published_.latest();
            for (std::size_t i = 0; i < news.size(); ++i) {
                if (news[i].version == seen_[i]) continue;
                seen_[i] = news[i].version;
                targets_[i] = news[i].value;
                moved = true;
            }
        }
        if (moved || is_new_) steer(is_new_);
        is_new_ = false;
    }
    // [audio] Takes over a scheduled change; what there is no target for is ignored.
    void change(std::size_t first, std::span<const double> values) noexcept TENUTO_NONBLOCKING {
        for (std::size_t i = 0; i < values.size() && first + i < targets_.size(); ++i)
            targets_[first + i] = values[i];
        // Before the first block `follow` comes and starts with these.
        if (!is_new_) steer(false);
    }
    // [any] Its name in scheduled changes: no other one in this process has it, now or later.
    std::uint64_t id() const noexcept TENUTO_NONBLOCKING { return id_; }
    // [any]
    std::size_t target_count() const noexcept TENUTO_NONBLOCKING { return targets_.size(); }

  protected:
    // [audio] Targets have changed: set out for them; `at_once`: be there, nothing was heard yet.
    virtual void steer(bool at_once) noexcept TENUTO_NONBLOCKING = 0;

    // [audio]
    double target(std::size_t index) const noexcept TENUTO_NONBLOCKING { return targets_[index]; }
    // [audio] How long a change should take.
    std::uint32_t ramp_frames() const noexcept TENUTO_NONBLOCKING { return ramp_frames_; }
    // [audio] The next block counts as the first: targets are taken at once.
    void start_anew() noexcept TENUTO_NONBLOCKING { is_new_ = true; }

  private:
    struct Target {
        double value;
        std::uint64_t version;
    };
    shared::Latest<Target> published_;
    std::vector<std::uint64_t> seen_;  // the audio thread's: versions taken over
    std::vector<Target> wanted_;       // control's
    std::vector<double> targets_;      // the audio thread's
    std::uint32_t ramp_frames_;
    std::uint64_t id_ = shared::next_number();
    bool is_new_ = true;
};

}  // namespace tenuto::dsp
