// SPDX-License-Identifier: MIT
// Second-order sections, one after the other, over all channels: a filter, an equalizer.
//
// Targets    For each section b0 b1 b2 a1 a2, of H(z) = (b0 + b1/z + b2/z²) / (1 + a1/z + a2/z²).
//            Designed in Python; five zeros but for a leading 1 pass the signal on.
// Numbers    float64 throughout, direct form I (core/simd/cascade_lanes.h says why).
// Ramps      Coefficients move in straight lines. The filters on the way are stable if both ends
//            are: (a1, a2) of all stable ones form a triangle, which is convex.
// Latency    None.
#pragma once

#include <array>
#include <vector>  // layer: sized on [control] in the constructor, never grown

#include "dsp/node.h"
#include "platform/memory.h"
#include "simd/dispatch.h"

namespace tenuto::dsp {

class Cascade final : public Node {
  public:
    static constexpr std::uint32_t numbers = 5;  // of a section
    static constexpr std::uint32_t max_sections = 64;

    // [control]
    explicit Cascade(const NodeSetup& setup, const simd::Kernels& kernels = simd::kernels());

  private:
    struct Section {
        std::array<double, numbers> goal{1, 0, 0, 0, 0}, step{};
        std::uint32_t left = 0;  // frames until it is there
    };
    // Sections that run in one call of the kernel.
    struct Pass {
        std::uint32_t first_section, first_vector, vectors;
    };
    // How `channels` channels are computed at once; all groups of that width share what is packed.
    struct Layout {
        std::uint32_t channels;
        std::vector<Pass> passes;
        platform::AlignedBuffer coefficients, steps, left;
        std::size_t state_doubles;
    };
    struct Group {
        std::uint32_t first_channel, layout;
        platform::AlignedBuffer state;
    };

    void process(const Io& io) noexcept TENUTO_NONBLOCKING override;
    void steer(bool at_once) noexcept TENUTO_NONBLOCKING override;
    void forget() noexcept TENUTO_NONBLOCKING override;

    std::uint32_t layout_for(std::uint32_t channels);
    void pack(bool only_left) noexcept TENUTO_NONBLOCKING;
    void pack(const Layout& layout, const Pass& pass, bool only_left) noexcept TENUTO_NONBLOCKING;
    void run(const Io& io, std::uint32_t from, std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
    bool repair(const Io& io, const Group& group, std::uint32_t from, std::uint32_t frames) noexcept
        TENUTO_NONBLOCKING;

    const simd::CascadeKernels& kernels_;
    std::vector<Section> sections_;
    std::vector<Layout> layouts_;
    std::vector<Group> groups_;
    platform::AlignedBuffer scratch_;  // interleaved frames
    std::uint32_t most_left_ = 0;      // frames until all sections are there
};

}  // namespace tenuto::dsp
