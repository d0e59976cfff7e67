// SPDX-License-Identifier: MIT
// A device without hardware: a real thread on an absolute clock, or stepped by hand.
//
// Its frames are counted, so every fault that its script injects has an exact place. Stepped, it
// computes the time of each callback instead of reading a clock: the same script gives the same
// run, as fast as the machine can.
#pragma once

#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "rt/engine.h"
#include "shared/counters.h"

namespace tenuto::control {

struct Fault {
    enum Kind : std::uint8_t {
        xrun = 0,    // `frames` frames are lost
        stall = 1,   // callbacks come `frames` frames late, then catch up: nothing is lost
        unplug = 2,  // the device is gone for `frames` frames
    };
    Kind kind;
    std::uint64_t at;  // frame of the device where it happens
    std::uint64_t frames;
};

struct VirtualSettings {
    enum Input : std::uint8_t {
        silence = 0,
        samples = 1,   // from `source`, then silence
        loopback = 2,  // what was played one block ago
        index = 3,  // each sample tells its frame: ((n mod 2^24) - 2^23) / 2^23, exact in 24 bits
    };
    Input input = silence;
    std::vector<float> source;  // interleaved, `in_channels` channels
    std::uint32_t blocksize = 128;
    bool tells_position = true;  // false: the engine has to find losses by itself
    double drift_ppm = 0;        // the device's clock runs fast by this
    double jitter_seconds = 0;   // callbacks come late by an exponential random time of this mean
    std::uint64_t seed = 0;
    std::vector<Fault> faults;  // by place, not overlapping
};

class VirtualDevice {
  public:
    // [control] The engine outlives the device.
    VirtualDevice(rt::Engine& engine, VirtualSettings settings);
    ~VirtualDevice();
    VirtualDevice(const VirtualDevice&) = delete;
    VirtualDevice& operator=(const VirtualDevice&) = delete;

    // [control] Starts the thread (again).
    void start();
    // [control] Ends the thread; no callback runs after it.
    void stop();

    // [control] Without a thread: runs up to `frames` frames of device time; stops early when the
    // device gets unplugged. Returns how many went by. With `tape`, waits before each block until
    // the disk thread has made room for it.
    std::uint64_t step(std::uint64_t frames, const rt::Tape* tape);

    // [any] Frames of device time that went by.
    std::uint64_t position() const noexcept { return position_.get(); }
    // [any] False while it is unplugged (device time goes on).
    bool is_present() const noexcept { return present_.get(); }
    // [any] True when it delivers nothing until `attach`, because it was unplugged.
    bool is_lost() const noexcept { return lost_.get(); }
    // [control] Opens it again after it came back; false while it is away.
    bool attach();
    // [control] Time of the device, for stepped use: the clock that the engine was told.
    std::int64_t now_ns() const noexcept { return last_ns_.get(); }

  private:
    void run();
    std::uint64_t run_block(std::uint64_t most, bool stepped);
    void deliver(std::uint32_t frames, std::int64_t stepped_ns);
    void fill_input(std::uint32_t frames);
    double time_of_ns(std::uint64_t frame) const;
    std::int64_t callback_time_ns(std::uint64_t end_frame);
    void sleep_until(std::int64_t ns);

    rt::Engine& engine_;
    VirtualSettings settings_;
    std::uint32_t ins_, outs_;
    double samplerate_;
    std::vector<float> in_, out_;
    std::size_t next_fault_ = 0;
    std::uint64_t away_until_ = 0;  // device frame of the return, while unplugged
    double stall_until_ns_ = 0;
    std::int64_t base_ns_ = 0;  // clock at frame 0
    std::mt19937_64 random_;
    std::uint64_t owner_;  // the process that made it
    shared::Counter position_;
    shared::Setting<bool> present_{true}, lost_{false};
    shared::Cell<std::int64_t> last_ns_{0};

    std::thread thread_;
    shared::Setting<bool> stopping_{false};
};

}  // namespace tenuto::control
