// SPDX-License-Identifier: MIT
#include "dsp/partitions.h"

#include <algorithm>

#include "dsp/finite.h"

namespace tenuto::dsp {

namespace {

// A multiplication takes at most so many bins at once, so that no step takes long.
constexpr std::uint32_t most_bins_at_once = 2048;

Split split(float* at, std::uint32_t row) noexcept TENUTO_NONBLOCKING { return {at, at + row}; }

// sum (+)= x · h. Bin 0 holds two real numbers, and is put right afterwards.
void multiply(Split sum, Split x, Split h, std::uint32_t bins, bool is_first) noexcept
    TENUTO_NONBLOCKING {
    float* __restrict re = sum.re;
    float* __restrict im = sum.im;
    const float* __restrict xr = x.re;
    const float* __restrict xi = x.im;
    const float* __restrict hr = h.re;
    const float* __restrict hi = h.im;
    if (is_first) {
        for (std::uint32_t k = 0; k < bins; ++k) {
            re[k] = xr[k] * hr[k] - xi[k] * hi[k];
            im[k] = xr[k] * hi[k] + xi[k] * hr[k];
        }
    } else {
        for (std::uint32_t k = 0; k < bins; ++k) {
            re[k] += xr[k] * hr[k] - xi[k] * hi[k];
            im[k] += xr[k] * hi[k] + xi[k] * hr[k];
        }
    }
}

}  // namespace

Partitions::Partitions(std::uint32_t block, const std::vector<std::span<const float>>& impulses)
    : block_(block), channels_(static_cast<std::uint32_t>(impulses.size())), fft_(2 * block) {
    const std::uint32_t row = fft_.row();
    for (const auto& impulse : impulses)
        count_ = std::max(count_, static_cast<std::uint32_t>((impulse.size() + block - 1) / block));
    scratch_.resize(std::size_t{6} * row);
    silence_.resize(block);
    results_.resize(std::size_t{channels_} * block);
    ready_.resize(std::size_t{channels_} * block);
    inputs_.resize(std::size_t{channels_} * count_ * 2 * row);

    std::vector<const float*> known;
    std::vector<float> partition(block);
    for (const auto& impulse : impulses) {
        const auto same = std::find(known.begin(), known.end(), impulse.data());
        response_of_.push_back(static_cast<std::uint32_t>(same - known.begin()));
        if (same != known.end()) continue;
        known.push_back(impulse.data());
        for (std::uint32_t p = 0; p < count_; ++p) {
            const std::size_t from = std::min(std::size_t{p} * block, impulse.size());
            const std::size_t some = std::min<std::size_t>(block, impulse.size() - from);
            std::fill(partition.begin(), partition.end(), 0.0F);
            std::copy_n(impulse.begin() + static_cast<std::ptrdiff_t>(from), some,
                        partition.begin());
            const std::size_t at = responses_.size();
            responses_.resize(at + std::size_t{2} * row);
            for (std::uint32_t step = 0; step < fft_.steps(); ++step)
                fft_.forward(step, partition.data(), silence_.data(), split(&scratch_[0], row),
                             split(&scratch_[std::size_t{2} * row], row),
                             split(&responses_[at], row));
        }
    }
    plan(block / tick);
}

// All steps for one block, and how many of them each tick does: shares of equal cost.
void Partitions::plan(std::uint32_t ticks) {
    const std::uint32_t bins = fft_.bins(), some = std::min(bins, most_bins_at_once);
    for (std::uint32_t c = 0; c < channels_; ++c) {
        for (std::uint32_t i = 0; i < fft_.steps(); ++i) steps_.push_back({Task::forward, c, i, 0});
        for (std::uint32_t p = 0; p < count_; ++p)
            for (std::uint32_t k = 0; k < bins; k += some)
                steps_.push_back({Task::multiply, c, p, k});
        for (std::uint32_t i = 0; i < fft_.steps(); ++i) steps_.push_back({Task::inverse, c, i, 0});
    }
    // Measured: a step of the transform takes twice as long for a point as a multiplication does
    // for a bin.
    const auto cost = [&](const Step& step) {
        return step.task == Task::multiply ? some : 2 * bins / std::max(1U, bins / 4096);
    };
    std::uint64_t all = 0, sum = 0;
    for (const Step& step : steps_) all += cost(step);
    done_by_.assign(ticks, static_cast<std::uint32_t>(steps_.size()));
    std::uint32_t at = 0;
    for (std::uint32_t t = 0; t + 1 < ticks; ++t) {
        while (at < steps_.size() && sum * ticks < all * (t + 1)) sum += cost(steps_[at++]);
        done_by_[t] = at;
    }
}

Split Partitions::input_spectrum(std::uint32_t channel, std::uint64_t block) noexcept
    TENUTO_NONBLOCKING {
    const auto slot = static_cast<std::uint32_t>(block % count_);
    const std::uint32_t row = fft_.row();
    return split(&inputs_[(std::size_t{channel} * count_ + slot) * 2 * row], row);
}

bool Partitions::run(const Step& step, const float* const* history, std::uint32_t ring) noexcept
    TENUTO_NONBLOCKING {
    const std::uint32_t bins = fft_.bins(), row = fft_.row();
    const Split a = split(&scratch_[0], row), b = split(&scratch_[std::size_t{2} * row], row);
    const Split sum = split(&scratch_[std::size_t{4} * row], row);
    const std::uint64_t newest = blocks_ - 1;
    const float* const heard = history[step.channel];

    if (step.task == Task::forward) {
        const auto at = [&](std::uint64_t block) noexcept
            TENUTO_NONBLOCKING { return heard + (block * block_ & (ring - 1)); };
        fft_.forward(step.index, newest > 0 ? at(newest - 1) : silence_.data(), at(newest), a, b,
                     input_spectrum(step.channel, newest));
    } else if (step.task == Task::multiply) {
        if (step.index > newest) return true;  // that block was never heard
        const Split x = input_spectrum(step.channel, newest - step.index);
        const std::size_t which = std::size_t{response_of_[step.channel]} * count_ + step.index;
        const Split h = split(&responses_[which * 2 * row], row);
        const std::uint32_t k = step.first_bin, some = std::min(bins, most_bins_at_once);
        const bool is_first = step.index == 0;
        const float dc = k == 0 ? (is_first ? 0 : sum.re[0]) + x.re[0] * h.re[0] : 0;
        const float top = k == 0 ? (is_first ? 0 : sum.im[0]) + x.im[0] * h.im[0] : 0;
        multiply({sum.re + k, sum.im + k}, {x.re + k, x.im + k}, {h.re + k, h.im + k}, some,
                 is_first);
        if (k == 0) sum.re[0] = dc, sum.im[0] = top;
    } else {
        float* const result = &results_[std::size_t{step.channel} * block_];
        fft_.inverse(step.index, sum, a, b, result);
        if (step.index + 1 == fft_.steps()) return all_finite(result, block_);
    }
    return true;
}

bool Partitions::work(const float* const* history, std::uint32_t ring, std::uint64_t now) noexcept
    TENUTO_NONBLOCKING {
    const bool at_once = block_ == tick;
    const auto turn = static_cast<std::uint32_t>(now % block_ / tick);
    if (turn == 0) {
        // What was begun a block ago is complete: its time to be heard has come.
        if (blocks_ > 0 && !at_once) results_.swap(ready_);
        is_ready_ = at_once || blocks_ > 0;
        ++blocks_;
    } else if (blocks_ == 0) {
        return true;
    }
    bool is_finite = true;
    for (std::uint32_t i = turn == 0 ? 0 : done_by_[turn - 1]; i < done_by_[turn]; ++i)
        is_finite = run(steps_[i], history, ring) && is_finite;
    if (at_once) results_.swap(ready_);
    return is_finite;
}

void Partitions::add_to(float* out, std::uint32_t channel, std::uint64_t frame,
                        std::uint32_t frames) const noexcept TENUTO_NONBLOCKING {
    if (!is_ready_) return;
    const float* const from = &ready_[std::size_t{channel} * block_ + frame % block_];
    for (std::uint32_t n = 0; n < frames; ++n) out[n] += from[n];
}

void Partitions::forget() noexcept TENUTO_NONBLOCKING {
    blocks_ = 0;
    is_ready_ = false;
}

}  // namespace tenuto::dsp
