// SPDX-License-Identifier: MIT
// How unpunctual a device is, measured over stretches of time: what the books' thresholds rest on.
//
// Spread     By how much blocks come later than the earliest of their stretch, in the mean. In a
//            stretch with a stall or a loss that is more, so it rises slowly and falls quickly.
// Unrest     How far the earliest of a stretch comes before the earliest of the stretch in front of
//            it, in the mean. A loss moves it the other way, so losses do not count.
#pragma once

#include <algorithm>
#include <cstdint>

#include "shared/nonblocking.h"

namespace tenuto::rt {

class Jitter {
  public:
    // [audio] Begins anew; stretches are `length_ns` long.
    void reset(double length_ns) noexcept TENUTO_NONBLOCKING {
        *this = Jitter{};
        length_ns_ = length_ns;
    }
    // [audio] The device's time has moved: what comes is not to be compared with what came.
    void break_off() noexcept TENUTO_NONBLOCKING {
        count_ = 0;
        has_low_before_ = false;
    }
    // [audio] One block.
    void enter(double lateness_ns, std::int64_t now_ns) noexcept TENUTO_NONBLOCKING {
        if (count_ > 1 && static_cast<double>(now_ns - begin_ns_) > length_ns_) close();
        if (count_ == 0) {
            begin_ns_ = now_ns;
            low_ns_ = lateness_ns;
            sum_ns_ = 0;
        }
        low_ns_ = std::min(low_ns_, lateness_ns);
        sum_ns_ += lateness_ns;
        ++count_;
    }

    // [audio] True in the first two stretches, in one of which something may have happened.
    bool is_new() const noexcept TENUTO_NONBLOCKING { return stretches_ < 2; }
    // [audio] True until there were enough stretches to know the unrest.
    bool is_young() const noexcept TENUTO_NONBLOCKING { return falls_ < enough; }
    // [audio] 0 in the first stretch.
    double spread_ns() const noexcept TENUTO_NONBLOCKING { return spread_ns_; }
    // [audio] Mean of the last stretch.
    double mean_ns() const noexcept TENUTO_NONBLOCKING { return mean_ns_; }
    // [audio] Twice the mean of the falls: rises are as many.
    double unrest_ns() const noexcept TENUTO_NONBLOCKING { return unrest_ns_; }

  private:
    static constexpr std::uint32_t enough = 16, memory = 32;  // stretches

    void close() noexcept TENUTO_NONBLOCKING {
        mean_ns_ = sum_ns_ / count_;
        const double spread = mean_ns_ - low_ns_;
        if (stretches_ == 0)
            spread_ns_ = spread;
        else if (spread > spread_ns_)
            spread_ns_ = std::min(spread, 1.15 * spread_ns_ + 1e3);
        else
            spread_ns_ += (spread - spread_ns_) / (is_young() ? 2 : 4);
        ++stretches_;
        if (has_low_before_) {
            falls_ = std::min(falls_ + 1, memory);
            unrest_ns_ += (2 * std::max(0.0, low_before_ns_ - low_ns_) - unrest_ns_) / falls_;
        }
        low_before_ns_ = low_ns_;
        has_low_before_ = true;
        count_ = 0;
    }

    double length_ns_ = 0;
    std::int64_t begin_ns_ = 0;  // of this stretch
    double mean_ns_ = 0, low_ns_ = 0, sum_ns_ = 0, low_before_ns_ = 0;
    double spread_ns_ = 0, unrest_ns_ = 0;
    std::uint32_t count_ = 0, stretches_ = 0, falls_ = 0;
    bool has_low_before_ = false;
};

}  // namespace tenuto::rt
