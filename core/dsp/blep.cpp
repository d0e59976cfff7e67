// SPDX-License-Identifier: MIT
#include "dsp/blep.h"

namespace tenuto::dsp {

Blep::Blep(std::span<const float> rows, std::uint32_t row_count, double density)
    : density_(density), reach_(0) {
    // Without tables there is nothing within reach.
    if (row_count != 3 || rows.size() < 6 || !(density > 0)) return;
    const std::size_t length = rows.size() / row_count;
    const auto low_pass = rows.first(length), step = rows.subspan(length, length),
               corner = rows.subspan(2 * length, length);
    const auto per_point = static_cast<float>(1 / density);
    step_.reserve(length + 1);
    corner_.reserve(length + 1);
    for (std::size_t i = 0; i < length; ++i) {
        step_.push_back({step[i], low_pass[i] * per_point});
        corner_.push_back({corner[i], step[i] * per_point});
    }
    // Rounding may take the last place before the end to the end itself.
    step_.push_back({0, 0});
    corner_.push_back({0, 0});
    reach_ = static_cast<double>(length - 1) / density;
}

}  // namespace tenuto::dsp
