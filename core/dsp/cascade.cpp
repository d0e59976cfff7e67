// SPDX-License-Identifier: MIT
#include "dsp/cascade.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tenuto::dsp {

namespace {

// Frames that are worked on at once: long enough that the steps at both ends, at which not every
// section has a frame, cost little; short enough for the first-level cache (16 KiB).
constexpr std::uint32_t chunk_frames = 512;

double* doubles(const platform::AlignedBuffer& buffer) noexcept TENUTO_NONBLOCKING {
    return static_cast<double*>(buffer.data());
}

platform::AlignedBuffer buffer_of(std::size_t doubles) {
    return platform::AlignedBuffer(doubles * sizeof(double));
}

}  // namespace

Cascade::Cascade(const NodeSetup& setup, const simd::Kernels& kernels)
    : Node(setup, {setup.channels, 0, setup.channels}),
      kernels_(*kernels.cascade),
      sections_(std::min<std::size_t>(setup.targets.size() / numbers, max_sections)) {
    for (std::uint32_t at = 0, width = 4; at < setup.channels; at += width) {
        while (width > kernels_.lanes || width > setup.channels - at) width /= 2;
        const std::uint32_t layout = layout_for(width);
        groups_.push_back({at, layout, buffer_of(layouts_[layout].state_doubles)});
    }
    scratch_ = buffer_of(std::size_t{chunk_frames} * std::min(kernels_.lanes, 4U));
}

std::uint32_t Cascade::layout_for(std::uint32_t channels) {
    for (std::uint32_t i = 0; i < layouts_.size(); ++i)
        if (layouts_[i].channels == channels) return i;
    Layout layout{channels, {}, {}, {}, {}, 0};
    const auto count = static_cast<std::uint32_t>(sections_.size());
    const std::uint32_t beside = kernels_.lanes / channels;  // sections in one vector
    std::uint32_t vectors = 0;
    for (std::uint32_t section = 0; section < count;) {
        const std::uint32_t needed = (count - section + beside - 1) / beside;
        const Pass pass{section, vectors, std::min(needed, simd::cascade_max_vectors)};
        layout.passes.push_back(pass);
        layout.state_doubles += std::size_t{2 * pass.vectors + 2} * kernels_.lanes;
        section += pass.vectors * beside;
        vectors += pass.vectors;
    }
    layout.coefficients = buffer_of(std::size_t{vectors} * numbers * kernels_.lanes);
    layout.steps = buffer_of(std::size_t{vectors} * numbers * kernels_.lanes);
    layout.left = buffer_of(std::size_t{vectors} * kernels_.lanes);
    layouts_.push_back(std::move(layout));
    return static_cast<std::uint32_t>(layouts_.size() - 1);
}

void Cascade::steer(bool at_once) noexcept TENUTO_NONBLOCKING {
    for (std::size_t s = 0; s < sections_.size(); ++s) {
        Section& section = sections_[s];
        bool is_new = false;
        for (std::uint32_t i = 0; i < numbers; ++i)
            is_new |= section.goal[i] != target(s * numbers + i);
        if (!is_new && !(at_once && section.left > 0)) continue;
        const std::uint32_t frames = at_once ? 0 : ramp_frames();
        for (std::uint32_t i = 0; i < numbers; ++i) {
            const double now = section.goal[i] - section.left * section.step[i];
            section.goal[i] = target(s * numbers + i);
            section.step[i] = frames > 0 ? (section.goal[i] - now) / frames : 0;
        }
        section.left = frames;
    }
    most_left_ = 0;
    for (const Section& section : sections_) most_left_ = std::max(most_left_, section.left);
    pack(false);
}

void Cascade::pack(bool only_left) noexcept TENUTO_NONBLOCKING {
    for (const Layout& layout : layouts_)
        for (const Pass& pass : layout.passes) pack(layout, pass, only_left);
}

// Where what lies: see CascadePass.
void Cascade::pack(const Layout& layout, const Pass& pass, bool only_left) noexcept
    TENUTO_NONBLOCKING {
    const Section passing{};
    const std::size_t lanes = kernels_.lanes;
    for (std::uint32_t v = 0; v < pass.vectors; ++v) {
        const std::size_t vector = pass.first_vector + v;
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            const std::size_t s = pass.first_section + v + (lane / layout.channels) * pass.vectors;
            const Section& section = s < sections_.size() ? sections_[s] : passing;
            doubles(layout.left)[vector * lanes + lane] = section.left;
            for (std::size_t i = 0; i < numbers && !only_left; ++i) {
                const std::size_t at = (vector * numbers + i) * lanes + lane;
                doubles(layout.coefficients)[at] = section.goal[i];
                doubles(layout.steps)[at] = section.step[i];
            }
        }
    }
}

void Cascade::process(const Io& io) noexcept TENUTO_NONBLOCKING {
    // While coefficients move each frame needs them anew, and the rest of a block is quicker.
    for (std::uint32_t at = 0; at < io.frames;) {
        std::uint32_t frames = std::min(io.frames - at, chunk_frames);
        if (most_left_ > 0) frames = std::min(frames, most_left_);
        run(io, at, frames);
        at += frames;
        if (most_left_ == 0) continue;
        for (Section& section : sections_) section.left -= std::min(section.left, frames);
        most_left_ -= frames;
        pack(true);
    }
}

void Cascade::run(const Io& io, std::uint32_t from, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    double* const data = doubles(scratch_);
    bool is_fine = true;
    for (const Group& group : groups_) {
        const Layout& layout = layouts_[group.layout];
        std::array<const float*, 4> in{};
        std::array<float*, 4> out{};
        for (std::uint32_t c = 0; c < layout.channels; ++c) {
            in[c] = io.in[group.first_channel + c] + from;
            out[c] = io.out[group.first_channel + c] + from;
        }
        kernels_.gather(data, in.data(), layout.channels, frames);
        double* state = doubles(group.state);
        for (const Pass& pass : layout.passes) {
            const std::size_t lanes = kernels_.lanes, vector = pass.first_vector;
            kernels_.run({layout.channels, pass.vectors,
                          doubles(layout.coefficients) + vector * numbers * lanes,
                          doubles(layout.steps) + vector * numbers * lanes,
                          doubles(layout.left) + vector * lanes, state},
                         data, frames, most_left_ > 0);
            state += (2 * pass.vectors + 2) * lanes;
        }
        if (!kernels_.scatter(out.data(), data, layout.channels, frames))
            is_fine &= repair(io, group, from, frames);
    }
    if (!is_fine) contain();
}

// What was too large for a float is the largest one. True when that was all; what is no number, or
// infinite, becomes silence. (It need not look into the state: every section works on every frame
// of a block, and turns what is not finite into something that is not finite either.)
bool Cascade::repair(const Io& io, const Group& group, std::uint32_t from,
                     std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    constexpr double largest = std::numeric_limits<float>::max();
    const std::uint32_t channels = layouts_[group.layout].channels;
    bool is_finite = true;
    for (std::uint32_t n = 0; n < frames; ++n) {
        for (std::uint32_t c = 0; c < channels; ++c) {
            const double value = doubles(scratch_)[n * channels + c];
            float& sample = io.out[group.first_channel + c][from + n];
            is_finite &= std::isfinite(value);
            sample = std::isfinite(value) ? static_cast<float>(std::clamp(value, -largest, largest))
                                          : 0.0F;
        }
    }
    return is_finite;
}

void Cascade::forget() noexcept TENUTO_NONBLOCKING {
    for (const Group& group : groups_)
        std::fill_n(doubles(group.state), layouts_[group.layout].state_doubles, 0.0);
}

}  // namespace tenuto::dsp
