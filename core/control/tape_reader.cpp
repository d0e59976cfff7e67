// SPDX-License-Identifier: MIT
#include "control/tape_reader.h"

#include <algorithm>
#include <cstddef>

namespace tenuto::control {

// All moments in front of a position; a loss at that position must not be counted yet.
void TapeReader::follow_time(std::uint64_t before_position) {
    auto& moments = end_.tape().moments();
    for (;;) {
        const auto some = moments.filled_regions(1).first;
        if (some.empty() || some[0].position >= before_position) return;
        known_frame_ = some[0].position + lost_;
        known_ns_ = some[0].ns;
        moments.release(1);
    }
}

// Losses right in front of the next frame.
void TapeReader::absorb_losses() {
    for (;;) {
        const rt::Loss loss = end_.next(0).loss;
        if (loss.frames == 0) return;
        follow_time(end_.tape().samples().read_position());
        untold_.push_back({frame(), loss.frames, loss.cause, loss.monotonic_ns});
        lost_ += loss.frames;
    }
}

TapeReader::Piece TapeReader::read(std::span<float> out) {
    auto& ring = end_.tape().samples();
    const std::size_t width = ring.width(), most = out.size() / width;
    Piece piece{0, 0, 0, {}};
    while (piece.frames < most) {
        if (piece.frames == 0) absorb_losses();
        const auto next = end_.next(most - piece.frames);
        if (next.loss.frames > 0) {  // it turned up just now; it belongs to what comes behind it
            follow_time(ring.read_position());
            untold_.push_back({frame(), next.loss.frames, next.loss.cause, next.loss.monotonic_ns});
            lost_ += next.loss.frames;
            if (piece.frames > 0) return piece;
            continue;
        }
        if (next.samples.empty()) break;
        if (piece.frames == 0) {
            follow_time(ring.read_position() + 1);
            piece.frame = frame();
            if (known_ns_ > 0)
                piece.ns = known_ns_ + frame_ns_ * (static_cast<double>(piece.frame) -
                                                    static_cast<double>(known_frame_));
            piece.losses.swap(untold_);
        }
        std::copy(next.samples.begin(), next.samples.end(),
                  out.begin() + static_cast<std::ptrdiff_t>(piece.frames * width));
        const std::size_t taken = next.samples.size() / width;
        end_.take(taken);
        piece.frames += taken;
    }
    if (piece.frames > 0) return piece;
    piece.frame = frame();
    if (has_reached_limit(frame()) || end_.is_over()) piece.losses.swap(untold_);
    return piece;
}

bool TapeReader::has_reached_limit(std::uint64_t frame) const {
    const std::uint64_t limit = end_.tape().limit();
    return limit > 0 && frame >= limit;
}

bool TapeReader::is_ready(std::size_t frames) {
    const bool closed = end_.tape().is_closed();  // before the rings
    absorb_losses();
    bool cut = false;
    const std::size_t there = end_.ready(frames, cut);
    return there >= frames || cut || closed || has_reached_limit(frame() + there);
}

std::size_t TapeReader::wanted(std::size_t frames) {
    const std::uint64_t limit = end_.tape().limit();
    const std::uint64_t left = limit > 0 ? limit - std::min(limit, frame()) : frames;
    return static_cast<std::size_t>(std::min<std::uint64_t>({frames, left, end_.next_hole()}));
}

bool TapeReader::is_over() {
    absorb_losses();
    return untold_.empty() && (has_reached_limit(frame()) || end_.is_over());
}

}  // namespace tenuto::control
