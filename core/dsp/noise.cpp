// SPDX-License-Identifier: MIT
#include "dsp/noise.h"

#include <cmath>

namespace tenuto::dsp {

namespace {

constexpr std::uint64_t odd_gold = 0x9E3779B97F4A7C15U;  // 2^64 / golden ratio

// SplitMix64: a counter with steps of `odd_gold`, each value mixed. Source: G. Steele, D. Lea,
// C. Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014 (variant 13 of the mixer).
std::uint64_t mixed(std::uint64_t z) noexcept TENUTO_NONBLOCKING {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

// Evenly distributed, with a mean of 0 and an RMS value of 1: ±√3.
double even(std::uint64_t& counter) noexcept TENUTO_NONBLOCKING {
    counter += odd_gold;
    const auto signed_bits = static_cast<std::int64_t>(mixed(counter));
    constexpr double root_three = 1.7320508075688772;
    return static_cast<double>(signed_bits) * (root_three * 0x1p-63);
}

}  // namespace

Noise::Noise(const NodeSetup& setup)
    : Generator(setup, 0, false),
      pink_factor_(setup.options[2 * pole_count]),
      channels_(setup.channels) {
    std::copy_n(setup.options.begin(), pole_count, poles_.begin());
    std::copy_n(setup.options.begin() + pole_count, pole_count, weights_.begin());
}

void Noise::settle(bool at_once) noexcept TENUTO_NONBLOCKING {
    lead(white_, target(own) == 0, at_once);
    lead(pink_, target(own) != 0, at_once);
    // Another seed is other noise: no edge can be heard between the two.
    if (target(own + 1) != seed_) restart();
}

void Noise::restart() noexcept TENUTO_NONBLOCKING {
    seed_ = target(own + 1);
    std::uint64_t number = 0;
    for (Channel& channel : channels_) {
        // Channels and seeds start at unrelated places of the one cycle of 2^64.
        channel.counter = mixed(mixed(static_cast<std::uint64_t>(seed_)) + odd_gold * ++number);
        channel.memory.fill(0);
    }
}

void Noise::generate(const Part& part) noexcept TENUTO_NONBLOCKING {
    const bool has_pink = pink_.is_moving() || pink_.value() != 0;
    for (std::uint32_t c = 0; c < shape().out_channels; ++c) {
        Channel& channel = channels_[c];
        float* out = part.io.out[c] + part.first;
        Ramp white = white_, pink = pink_;
        if (!has_pink) {
            for (std::uint32_t n = 0; n < part.frames; ++n)
                out[n] = static_cast<float>(even(channel.counter) * part.gain[n]);
            continue;
        }
        auto memory = channel.memory;
        for (std::uint32_t n = 0; n < part.frames; ++n) {
            const double x = even(channel.counter);
            double sums[2] = {0, 0};  // in pairs, as vector registers hold them
            for (std::size_t i = 0; i < pole_count; i += 2)
                for (std::size_t j = 0; j < 2; ++j) {
                    sums[j] += weights_[i + j] * memory[i + j];
                    memory[i + j] = poles_[i + j] * memory[i + j] + x;
                }
            const double coloured = (x + (sums[0] + sums[1])) * pink_factor_;
            out[n] = static_cast<float>((white.next() * x + pink.next() * coloured) * part.gain[n]);
        }
        channel.memory = memory;
    }
    white_.skip(part.frames);
    pink_.skip(part.frames);
}

}  // namespace tenuto::dsp
