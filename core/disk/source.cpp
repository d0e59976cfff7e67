// SPDX-License-Identifier: MIT
#include "disk/source.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "platform/files.h"

namespace tenuto::disk {

namespace {
constexpr int seek_set = 0;
}

// -- a file --------------------------------------------------------------------------------------

bool FileSource::open() {
    if (file_ != nullptr) return true;
    error_.clear();
    fd_ = platform::open_to_read(path_.c_str());
    if (fd_ < 0) {
        error_ = std::strerror(errno);
        return false;
    }
    SoundFileInfo info{};
    file_ = api_.open_fd(fd_, mode_read, &info, 0);
    if (file_ == nullptr)
        error_ = api_.error_text(nullptr);
    else if (info.samplerate != samplerate_ || info.channels != static_cast<int>(channels_))
        error_ = "it has changed: it has " + std::to_string(info.channels) + " channels at " +
                 std::to_string(info.samplerate) + " Hz now";
    if (!error_.empty()) {
        close();
        return false;
    }
    frames_ = info.frames;
    position_ = 0;
    return true;
}

void FileSource::close() {
    if (file_ != nullptr) api_.close(file_);
    file_ = nullptr;
    if (fd_ >= 0) platform::close_file(fd_);
    fd_ = -1;
}

std::size_t FileSource::read(float* out, std::size_t frames) {
    if (file_ == nullptr) return 0;
    const std::int64_t got = api_.read_float(file_, out, static_cast<std::int64_t>(frames));
    const std::size_t taken = got > 0 ? static_cast<std::size_t>(got) : 0;
    position_ += static_cast<std::int64_t>(taken);
    if (taken < frames) {
        const bool failed = api_.error(file_) != 0;
        // Some formats do not know their length, and say the largest number there is.
        constexpr std::int64_t no_length = std::int64_t{1} << 62;
        if (failed || (position_ < frames_ && frames_ < no_length)) {
            error_ = "it ends after " + std::to_string(position_) + " of " +
                     std::to_string(frames_) + " frames";
            if (failed) error_ += std::string(": ") + api_.error_text(file_);
        }
    }
    return taken;
}

bool FileSource::seek(std::int64_t frame) {
    if (file_ == nullptr) return false;
    const std::int64_t at = api_.seek(file_, std::clamp<std::int64_t>(frame, 0, frames_), seek_set);
    if (at < 0) {
        error_ = "frame " + std::to_string(frame) + " cannot be reached: " + api_.error_text(file_);
        return false;
    }
    position_ = at;
    error_.clear();
    return true;
}

// -- memory --------------------------------------------------------------------------------------

std::size_t MemorySource::read(float* out, std::size_t frames) {
    const auto left = static_cast<std::size_t>(this->frames() - position_);
    const std::size_t taken = std::min(frames, left);
    std::copy_n(samples_.data() + static_cast<std::size_t>(position_) * channels_,
                taken * channels_, out);
    position_ += static_cast<std::int64_t>(taken);
    return taken;
}

bool MemorySource::seek(std::int64_t frame) {
    position_ = std::clamp<std::int64_t>(frame, 0, frames());
    return true;
}

// -- a worker ------------------------------------------------------------------------------------

void Bell::ring() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    signal_.notify_one();
}

bool Bell::wait(double seconds) {
    std::unique_lock lock(mutex_);
    const bool heard =
        signal_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return rung_; });
    rung_ = false;
    return heard;
}

// With the mutex held.
void PushSource::begin_at(std::int64_t frame) {
    ++number_;
    begin_ = frame;
    pieces_.clear();
    first_used_ = there_ = 0;
    has_end_ = false;
    error_.clear();
}

bool PushSource::open() {
    {
        const std::lock_guard lock(mutex_);
        if (is_open_) return true;
        is_open_ = true;
        position_ = 0;
        begin_at(0);
    }
    if (bell_) bell_->ring();
    return true;
}

void PushSource::close() {
    const std::lock_guard lock(mutex_);
    is_open_ = false;
    begin_at(0);
}

bool PushSource::seek(std::int64_t frame) {
    {
        const std::lock_guard lock(mutex_);
        position_ = std::max<std::int64_t>(frame, 0);
        begin_at(position_);
    }
    if (bell_) bell_->ring();
    return true;
}

std::size_t PushSource::read(float* out, std::size_t frames) {
    std::size_t taken = 0;
    {
        const std::lock_guard lock(mutex_);
        while (taken < frames && !pieces_.empty()) {
            const auto& piece = pieces_.front();
            const std::size_t left = (piece.size() - first_used_) / channels_;
            const std::size_t some = std::min(frames - taken, left);
            std::copy_n(piece.data() + first_used_, some * channels_, out + taken * channels_);
            taken += some;
            first_used_ += some * channels_;
            if (first_used_ < piece.size()) continue;
            pieces_.pop_front();
            first_used_ = 0;
        }
        there_ -= taken;
        position_ += static_cast<std::int64_t>(taken);
    }
    if (taken > 0 && bell_) bell_->ring();
    return taken;
}

bool PushSource::is_dry() {
    const std::lock_guard lock(mutex_);
    return is_open_ && !has_end_;
}

std::string PushSource::error() const {
    const std::lock_guard lock(mutex_);
    return error_;
}

PushSource::Order PushSource::order() const {
    const std::lock_guard lock(mutex_);
    // Not for every little bit: a worker is worth waking for a quarter of the room.
    const bool wants = is_open_ && !has_end_ && there_ <= capacity_ - capacity_ / 4;
    return {number_, begin_, wants ? capacity_ - there_ : 0};
}

bool PushSource::push(std::uint64_t number, std::span<const float> samples, bool is_end,
                      const std::string& error) {
    const std::lock_guard lock(mutex_);
    if (number != number_ || !is_open_ || has_end_) return false;
    const std::size_t whole = samples.size() / channels_ * channels_;
    if (whole > 0)
        pieces_.emplace_back(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(whole));
    there_ += whole / channels_;
    has_end_ = is_end;
    if (is_end) error_ = error;
    return true;
}

}  // namespace tenuto::disk
