// SPDX-License-Identifier: MIT
// One recording on its way from the ring to its sink, with its holes filled.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "disk/ledger.h"
#include "disk/sink.h"
#include "disk/tape_end.h"
#include "rt/tape.h"
#include "shared/counters.h"
#include "shared/latest.h"

namespace tenuto::disk {

// What control may know at any time, all of one moment.
struct TrackState {
    enum Phase : std::uint32_t { writing = 0, done = 1, failed = 2 };
    Phase phase;
    std::uint64_t frames;      // in the sink
    std::uint64_t gap_frames;  // of these, silence in place of what was lost
    std::uint64_t gap_count;
    std::uint64_t synced_frames;  // of these, on the disk for sure
    double seconds_left;          // until the disk (or the format) is full; negative: unknown
    std::int64_t bytes;
};

class Track : public std::enable_shared_from_this<Track> {
  public:
    struct Settings {
        int samplerate = 48000;
        std::string ledger_path;         // empty: the ledger stays in memory
        std::int64_t utc_offset_ns = 0;  // to be added to a monotonic time to make it UTC
    };

    // [control]
    Track(std::shared_ptr<rt::Tape> tape, std::unique_ptr<Sink> sink, const Settings& settings);

    // [disk] Moves what there is; true when something was moved. After the end (or a failure)
    // `is_over` is true and nothing moves any more.
    bool pump(std::int64_t now_ns);
    // [disk]
    bool is_over() const noexcept { return over_; }

    // [control] The newest state.
    TrackState state();
    // [control] All gaps so far.
    std::vector<Gap> gaps() const;
    // [control] Why it failed.
    std::string error() const;
    // [control] Waits until the recording is complete on the disk; false when that takes longer.
    bool wait_until_over(double seconds);

    // [any]
    rt::Tape& tape() noexcept { return end_.tape(); }
    // [any]
    Sink& sink() noexcept { return *sink_; }
    // [any] Empty: the ledger stays in memory.
    const std::string& ledger_path() const noexcept { return settings_.ledger_path; }

  private:
    bool move_samples();
    bool move_silence();
    std::size_t put(const float* samples, std::size_t frames);
    void keep_up(std::int64_t now_ns, bool moved);
    void sync(std::int64_t now_ns);
    void begin_gap(const rt::Loss& loss);
    void cut_last_gap();
    void finish(TrackState::Phase phase, const std::string& why);
    void publish(TrackState::Phase phase);

    TapeEnd end_;
    std::unique_ptr<Sink> sink_;
    Settings settings_;
    LedgerFile ledger_;
    std::optional<std::string> refusal_;  // why the disk takes no more

    std::uint64_t silence_left_ = 0;  // of the hole that is being filled
    std::uint64_t frames_ = 0, gap_frames_ = 0, synced_frames_ = 0;
    bool over_ = false, unwritten_ledger_ = false;
    std::int64_t header_ns_ = 0, sync_ns_ = 0, ledger_ns_ = 0;
    double seconds_left_ = -1;
    std::int64_t bytes_ = 0;
    std::vector<float> silence_;

    mutable std::mutex mutex_;  // guards gaps_, error_, finished_ between disk and control
    std::condition_variable over_signal_;
    std::vector<Gap> gaps_;
    std::string error_;
    bool finished_ = false;
    std::mutex reader_mutex_;  // control threads agree here who reads `shown_`
    shared::Latest<TrackState> shown_;
};

}  // namespace tenuto::disk
