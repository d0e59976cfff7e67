// SPDX-License-Identifier: MIT
// The cascade of second-order sections (see CascadePass), once for any `Lanes`.
//
// Form       Direct form I: y = b0 x + b1 x' + b2 x'' - a1 y' - a2 y''. What is remembered are
//            signals, nothing that was weighted by older coefficients: while coefficients move, a
//            gain of 1 at some frequency stays one. (Transposed form II would thump: moving a
//            60 Hz bell (Q 1.4) by 12 dB in 10 ms moves a constant by 43 %.) Neighbours share what
//            they remember: what one section gave is what the next one got.
// Skew       At step t section s works on frame t - s, so no section waits for another one within
//            a step. The sections of a vector that are one behind are in the next vector: nothing
//            is moved across lanes but at the first.
// Blocks     The steps at which only some sections have a frame of this block run under a mask.
//            Each sample meets the same operations in the same order however sound is cut.
// Order      y' comes late, x last: the chain from frame to frame is two operations, from section
//            to section one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/inlined.h"
#include "simd/kernels.h"

namespace {

using tenuto::simd::CascadePass;
using Vector = Lanes::Vector;

template <unsigned vectors, unsigned channels>
struct Cascade {
    static constexpr unsigned sections = vectors * Lanes::count / channels;

    // Copies: what the loops store could, for all a compiler knows, change the originals.
    Vector goals[vectors][5], moves[vectors][5];
    Vector y1[vectors], y2[vectors], y3[vectors];  // outputs: newest, the one before, ...
    Vector x1, x2;                                 // inputs of the first vector
    Vector left[vectors];
    Vector lag[vectors];  // by how many steps a lane is behind

    template <bool is_moving>
    TENUTO_INLINED Vector number(unsigned vector, unsigned which) const noexcept {
        if constexpr (is_moving)
            return Lanes::subtract_product(left[vector], moves[vector][which],
                                           goals[vector][which]);
        else
            return goals[vector][which];
    }

    template <bool is_moving>
    TENUTO_INLINED Vector section(unsigned v, Vector x, Vector before, Vector two_before) noexcept {
        Vector sum = Lanes::multiply(number<is_moving>(v, 2), two_before);
        sum = Lanes::add_product(number<is_moving>(v, 1), before, sum);
        sum = Lanes::subtract_product(number<is_moving>(v, 4), y2[v], sum);
        sum = Lanes::subtract_product(number<is_moving>(v, 3), y1[v], sum);
        return Lanes::add_product(number<is_moving>(v, 0), x, sum);
    }

    // One step with a frame for every section.
    template <bool is_moving>
    TENUTO_INLINED void step(const double* in) noexcept {
        const Vector x = Lanes::push<channels>(in, y1[vectors - 1]);
        for (unsigned v = vectors; v-- > 0;) {
            if constexpr (is_moving) left[v] = Lanes::count_down(left[v]);
            const Vector y = v > 0 ? section<is_moving>(v, y1[v - 1], y2[v - 1], y3[v - 1])
                                   : section<is_moving>(v, x, x1, x2);
            y3[v] = y2[v];
            y2[v] = y1[v];
            y1[v] = y;
        }
        x2 = x1;
        x1 = x;
    }

    // A step at which only some sections have a frame: the others keep all they have.
    template <bool is_moving>
    TENUTO_INLINED void some(const double* in, double t, double frames) noexcept {
        const Vector now = Lanes::all(t), over = Lanes::all(t - frames);
        const Vector x = Lanes::push<channels>(in, y1[vectors - 1]);
        const auto first = Lanes::within(over, lag[0], now);
        for (unsigned v = vectors; v-- > 0;) {
            const auto has = Lanes::within(over, lag[v], now);
            if constexpr (is_moving)
                left[v] = Lanes::choose(has, Lanes::count_down(left[v]), left[v]);
            const Vector y = v > 0 ? section<is_moving>(v, y1[v - 1], y2[v - 1], y3[v - 1])
                                   : section<is_moving>(v, x, x1, x2);
            y3[v] = Lanes::choose(has, y2[v], y3[v]);
            y2[v] = Lanes::choose(has, y1[v], y2[v]);
            y1[v] = Lanes::choose(has, y, y1[v]);
        }
        x2 = Lanes::choose(first, x1, x2);
        x1 = Lanes::choose(first, x, x1);
    }

    TENUTO_INLINED void begin(const CascadePass& pass) noexcept {
        double lags[Lanes::count];
        for (std::size_t v = 0; v < vectors; ++v) {
            for (std::size_t i = 0; i < 5; ++i) {
                goals[v][i] = Lanes::load(pass.coefficients + (v * 5 + i) * Lanes::count);
                moves[v][i] = Lanes::load(pass.steps + (v * 5 + i) * Lanes::count);
            }
            y1[v] = Lanes::load(pass.state + (2 * v) * Lanes::count);
            y2[v] = Lanes::load(pass.state + (2 * v + 1) * Lanes::count);
            y3[v] = y2[v];  // never used before it has been shifted out
            left[v] = Lanes::load(pass.left + v * Lanes::count);
            for (std::size_t lane = 0; lane < Lanes::count; ++lane) {
                const std::size_t group = lane / channels;
                lags[lane] = static_cast<double>(v + group * vectors);
            }
            lag[v] = Lanes::load(lags);
        }
        x1 = Lanes::load(pass.state + std::size_t{2} * vectors * Lanes::count);
        x2 = Lanes::load(pass.state + (std::size_t{2} * vectors + 1) * Lanes::count);
    }

