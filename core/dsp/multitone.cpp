// SPDX-License-Identifier: MIT
#include "dsp/multitone.h"

#include <cmath>

#include "dsp/sine.h"

namespace tenuto::dsp {

namespace {

constexpr std::size_t lanes = 4;

}  // namespace

MultiTone::MultiTone(const NodeSetup& setup) : Generator(setup, 0, false) {
    const std::size_t count = std::min(most, setup.options.size() / 3);
    padded_ = (count + lanes - 1) / lanes * lanes;
    for (std::size_t k = 0; k < count; ++k) {
        const double* tone = setup.options.data() + 3 * k;
        step_[k] = static_cast<std::uint64_t>(static_cast<std::int64_t>(tone[0] * 0x1p64));
        amplitude_[k] = tone[1];
        start_[k] = phase_of(tone[2]);
        twice_cosine_[k] = 2 * std::cos(2 * 3.14159265358979323846 * tone[0]);
    }
}

void MultiTone::set_anew() noexcept TENUTO_NONBLOCKING {
    for (std::size_t k = 0; k < padded_; ++k) {
        const std::uint64_t phase = start_[k] + step_[k] * place_;
        now_[k] = amplitude_[k] * fine_sine_of(phase);
        next_[k] = amplitude_[k] * fine_sine_of(phase + step_[k]);
    }
}

void MultiTone::generate(const Part& part) noexcept TENUTO_NONBLOCKING {
    float* out = part.io.out[0] + part.first;
    for (std::uint32_t n = 0; n < part.frames; ++n) {
        if (place_ % chunk == 0) set_anew();
        ++place_;
        double sums[lanes] = {};
        for (std::size_t k = 0; k < padded_; k += lanes)
            for (std::size_t j = 0; j < lanes; ++j) {
                const double now = now_[k + j], next = next_[k + j];
                sums[j] += now;
                now_[k + j] = next;
                next_[k + j] = twice_cosine_[k + j] * next - now;
            }
        out[n] = static_cast<float>(((sums[0] + sums[1]) + (sums[2] + sums[3])) * part.gain[n]);
    }
    spread(part);
}

}  // namespace tenuto::dsp
