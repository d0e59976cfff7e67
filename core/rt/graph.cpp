// SPDX-License-Identifier: MIT
#include "rt/graph.h"

#include <algorithm>
#include <cmath>

#include "dsp/mix.h"

namespace tenuto::rt {

namespace {
// What is not finite becomes silence: one bad sample must not live on in every filter behind.
std::uint32_t cleaned(float& sample) noexcept TENUTO_NONBLOCKING {
    if (std::isfinite(sample)) return 0;
    sample = 0;
    return 1;
}
}  // namespace

std::uint32_t Graph::load(const float* interleaved, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    if (interleaved == nullptr) {
        for (float* const to : input_) std::fill_n(to, frames, 0.0F);
        return 0;
    }
    if (kernels_.part(input_.data(), interleaved, in_channels_, in_channels_, frames)) return 0;
    std::uint32_t bad = 0;
    for (float* const to : input_)
        for (std::uint32_t n = 0; n < frames; ++n) bad += cleaned(to[n]);
    return bad;
}

void Graph::fill(const Inlet& inlet, std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    const std::uint32_t begin = inlet.first_channel, end = begin + inlet.channel_count;
    if (inlet.may_be_direct) {
        const dsp::Fader& fader = joins_[inlet.first_join].connection->fader();
        if (!fader.is_moving() && fader.value() == 1.0) {
            for (std::uint32_t i = begin; i < end; ++i) ins_[i] = direct_[i];
            return;
        }
    }
    for (std::uint32_t i = begin; i < end; ++i) {
        if (mixed_[i] == nullptr) continue;
        ins_[i] = mixed_[i];
        std::fill_n(mixed_[i], frames, 0.0F);
    }
    for (std::uint32_t j = inlet.first_join; j < inlet.first_join + inlet.join_count; ++j) {
        const dsp::Fader& fader = joins_[j].connection->fader();
        if (!fader.is_moving() && fader.value() == 0.0) continue;
        for (const Path& path :
             std::span(paths_).subspan(joins_[j].first_path, joins_[j].path_count))
            dsp::add_scaled(path.to, path.from, frames, fader);
    }
}

void Graph::run(std::uint32_t frames, std::uint64_t frame) noexcept TENUTO_NONBLOCKING {
    for (const auto& connection : connections_) connection->follow();
    for (const Step& step : steps_) {
        for (std::uint32_t i = 0; i < step.inlet_count; ++i)
            fill(inlets_[step.first_inlet + i], frames);
        const dsp::Io io{ins_.data() + step.first_in, outs_.data() + step.first_out, frames, frame};
        if (step.kind == Kind::run) {
            step.node->run(io);
        } else if (step.kind == Kind::emit) {
            step.node->follow();
            step.node->emit(io);
        } else {
            step.node->absorb(io);
        }
    }
    fill(inlets_.back(), frames);
    for (const auto& connection : connections_) connection->skip(frames);
}

std::uint32_t Graph::store(float* interleaved, std::uint32_t frames) noexcept TENUTO_NONBLOCKING {
    const float* const* from = ins_.data() + inlets_.back().first_channel;
    if (kernels_.join(interleaved, from, out_channels_, out_channels_, frames)) return 0;
    std::uint32_t bad = 0;
    for (std::size_t i = 0; i < std::size_t{frames} * out_channels_; ++i)
        bad += cleaned(interleaved[i]);
    return bad;
}

bool Graph::change(std::uint64_t id, std::size_t first, std::span<const double> values) noexcept
    TENUTO_NONBLOCKING {
    const auto found = std::lower_bound(addressees_.begin(), addressees_.end(), id,
                                        [](const Addressee& a, std::uint64_t wanted) noexcept
                                        TENUTO_NONBLOCKING { return a.id < wanted; });
    if (found == addressees_.end() || found->id != id) return false;
    found->steered->change(first, values);
    return true;
}

}  // namespace tenuto::rt
