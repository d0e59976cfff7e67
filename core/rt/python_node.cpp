// SPDX-License-Identifier: MIT
#include "rt/python_node.h"

#include <algorithm>
#include <cmath>

namespace tenuto::rt {

PythonNode::PythonNode(std::shared_ptr<shared::Exchange> exchange, std::uint32_t max_block,
                       bool passes)
    : Node({exchange->shape().samplerate, exchange->shape().in_channels, max_block, {}, {}, {}, 0},
           {exchange->shape().in_channels, 0, exchange->shape().out_channels,
            static_cast<std::uint32_t>(exchange->shape().latency_frames)}),
      exchange_(std::move(exchange)),
      there_(exchange_->there()),
      back_(exchange_->back()),
      chunk_frames_(exchange_->shape().chunk_frames),
      latency_(exchange_->shape().latency_frames),
      passes_(passes),
      dry_(passes ? latency_ * exchange_->shape().in_channels : 0) {}

void PythonNode::process(const dsp::Io& io) noexcept TENUTO_NONBLOCKING {
    for (std::uint32_t from = 0; from < io.frames;) {
        // Up to where a chunk ends, on its way in or out.
        const std::uint64_t to_edge = chunk_frames_ - at_ % chunk_frames_;
        const std::uint64_t to_out_edge =
            at_ < latency_ ? latency_ - at_ : chunk_frames_ - (at_ - latency_) % chunk_frames_;
        const auto count = static_cast<std::uint32_t>(
            std::min<std::uint64_t>({io.frames - from, to_edge, to_out_edge}));
        fill(io, from, count);
        play(io, from, count);
        at_ += count;
        from += count;
    }
    exchange_->tell(at_);
}

void PythonNode::fill(const dsp::Io& io, std::uint32_t from, std::uint32_t count) noexcept
    TENUTO_NONBLOCKING {
    const std::uint64_t place = at_ % chunk_frames_;
    const std::uint32_t width = shape().in_channels;
    if (place == 0) {
        filling_ = there_.free_slot();
        if (filling_ == nullptr && exchange_->is_ready()) left_out_.add(1);
    }
    if (filling_ == nullptr) return;
    for (std::uint32_t c = 0; c < width; ++c) {
        float* to = filling_ + place * width + c;
        for (std::uint32_t n = 0; n < count; ++n, to += width) *to = io.in[c][from + n];
    }
    if (place + count == chunk_frames_) there_.publish(at_ / chunk_frames_);
}

void PythonNode::find_answer(std::uint64_t chunk) noexcept TENUTO_NONBLOCKING {
    std::uint64_t number = 0;
    playing_ = back_.front(number);
    while (playing_ != nullptr && number < chunk) {
        back_.release();
        playing_ = back_.front(number);
    }
    if (playing_ != nullptr && number == chunk) {
        played_.add(1);
        return;
    }
    playing_ = nullptr;
    if (exchange_->is_ready()) late_.add(1);
}

void PythonNode::play(const dsp::Io& io, std::uint32_t from, std::uint32_t count) noexcept
    TENUTO_NONBLOCKING {
    const std::uint32_t width = shape().out_channels;
    const bool begins = at_ < latency_;
    const std::uint64_t place = begins ? 0 : (at_ - latency_) % chunk_frames_;
    if (!begins && place == 0) find_answer((at_ - latency_) / chunk_frames_);
    for (std::uint32_t c = 0; c < width; ++c) {
        float* to = io.out[c] + from;
        if (!begins && playing_ != nullptr) {
            const float* answer = playing_ + place * width + c;
            for (std::uint32_t n = 0; n < count; ++n, answer += width)
                to[n] = std::isfinite(*answer) ? *answer : 0.0F;
        } else if (passes_) {
            for (std::uint32_t n = 0; n < count; ++n)
                to[n] = dry_[c * latency_ + (at_ + n) % latency_];  // zero before the first
        } else {
            std::fill_n(to, count, 0.0F);
        }
    }
    if (passes_)
        for (std::uint32_t c = 0; c < width; ++c)
            for (std::uint32_t n = 0; n < count; ++n)
                dry_[c * latency_ + (at_ + n) % latency_] = io.in[c][from + n];
    if (!begins && place + count == chunk_frames_ && playing_ != nullptr) {
        back_.release();
        playing_ = nullptr;
    }
}

}  // namespace tenuto::rt
