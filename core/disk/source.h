// SPDX-License-Identifier: MIT
// Where a player's sound comes from: a sound file, memory, or a worker that decodes or converts.
//
// All frames are counted at the rate that comes out (the engine's).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "disk/file_api.h"

namespace tenuto::disk {

class Source : public std::enable_shared_from_this<Source> {
  public:
    virtual ~Source() = default;
    // [disk] Makes it ready to be read from its begin; false: see `error`. Harmless when it is.
    virtual bool open() { return true; }
    // [disk] Gives back what `open` took. It may be opened again.
    virtual void close() {}
    // [disk] The next frames, interleaved. Fewer than asked for: this is the end, or `is_dry`.
    virtual std::size_t read(float* out, std::size_t frames) = 0;
    // [disk] True when there is nothing now, but more will come.
    virtual bool is_dry() { return false; }
    // [disk] Goes to a frame; false when that cannot be done.
    virtual bool seek(std::int64_t frame) = 0;
    // [disk] The frame that `read` gives next.
    virtual std::int64_t position() const = 0;
    // [any] Its length as far as it is known; -1: unknown.
    virtual std::int64_t frames() const = 0;
    // [any] Of `read`.
    virtual std::uint32_t channels() const = 0;
    // [any] Frames of the file, at its own rate, per frame of `read`.
    virtual double step() const { return 1; }
    // [disk] What went wrong since it was opened; empty: nothing.
    virtual std::string error() const { return {}; }
};

// A file at the engine's rate, through libsndfile, opened when its turn comes.
class FileSource final : public Source {
  public:
    // [control] `path` in UTF-8; `channels` and `samplerate` are what it is known to have.
    FileSource(const FileApi& api, std::string path, std::uint32_t channels, int samplerate)
        : api_(api), path_(std::move(path)), channels_(channels), samplerate_(samplerate) {}
    ~FileSource() override { close(); }
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    bool open() override;
    void close() override;
    std::size_t read(float* out, std::size_t frames) override;
    bool seek(std::int64_t frame) override;
    std::int64_t position() const override { return position_; }
    std::int64_t frames() const override { return frames_; }
    std::uint32_t channels() const override { return channels_; }
    std::string error() const override { return error_; }

  private:
    FileApi api_;
    std::string path_;
    std::uint32_t channels_;
    int samplerate_;
    int fd_ = -1;
    SoundFile* file_ = nullptr;
    std::int64_t position_ = 0, frames_ = -1;
    std::string error_;
};

// Sound that is in memory already, at the engine's rate.
class MemorySource final : public Source {
  public:
    // [control]
    MemorySource(std::vector<float> samples, std::uint32_t channels)
        : samples_(std::move(samples)), channels_(channels) {}

    std::size_t read(float* out, std::size_t frames) override;
    bool seek(std::int64_t frame) override;
    std::int64_t position() const override { return position_; }
    std::int64_t frames() const override {
        return static_cast<std::int64_t>(samples_.size() / channels_);
    }
    std::uint32_t channels() const override { return channels_; }

  private:
    std::vector<float> samples_;
    std::uint32_t channels_;
    std::int64_t position_ = 0;
};

// Rung when there is work for the worker of a deck.
class Bell {
  public:
    // [any]
    void ring();
    // [control] Waits for a ring that nobody has heard yet; false when the time is up.
    bool wait(double seconds);

  private:
    std::mutex mutex_;
    std::condition_variable signal_;
    bool rung_ = false;
};

// Sound that a worker makes (it decodes, converts the rate, stretches), a few seconds ahead of the
// ring, which is many seconds ahead of the player. The worker is told where to begin, under a
// number; what it still brings under an older number is dropped.
class PushSource final : public Source {
  public:
    struct Order {
        std::uint64_t number;
        std::int64_t frame;  // where to begin
        std::size_t room;    // frames that are wanted now; 0: none
    };

    // [control] `frames`: its length if it is known, else -1.
    PushSource(std::uint32_t channels, double step, std::int64_t frames, std::size_t room_frames)
        : channels_(channels), step_(step), frames_(frames), capacity_(room_frames) {}

    bool open() override;
    void close() override;
    std::size_t read(float* out, std::size_t frames) override;
    bool is_dry() override;
    bool seek(std::int64_t frame) override;
    std::int64_t position() const override { return position_; }
    std::int64_t frames() const override { return frames_; }
    std::uint32_t channels() const override { return channels_; }
    double step() const override { return step_; }
    std::string error() const override;

    // [control] Where to ring when something is wanted.
    void attach(std::shared_ptr<Bell> bell) { bell_ = std::move(bell); }
    // [control] What the worker should do.
    Order order() const;
    // [control] The worker's next frames, whole ones; false when they are not wanted any more. With
    // `is_end` nothing follows; `error` says why, if that is not as it should be.
    bool push(std::uint64_t number, std::span<const float> samples, bool is_end,
              const std::string& error);

  private:
    void begin_at(std::int64_t frame);

    const std::uint32_t channels_;
    const double step_;
    const std::int64_t frames_;
    const std::size_t capacity_;
    std::shared_ptr<Bell> bell_;
    std::int64_t position_ = 0;  // the disk thread's

    mutable std::mutex mutex_;  // between the disk thread and the worker
    std::deque<std::vector<float>> pieces_;
    std::size_t first_used_ = 0;  // samples of the first piece that are read already
    std::size_t there_ = 0;       // frames in the pieces
    std::uint64_t number_ = 0;
    std::int64_t begin_ = 0;
    bool is_open_ = false, has_end_ = false;
    std::string error_;
};

}  // namespace tenuto::disk