    TENUTO_INLINED void end(const CascadePass& pass) const noexcept {
        for (std::size_t v = 0; v < vectors; ++v) {
            Lanes::store(pass.state + (2 * v) * Lanes::count, y1[v]);
            Lanes::store(pass.state + (2 * v + 1) * Lanes::count, y2[v]);
        }
        Lanes::store(pass.state + std::size_t{2} * vectors * Lanes::count, x1);
        Lanes::store(pass.state + (std::size_t{2} * vectors + 1) * Lanes::count, x2);
    }
};

template <unsigned vectors, unsigned channels, bool is_moving>
void run_cascade(const CascadePass& pass, double* data, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    Cascade<vectors, channels> cascade;
    cascade.begin(pass);
    constexpr std::uint32_t late = Cascade<vectors, channels>::sections - 1;
    const double silence[channels] = {};
    // The last section is `late` frames behind: its output goes where input was read long ago.
    double* const out = data;
    std::uint32_t t = 0, done = 0;
    for (; t < late; ++t) {
        const double* in = t < frames ? data + std::size_t{t} * channels : silence;
        cascade.template some<is_moving>(in, t, frames);
    }
    for (; t < frames; ++t, ++done) {
        cascade.template step<is_moving>(data + std::size_t{t} * channels);
        Lanes::store_last<channels>(out + std::size_t{done} * channels, cascade.y1[vectors - 1]);
    }
    for (; done < frames; ++t, ++done) {
        cascade.template some<is_moving>(silence, t, frames);
        Lanes::store_last<channels>(out + std::size_t{done} * channels, cascade.y1[vectors - 1]);
    }
    cascade.end(pass);
}

template <unsigned channels, bool is_moving>
TENUTO_INLINED void run_vectors(const CascadePass& pass, double* data,
                                std::uint32_t frames) noexcept {
    switch (pass.vectors) {
        case 1: return run_cascade<1, channels, is_moving>(pass, data, frames);
        case 2: return run_cascade<2, channels, is_moving>(pass, data, frames);
        case 3: return run_cascade<3, channels, is_moving>(pass, data, frames);
        default: return run_cascade<4, channels, is_moving>(pass, data, frames);
    }
}

template <unsigned channels>
TENUTO_INLINED void run_channels(const CascadePass& pass, double* data, std::uint32_t frames,
                                 bool is_moving) noexcept {
    if constexpr (channels <= Lanes::count) {
        if (is_moving)
            run_vectors<channels, true>(pass, data, frames);
        else
            run_vectors<channels, false>(pass, data, frames);
    }
}

void run(const CascadePass& pass, double* data, std::uint32_t frames, bool is_moving) noexcept
    TENUTO_NONBLOCKING {
    if (pass.channels == 1) return run_channels<1>(pass, data, frames, is_moving);
    if (pass.channels == 2) return run_channels<2>(pass, data, frames, is_moving);
    run_channels<4>(pass, data, frames, is_moving);
}

// Plain loops with everything known but the length: compilers make vectors of these.
template <unsigned channels>
TENUTO_INLINED void gather_channels(double* __restrict to, const float* const* in,
                                    std::uint32_t frames) noexcept {
    const float* from[channels];
    for (unsigned c = 0; c < channels; ++c) from[c] = in[c];
    for (std::size_t n = 0; n < frames; ++n)
        for (unsigned c = 0; c < channels; ++c) to[n * channels + c] = from[c][n];
}

void gather(double* interleaved, const float* const* in, std::uint32_t channels,
            std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    if (channels == 1) return gather_channels<1>(interleaved, in, frames);
    if (channels == 2) return gather_channels<2>(interleaved, in, frames);
    gather_channels<4>(interleaved, in, frames);
}

template <unsigned channels>
TENUTO_INLINED void scatter_channels(float* const* out, const double* __restrict from,
                                     std::uint32_t frames) noexcept {
    float* to[channels];
    for (unsigned c = 0; c < channels; ++c) to[c] = out[c];
    for (std::size_t n = 0; n < frames; ++n)
        for (unsigned c = 0; c < channels; ++c)
            to[c][n] = static_cast<float>(from[n * channels + c]);
}

bool scatter(float* const* out, const double* interleaved, std::uint32_t channels,
             std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    constexpr double largest = 3.4028234663852886e38;  // of a float
    const std::size_t samples = std::size_t{frames} * channels;
    const Vector low = Lanes::all(-largest), high = Lanes::all(largest);
    auto fits = Lanes::within(low, high, high);
    std::size_t n = 0;
    for (; n + Lanes::count <= samples; n += Lanes::count)
        fits = Lanes::both(fits, Lanes::within(low, Lanes::load(interleaved + n), high));
    bool is_fine = Lanes::is_everywhere(fits);
    for (; n < samples; ++n)
        is_fine = is_fine && -largest < interleaved[n] && interleaved[n] <= largest;

    if (channels == 1)
        scatter_channels<1>(out, interleaved, frames);
    else if (channels == 2)
        scatter_channels<2>(out, interleaved, frames);
    else
        scatter_channels<4>(out, interleaved, frames);
    return is_fine;
}

}  // namespace
