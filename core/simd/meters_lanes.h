// SPDX-License-Identifier: MIT
// Meters (see MeterKernels), once for any `Floats`.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/inlined.h"
#include "simd/kernels.h"

namespace {

using tenuto::simd::MeterPass;

constexpr unsigned group_vectors = MeterPass::group / Floats::count;

// What is no number becomes 0, what is too large the limit.
TENUTO_INLINED void tame(float* out, const float* x, float limit) noexcept {
    const Floats::Vector most = Floats::all(limit), nothing = Floats::all(0.0F);
    for (unsigned i = 0; i < MeterPass::group; i += Floats::count) {
        const Floats::Vector size = Floats::magnitude(Floats::load(x + i));
        Floats::store(out + i, Floats::smaller(most, Floats::larger(nothing, size)));
    }
}

float meter_groups(const MeterPass& pass, const float* x, std::uint32_t groups) noexcept
    TENUTO_NONBLOCKING {
    Floats::Vector weights[group_vectors];
    for (std::size_t i = 0; i < group_vectors; ++i)
        weights[i] = Floats::load(pass.weights + i * Floats::count);
    Floats::Wide mean_square = Floats::load_wide(pass.mean_square);
    Floats::Wide square_sum = Floats::load_wide(pass.square_sum);
    Floats::Bits most = Floats::no_bits();
    // Magnitudes in the order of their bits: a comparison finds all that has to be tamed.
    const auto limit = __builtin_bit_cast(std::int32_t, pass.limit);

    for (; groups > 0; --groups, x += MeterPass::group) {
        const float* from = x;
        Floats::Bits highest = Floats::magnitude_bits(Floats::load(x));
        for (std::size_t i = 1; i < group_vectors; ++i)
            highest = Floats::larger_bits(
                highest, Floats::magnitude_bits(Floats::load(x + i * Floats::count)));
        float tamed[MeterPass::group];
        if (Floats::is_any_above(highest, limit)) {
            tame(tamed, x, pass.limit);
            from = tamed;
            for (std::size_t i = 0; i < group_vectors; ++i)
                most = Floats::larger_bits(
                    most, Floats::magnitude_bits(Floats::load(tamed + i * Floats::count)));
        } else {
            most = Floats::larger_bits(most, highest);
        }
        Floats::Vector squares = Floats::load(from);
        squares = Floats::multiply(squares, squares);
        Floats::Vector weighted = Floats::multiply(weights[0], squares), plain = squares;
        for (std::size_t i = 1; i < group_vectors; ++i) {
            squares = Floats::load(from + i * Floats::count);
            squares = Floats::multiply(squares, squares);
            weighted = Floats::add(weighted, Floats::multiply(weights[i], squares));
            plain = Floats::add(plain, squares);
        }
        mean_square = Floats::fade(mean_square, pass.keep, weighted);
        square_sum = Floats::add_wide(square_sum, plain);
    }
    Floats::store_wide(pass.mean_square, mean_square);
    Floats::store_wide(pass.square_sum, square_sum);
    std::int32_t found[Floats::count];
    Floats::store_bits(found, most);
    std::int32_t peak = 0;
    for (const std::int32_t bits : found) peak = peak < bits ? bits : peak;
    return __builtin_bit_cast(float, peak);
}

}  // namespace
