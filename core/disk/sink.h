// SPDX-License-Identifier: MIT
// Where a recording goes: a sound file, or memory.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "disk/file_api.h"
#include "simd/dispatch.h"

namespace tenuto::disk {

class Sink {
  public:
    virtual ~Sink() = default;
    // [disk] Takes whole interleaved frames; returns how many. Fewer than given: see `error`.
    virtual std::size_t write(std::span<const float> samples) = 0;
    // [disk] Makes the file say how long it is, so that it opens in any reader from here on.
    virtual void update_header() {}
    // [disk] Waits until the data is on the disk; errno or 0.
    virtual int sync() { return 0; }
    // [disk] Completes and closes; errno or 0.
    virtual int close() { return 0; }
    // [disk] Why the last `write` took less than it was given.
    virtual std::string error() const { return {}; }
    // [disk] Bytes that can still be written; -1 when unknown or without end.
    virtual std::int64_t free_bytes() const { return -1; }
    // [disk] Bytes written so far.
    virtual std::int64_t used_bytes() const { return 0; }
};

struct FileSinkSettings {
    FileApi api;
    int fd = -1;  // owned from here on
    int format = 0;
    int samplerate = 48000;
    int channels = 1;
    int integer_bits = 0;  // of a PCM subtype; 0: libsndfile takes floats
    bool packed = false;   // the file holds them as little-endian integers of 16, 24 or 32 bits
    std::int64_t most_bytes = 0;  // what the format can hold; 0: no limit
};

// A file, through libsndfile. PCM samples are rounded and clipped here: full scale 1.0 is
// 2^(bits-1) exactly, so that what was an integer in a sound card comes back as the same integer.
class FileSink final : public Sink {
  public:
    // [control] Throws std::runtime_error with libsndfile's words when it refuses.
    explicit FileSink(const FileSinkSettings& settings);
    ~FileSink() override;
    FileSink(const FileSink&) = delete;
    FileSink& operator=(const FileSink&) = delete;

    std::size_t write(std::span<const float> samples) override;
    void update_header() override;
    int sync() override;
    int close() override;
    std::string error() const override { return error_; }
    std::int64_t free_bytes() const override;
    std::int64_t used_bytes() const override;

  private:
    std::int64_t write_some(const float* samples, std::int64_t frames);
    void patch_flac_length();
    void take_back_partial_frame();

    FileSinkSettings settings_;
    const simd::BlockKernels& kernels_ = *simd::kernels().blocks;
    std::uint64_t owner_;  // the process that opened it
    SoundFile* file_ = nullptr;
    std::int64_t frames_ = 0;
    std::int64_t good_bytes_ = 0;  // the file's size when the last write had succeeded
    std::vector<std::int32_t> integers_;
    std::vector<unsigned char> bytes_;
    std::string error_;
};

// Memory that grows in chunks; readable while it is written.
class MemorySink final : public Sink {
  public:
    explicit MemorySink(std::size_t channels) : channels_(channels) {}

    std::size_t write(std::span<const float> samples) override;
    std::int64_t used_bytes() const override;

    // [control] Frames so far.
    std::size_t frames() const;
    // [control] Copies `frames` frames from `start` on.
    void copy(std::size_t start, std::size_t frames, float* out) const;

  private:
    static constexpr std::size_t chunk_frames = 65536;
    const std::size_t channels_;
    mutable std::mutex mutex_;  // between the disk thread and control; neither holds it for long
    std::deque<std::vector<float>> chunks_;
    std::size_t frames_ = 0;
};

}  // namespace tenuto::disk
