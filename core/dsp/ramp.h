// SPDX-License-Identifier: MIT
// A number on its way to another one in a straight line, one step a frame.
//
// Its value is computed from what is left of the way, not added up: it arrives exactly, and cutting
// the way into blocks of any size gives the same values to the last bit.
#pragma once

#include <cstdint>

#include "shared/nonblocking.h"

namespace tenuto::dsp {

class Ramp {
  public:
    Ramp() = default;
    // [any] Stands at `value`.
    explicit Ramp(double value) noexcept TENUTO_NONBLOCKING : target_(value) {}

    // [audio] Stands at `value` from now on.
    void jump(double value) noexcept TENUTO_NONBLOCKING {
        target_ = value;
        step_ = 0;
        left_ = 0;
    }
    // [audio] Sets out for `target`; `next` returns it at the `frames`-th call from now.
    void go(double target, std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
        if (target == target_) return;
        const double from = value();
        if (frames == 0) return jump(target);
        step_ = (target - from) / frames;
        target_ = target;
        left_ = frames;
    }
    // [audio] One frame on; the value of that frame.
    double next() noexcept TENUTO_NONBLOCKING {
        if (left_ > 0) --left_;
        return value();
    }
    // [audio] `frames` frames on.
    void skip(std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
        left_ -= frames < left_ ? frames : left_;
    }

    // [audio] Where it is now.
    double value() const noexcept TENUTO_NONBLOCKING {
        return left_ ? target_ - left_ * step_ : target_;
    }
    // [audio] Where it is going.
    double target() const noexcept TENUTO_NONBLOCKING { return target_; }
    // [audio] Change from frame to frame; 0 when it stands.
    double step() const noexcept TENUTO_NONBLOCKING { return left_ ? step_ : 0; }
    // [audio] Frames until it has arrived.
    std::uint32_t left() const noexcept TENUTO_NONBLOCKING { return left_; }
    // [audio]
    bool is_moving() const noexcept TENUTO_NONBLOCKING { return left_ > 0; }

  private:
    double target_ = 0;
    double step_ = 0;
    std::uint32_t left_ = 0;
};

}  // namespace tenuto::dsp
