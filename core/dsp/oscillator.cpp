// SPDX-License-Identifier: MIT
#include "dsp/oscillator.h"

#include <cmath>

namespace tenuto::dsp {

namespace {

// Half the samplerate, just so that a step of the phase fits; also for what is no number.
double bounded(double frequency) noexcept TENUTO_NONBLOCKING {
    constexpr double most = 0.4999999;
    return frequency > -most ? (frequency < most ? frequency : most) : -most;
}

}  // namespace

Oscillator::Oscillator(const NodeSetup& setup)
    : Generator(setup, 2, false), blep_(setup.data, setup.data_channels, setup.options[0]) {}

void Oscillator::settle(bool at_once) noexcept TENUTO_NONBLOCKING {
    lead(frequency_, target(own), at_once);
    lead(phase_, target(own + 1), at_once);
    lead(duty_, target(own + 2), at_once);
    lead(deviation_, target(own + 3), at_once);
    for (std::uint32_t i = 0; i < form_count; ++i)
        lead(weights_[i], target(own + 4) == i ? 1 : 0, at_once);
}

void Oscillator::restart() noexcept TENUTO_NONBLOCKING { turned_ = 0; }

void Oscillator::generate(const Part& part) noexcept TENUTO_NONBLOCKING {
    const float* amplitude = part.io.in[0] ? part.io.in[0] + part.first : nullptr;
    const float* frequency = part.io.in[1] ? part.io.in[1] + part.first : nullptr;
    Course course;
    advance(course, frequency, part.frames);
    course.sum.fill(0);
    for (std::uint32_t i = 0; i < form_count; ++i) {
        if (weights_[i].is_moving() || weights_[i].value() != 0)
            add(static_cast<Form>(i), weights_[i], course, part.frames);
        weights_[i].skip(part.frames);
    }
    float* out = part.io.out[0] + part.first;
    if (amplitude)
        for (std::uint32_t n = 0; n < part.frames; ++n)
            out[n] = static_cast<float>(course.sum[n] * part.gain[n] * (1.0 + amplitude[n]));
    else
        for (std::uint32_t n = 0; n < part.frames; ++n)
            out[n] = static_cast<float>(course.sum[n] * part.gain[n]);
    spread(part);
}

void Oscillator::advance(Course& course, const float* modulation, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    const auto step_of = [](double frequency) noexcept TENUTO_NONBLOCKING {
        return static_cast<std::uint64_t>(static_cast<std::int64_t>(frequency * 0x1p64));
    };
    // A standing phase has its edges out of reach.
    const auto period_of = [](double slope) noexcept
        TENUTO_NONBLOCKING { return 1 / std::max(slope, 1e-12); };
    // The same numbers as below, found once for all frames.
    if (!modulation && !frequency_.is_moving() && !phase_.is_moving() && !duty_.is_moving()) {
        const double frequency = bounded(frequency_.value());
        const std::uint64_t first = turned_ + phase_of(phase_.value()), step = step_of(frequency);
        for (std::uint32_t n = 0; n < frames; ++n) course.phase[n] = first + n * step;
        turned_ += frames * step;
        course.slope.fill(frequency);
        course.period.fill(period_of(frequency));
        course.duty.fill(duty_.value());
        deviation_.skip(frames);
        return;
    }
    for (std::uint32_t n = 0; n < frames; ++n) {
        const double deviation = deviation_.next();
        double frequency = frequency_.next();
        if (modulation) frequency += deviation * modulation[n];
        frequency = bounded(frequency);
        course.phase[n] = turned_ + phase_of(phase_.next());
        turned_ += step_of(frequency);
        course.slope[n] = std::abs(frequency + phase_.step());
        course.duty[n] = duty_.next();
    }
    for (std::uint32_t n = 0; n < frames; ++n) course.period[n] = period_of(course.slope[n]);
}

void Oscillator::add(Form form, Ramp weight, Course& course, std::uint32_t frames) const noexcept
    TENUTO_NONBLOCKING {
    const auto all = [&](Form which) noexcept TENUTO_NONBLOCKING {
        std::uint32_t n = 0;
        for (; n < frames && weight.is_moving(); ++n)
            course.sum[n] += weight.next() * at(which, course, n);
        const double steady = weight.value();
        for (; n < frames; ++n) course.sum[n] += steady * at(which, course, n);
    };
    // With a constant each loop is compiled for its shape alone.
    switch (form) {
        case sine: return all(sine);
        case square: return all(square);
        case saw: return all(saw);
        default: return all(triangle);
    }
}

inline double Oscillator::at(Form form, const Course& course, std::uint32_t n) const noexcept
    TENUTO_NONBLOCKING {
    if (form == sine) return sine_of(course.phase[n]);
    const double cycles = cycles_of(course.phase[n]), period = course.period[n];
    if (form == saw) return 2 * cycles - 1 - 2 * blep_.steps(cycles, period);
    const double duty = course.duty[n];
    const bool is_first = cycles < duty;
    const double second = is_first ? cycles - duty + 1 : cycles - duty;  // since the other edge
    if (form == square)
        return (is_first ? 1 : -1) +
               2 * (blep_.steps(cycles, period) - blep_.steps(second, period));
    const double naive = is_first ? 2 * cycles / duty - 1 : 1 - 2 * second / (1 - duty);
    const double bend = 2 / (duty * (1 - duty)) * course.slope[n];
    return naive + bend * (blep_.corners(cycles, period) - blep_.corners(second, period));
}

}  // namespace tenuto::dsp
