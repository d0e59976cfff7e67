// SPDX-License-Identifier: MIT
// What meters show, for Python: one tuple for each channel.
#pragma once

#include <nanobind/nanobind.h>

#include <span>

#include "rt/meters.h"

// [control]
inline nanobind::list level_rows(std::span<const tenuto::rt::Level> levels) {
    nanobind::list out;
    for (const tenuto::rt::Level& level : levels)
        out.append(nanobind::make_tuple(level.peak, level.peak_held, level.peak_max,
                                        level.mean_square, level.square_sum, level.clipped,
                                        level.frames, level.true_peak, level.true_peak_max));
    return out;
}
