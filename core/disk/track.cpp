// SPDX-License-Identifier: MIT
#include "disk/track.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace tenuto::disk {

namespace {
constexpr std::size_t most_frames_at_once = 16384;  // so that no track keeps the others waiting
// The header says how long the file is; after a crash a reader believes it. A tenth of a second of
// sound is the most that it may lag behind, besides the disk thread's own pace.
constexpr std::int64_t header_every_ns = 100'000'000;
constexpr std::int64_t sync_every_ns = 1'000'000'000;
// Where losses come thick and fast; alone, one is in the ledger before its silence is in the file.
constexpr std::int64_t ledger_every_ns = 20'000'000;
}  // namespace

Track::Track(std::shared_ptr<rt::Tape> tape, std::unique_ptr<Sink> sink, const Settings& settings)
    : end_(std::move(tape)),
      sink_(std::move(sink)),
      settings_(settings),
      ledger_(settings.ledger_path, settings.samplerate) {
    publish(TrackState::writing);
}

bool Track::pump(std::int64_t now_ns) {
    if (over_) return false;
    const bool closed = tape().is_closed();  // before the rings: what is in them now is then all
    const bool moved = move_samples();
    if (refusal_) {
        finish(TrackState::failed, *refusal_);
        return false;
    }
    const std::uint64_t limit = tape().limit();
    const bool complete = limit > 0 && frames_ >= limit;
    if (complete || (closed && !moved)) {
        finish(TrackState::done, {});
        return false;
    }
    keep_up(now_ns, moved);
    publish(TrackState::writing);
    return moved;
}

bool Track::move_samples() {
    if (silence_left_ > 0) return move_silence();
    const TapeEnd::Next next = end_.next(most_frames_at_once);
    if (next.loss.frames > 0) {
        begin_gap(next.loss);
        return true;
    }
    if (next.samples.empty()) return false;
    const std::size_t taken = put(next.samples.data(), next.samples.size() / tape().channels());
    end_.take(taken);
    return taken > 0;
}

void Track::begin_gap(const rt::Loss& loss) {
    const std::uint64_t limit = tape().limit();
    std::uint64_t frames = loss.frames;
    if (limit > 0) frames = std::min(frames, limit - std::min(limit, frames_));
    if (frames == 0) return;
    // Not a frame of silence before the ledger has room to tell of it.
    if (const int cause = ledger_.reserve(gaps_.size() + 1); cause != 0) {
        refusal_ = std::strerror(cause);
        return;
    }
    silence_left_ = frames;
    unwritten_ledger_ = true;
    const std::lock_guard lock(mutex_);
    gaps_.push_back({frames_, frames, loss.cause, loss.monotonic_ns + settings_.utc_offset_ns});
}

bool Track::move_silence() {
    const std::size_t width = tape().samples().width();
    const auto frames =
        static_cast<std::size_t>(std::min<std::uint64_t>(silence_left_, most_frames_at_once));
    silence_.resize(most_frames_at_once * width);
    const std::size_t taken = put(silence_.data(), frames);
    silence_left_ -= taken;
    gap_frames_ += taken;
    return taken > 0;
}

std::size_t Track::put(const float* samples, std::size_t frames) {
    if (tape().limit() > 0)
        frames = std::min<std::size_t>(frames, tape().limit() - std::min(tape().limit(), frames_));
    if (frames == 0) return 0;
    const std::size_t taken = sink_->write({samples, frames * tape().samples().width()});
    frames_ += taken;
    if (taken < frames) refusal_ = sink_->error();
    return taken;
}

void Track::keep_up(std::int64_t now_ns, bool moved) {
    if (header_ns_ == 0) {
        header_ns_ = now_ns;
        sync_ns_ = now_ns - sync_every_ns * 9 / 10;  // the first look at the free space comes soon
    }
    // In the first second after every write: a length of 0 some readers take for "unknown", so that
    // they would not agree on a file that was cut off there.
    const bool is_young = frames_ < static_cast<std::uint64_t>(settings_.samplerate);
    const bool wants_sync = now_ns - sync_ns_ >= sync_every_ns;
    const bool wants_header =
        wants_sync || (moved && (is_young || now_ns - header_ns_ >= header_every_ns));
    // First the ledger: whoever reads the file up to where its header says finds no silence in it
    // that the ledger does not tell of.
    const bool wants_ledger = wants_header || !moved || now_ns - ledger_ns_ >= ledger_every_ns;
    if (unwritten_ledger_ && wants_ledger) {
        unwritten_ledger_ = ledger_.write(gaps()) != 0;
        ledger_ns_ = now_ns;
    }
    if (wants_header) {
        sink_->update_header();
        header_ns_ = now_ns;
    }
    if (wants_sync) sync(now_ns);
}

void Track::sync(std::int64_t now_ns) {
    const std::uint64_t written = frames_;
    if (sink_->sync() == 0) synced_frames_ = written;
    sync_ns_ = now_ns;
    const std::int64_t free = sink_->free_bytes();
    const double bytes_a_frame =
        frames_ > 0 ? static_cast<double>(sink_->used_bytes()) / static_cast<double>(frames_) : 0;
    seconds_left_ = free < 0 || bytes_a_frame <= 0
                        ? -1
                        : static_cast<double>(free) / bytes_a_frame / settings_.samplerate;
}

// The file ended inside the last gap: the ledger tells of what is in the file.
void Track::cut_last_gap() {
    if (silence_left_ == 0) return;
    const std::lock_guard lock(mutex_);
    gaps_.back().frames -= silence_left_;
    if (gaps_.back().frames == 0) gaps_.pop_back();
    silence_left_ = 0;
    unwritten_ledger_ = true;
}

void Track::finish(TrackState::Phase phase, const std::string& why) {
    std::string reason = why;
    tape().set_mode(rt::Tape::Mode::done);  // after a failure: what comes now has nowhere to go
    cut_last_gap();
    const int unwritten = unwritten_ledger_ ? ledger_.write(gaps()) : 0;
    sink_->update_header();
    const int cause = sink_->close();
    if (cause != 0 && phase == TrackState::done) {
        phase = TrackState::failed;
        reason = std::strerror(cause);
    }
    if (phase == TrackState::done) synced_frames_ = frames_;
    ledger_.release();  // also what a recording that was killed here has left
    if (unwritten != 0) {
        phase = TrackState::failed;
        if (!reason.empty()) reason += "; ";
        reason +=
            std::string("the ledger of its gaps could not be written: ") + std::strerror(unwritten);
    }
    over_ = true;
    publish(phase);
    const std::lock_guard lock(mutex_);
    error_ = reason;
    finished_ = true;
    over_signal_.notify_all();
}

void Track::publish(TrackState::Phase phase) {
    if (!over_) bytes_ = sink_->used_bytes();
    TrackState& state = shown_.draft()[0];
    state = {phase, frames_, gap_frames_, gaps_.size(), synced_frames_, seconds_left_, bytes_};
    shown_.publish();
}

TrackState Track::state() {
    const std::lock_guard lock(reader_mutex_);
    return shown_.latest()[0];
}

std::vector<Gap> Track::gaps() const {
    const std::lock_guard lock(mutex_);
    return gaps_;
}

std::string Track::error() const {
    const std::lock_guard lock(mutex_);
    return error_;
}

bool Track::wait_until_over(double seconds) {
    std::unique_lock lock(mutex_);
    return over_signal_.wait_for(lock, std::chrono::duration<double>(seconds),
                                 [this] { return finished_; });
}

}  // namespace tenuto::disk
