// SPDX-License-Identifier: MIT
// Edges and corners without aliases: what has to be added to a waveform that jumps or bends at
// exact moments, so that it sounds as if it had passed a steep low-pass before it was sampled.
//
// The low-pass is a windowed sinc of finite length, so its step response differs from a step only
// `reach` frames around the edge; that difference (and its integral, for a bend) is a table, read
// with cubic Hermite interpolation. Which edges are near follows from the phase and its slope
// alone, to both sides, the past and the future: there is no state, no latency, and a frequency may
// move at any rate. The tables are made by tenuto.design.blep; sources there.
#pragma once

#include <cstdint>
#include <span>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "shared/nonblocking.h"

namespace tenuto::dsp {

class Blep {
  public:
    // [control] `rows` of equal length: h, the low-pass; e, its step response minus 1; b, the
    // integral of e from the end; each `density` points per frame from the centre on.
    Blep(std::span<const float> rows, std::uint32_t row_count, double density);

    // [audio] The sum, over all edges one cycle apart, of what a step of +1 lacks; `cycles` after
    // one edge, with `period` frames from edge to edge.
    double steps(double cycles, double period) const noexcept TENUTO_NONBLOCKING {
        double sum = 0;
        double t = cycles * period;
        while (t < reach_) {
            sum += read(step_.data(), t);
            t += period;
        }
        t = (1 - cycles) * period;
        while (t < reach_) {
            sum -= read(step_.data(), t);
            t += period;
        }
        return sum;
    }
    // [audio] The same for corners at which the slope grows by 1 per frame.
    double corners(double cycles, double period) const noexcept TENUTO_NONBLOCKING {
        double sum = 0;
        double t = cycles * period;
        while (t < reach_) {
            sum += read(corner_.data(), t);
            t += period;
        }
        t = (1 - cycles) * period;
        while (t < reach_) {
            sum += read(corner_.data(), t);
            t += period;
        }
        return sum;
    }

  private:
    struct Point {
        float value, slope;  // slope: per point of the table
    };
    double read(const Point* table, double t) const noexcept TENUTO_NONBLOCKING {
        const double place = t * density_;
        const auto index = static_cast<std::int32_t>(place);
        const auto x = static_cast<float>(place - index);
        const Point a = table[index], b = table[index + 1];
        const float rise = b.value - a.value;
        return a.value + x * (a.slope + x * ((3 * rise - 2 * a.slope - b.slope) +
                                             x * (a.slope + b.slope - 2 * rise)));
    }

    std::vector<Point> step_, corner_;
    double density_, reach_;
};

}  // namespace tenuto::dsp
