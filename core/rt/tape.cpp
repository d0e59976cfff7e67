// SPDX-License-Identifier: MIT
#include "rt/tape.h"

#include <algorithm>
#include <cstring>

#include "rt/books.h"

namespace tenuto::rt {

namespace {
constexpr std::size_t loss_slots = 4096;
}

Tape::Tape(std::size_t ring_frames, std::vector<std::uint32_t> picks, std::uint64_t limit)
    : picks_(std::move(picks)),
      picks_are_leading_(true),
      samples_(ring_frames, picks_.size()),
      losses_(loss_slots),
      moments_(moment_slots),
      limit_(limit),
      marks_(mark_count, Mark{Books::no_tag, Books::no_tag}),
      moment_spacing_(2 * ring_frames / moment_slots) {
    for (std::uint32_t c = 0; c < picks_.size(); ++c) picks_are_leading_ &= picks_[c] == c;
}

void Tape::set_mode(Mode mode) noexcept {
    const Mode before = mode_.exchange(mode);
    if (before == Mode::done) mode_.set(Mode::done);
    if (before != Mode::done) ended_paused_.set(mode == Mode::done && before == Mode::paused);
}

void Tape::begin_block(std::uint64_t block, std::int64_t now_ns) noexcept TENUTO_NONBLOCKING {
    const Mode before = current_;
    current_ = mode_.get();
    has_untold_ = false;
    first_frame_ns_ = 0;
    block_ = block;
    now_ns_ = now_ns;
    // The engine's first block has nothing before it but what was lost since its start.
    const bool inside = current_ == Mode::recording && (before == Mode::recording || block == 0);
    marks_[block % mark_count] = {block, inside ? samples_.staged_position() : Books::no_tag};
}

std::uint64_t Tape::position_of(std::uint64_t block) const noexcept TENUTO_NONBLOCKING {
    const Mark& mark = marks_[block % mark_count];
    return mark.block == block ? mark.position : Books::no_tag;
}

bool Tape::lose(const Loss& loss, std::uint64_t number) noexcept TENUTO_NONBLOCKING {
    const std::uint64_t position = position_of(loss.position);
    if (number < told_ || position == Books::no_tag) return true;
    const Loss here{position, loss.frames, loss.monotonic_ns, loss.cause};
    if (losses_.write({&here, 1}) == 0) {
        has_untold_ = true;
        return false;
    }
    told_ = number + 1;
    frames_.add(loss.frames);
    lost_.add(loss.frames);
    return true;
}

bool Tape::show_pending() noexcept TENUTO_NONBLOCKING {
    if (pending_.frames == 0) return true;
    if (losses_.write({&pending_, 1}) == 0) return false;
    pending_.frames = 0;
    return true;
}

void Tape::capture(const float* block, std::uint32_t frames, std::uint32_t stride) noexcept
    TENUTO_NONBLOCKING {
    if (current_ != Mode::recording) {
        show_pending();  // a loss at the very end must not wait for a frame behind it
        return;
    }
    if (limit_ > 0) {
        const std::uint64_t taken = frames_.get();
        frames = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(frames, limit_ - std::min(limit_, taken)));
    }
    const auto free = samples_.free_regions(frames);
    const auto room = static_cast<std::uint32_t>(free.items);
    // All of the block or none of it: a hole then begins and ends at a block's edge.
    if (room >= frames && !has_untold_ && show_pending()) {
        stage(block, frames, stride);
    } else if (frames > 0) {
        first_frame_ns_ = 0;
        if (pending_.frames == 0)
            pending_ = {samples_.staged_position(), 0, now_ns_, Cause::overflow};
        pending_.frames += frames;
        lost_.add(frames);
    }
    frames_.add(frames);
    if (limit_ > 0 && frames_.get() >= limit_) mode_.set(Mode::done);
}

void Tape::stage(const float* block, std::uint32_t frames, std::uint32_t stride) noexcept
    TENUTO_NONBLOCKING {
    const std::uint32_t width = channels();
    if (first_frame_ns_ > 0 && samples_.staged_position() >= next_moment_) {
        const Moment moment{samples_.staged_position(), first_frame_ns_};
        if (moments_.write({&moment, 1}) > 0) next_moment_ = moment.position + moment_spacing_;
    }
    first_frame_ns_ = 0;
    if (picks_are_leading_ && width == stride) {
        samples_.stage({block, std::size_t{frames} * stride});
        return;
    }
    const auto free = samples_.free_regions(frames);
    for (const auto region : {free.first, free.second}) {
        for (std::size_t at = 0; at < region.size(); at += width, block += stride)
            for (std::uint32_t c = 0; c < width; ++c) region[at + c] = block[picks_[c]];
    }
    samples_.stage_filled(frames);
}

void Tape::show(std::uint64_t unsettled) noexcept TENUTO_NONBLOCKING {
    // An unsettled block that is not part of the recording holds back what follows it.
    std::uint64_t position = Books::no_tag;
    for (std::uint64_t block = unsettled; block <= block_ && position == Books::no_tag; ++block)
        position = position_of(block);
    samples_.commit_to(std::min(position, samples_.staged_position()));
}

void Tape::close(std::span<const Loss> untold) {
    mode_.set(Mode::done);
    last_losses_.reserve(untold.size() + 1);
    if (!show_pending()) last_losses_.push_back(pending_);
    for (Loss loss : untold) {
        if (loss.frames == 0) continue;
        // What is missing at the end belongs to the recording unless that was paused.
        if (loss.position == at_the_end && ended_paused_.get()) continue;
        if (loss.position != at_the_end) loss.position = position_of(loss.position);
        if (loss.position == Books::no_tag) continue;
        loss.position = std::min(loss.position, samples_.staged_position());
        last_losses_.push_back(loss);
        frames_.add(loss.frames);
        lost_.add(loss.frames);
    }
    samples_.commit_to(samples_.staged_position());
    closed_.set(true);
}

}  // namespace tenuto::rt
