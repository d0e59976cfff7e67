// SPDX-License-Identifier: MIT
#include "dsp/sweep.h"

#include <cmath>

#include "dsp/sine.h"

namespace tenuto::dsp {

void Sweep::restart() noexcept TENUTO_NONBLOCKING {
    place_ = 0;
    length_ = static_cast<std::uint64_t>(target(own));
    begin_ = target(own + 1);
    const double end = target(own + 2);
    const auto frames = static_cast<double>(length_);
    const bool is_exponential = target(own + 3) != 0 && begin_ > 0 && end > 0 && begin_ != end;
    rate_ = is_exponential ? std::log(end / begin_) / frames : 0;
    scale_ = is_exponential ? begin_ / rate_ : 0;
    bend_ = (end - begin_) / (2 * frames);
    for (std::uint32_t j = 0; j < chunk; ++j) powers_[j] = std::exp(rate_ * j);
    fade_in_ = static_cast<std::uint64_t>(target(own + 4));
    fade_out_ = static_cast<std::uint64_t>(target(own + 5));
}

void Sweep::generate(const Part& part) noexcept TENUTO_NONBLOCKING {
    float* out = part.io.out[0] + part.first;
    for (std::uint32_t n = 0; n < part.frames; ++n) {
        if (place_ >= length_) {
            std::fill_n(out + n, part.frames - n, 0.0F);
            break;
        }
        const double turns = cycles(place_);
        const double sine = fine_sine_of(phase_of(turns - std::floor(turns)));
        out[n] = static_cast<float>(sine * fade(place_) * part.gain[n]);
        ++place_;
    }
    spread(part);
}

// One exponential for each `chunk` frames of the sweep (not of a block), then products: within two
// roundings of an exponential each.
double Sweep::cycles(std::uint64_t place) noexcept TENUTO_NONBLOCKING {
    const auto n = static_cast<double>(place);
    if (rate_ == 0) return (begin_ + bend_ * n) * n;
    const auto beyond = static_cast<std::uint32_t>(place % chunk);
    if (beyond == 0) anchor_ = std::exp(rate_ * n);
    return scale_ * (anchor_ * powers_[beyond] - 1);
}

// sin²: from 0 at the first frame, to 0 one frame after the last.
double Sweep::fade(std::uint64_t place) const noexcept TENUTO_NONBLOCKING {
    double factor = 1;
    for (const auto& [at, length] :
         {std::array{place, fade_in_}, std::array{length_ - place, fade_out_}}) {
        if (at >= length) continue;
        const double root =
            fine_sine_of(phase_of(static_cast<double>(at) / (4 * static_cast<double>(length))));
        factor *= root * root;
    }
    return factor;
}

}  // namespace tenuto::dsp
