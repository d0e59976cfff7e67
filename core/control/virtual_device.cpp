// SPDX-License-Identifier: MIT
#include "control/virtual_device.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>

#include "platform/clock.h"
#include "platform/process.h"

namespace tenuto::control {

namespace {
constexpr double second_ns = 1e9;
// A sleep is never longer than this, so that `stop` is prompt with any block size.
constexpr std::int64_t longest_sleep_ns = 100'000'000;
constexpr std::uint64_t index_period = std::uint64_t{1} << 24;
constexpr double index_half = 8388608.0;
}  // namespace

VirtualDevice::VirtualDevice(rt::Engine& engine, VirtualSettings settings)
    : engine_(engine),
      settings_(std::move(settings)),
      ins_(engine.settings().in_channels),
      outs_(engine.settings().out_channels),
      samplerate_(engine.settings().books.samplerate * (1 + settings_.drift_ppm * 1e-6)),
      in_(std::size_t{settings_.blocksize} * ins_),
      out_(std::size_t{settings_.blocksize} * outs_),
      base_ns_(platform::monotonic_ns()),
      random_(settings_.seed),
      owner_(platform::process_id()) {
    last_ns_.set(base_ns_);
}

VirtualDevice::~VirtualDevice() {
    if (owner_ == platform::process_id())
        stop();
    else  // a forked child: the thread is not here, and there is nothing to wait for
        static_cast<void>(new (std::nothrow) std::thread(std::move(thread_)));
}

void VirtualDevice::start() {
    if (thread_.joinable()) return;
    stopping_.set(false);
    base_ns_ = platform::monotonic_ns() - static_cast<std::int64_t>(time_of_ns(position_.get()));
    thread_ = std::thread([this] { run(); });
}

void VirtualDevice::stop() {
    if (!thread_.joinable()) return;
    stopping_.set(true);
    thread_.join();
}

void VirtualDevice::run() {
    while (!stopping_.get()) run_block(settings_.blocksize, false);
}

std::uint64_t VirtualDevice::step(std::uint64_t frames, const rt::Tape* tape) {
    std::uint64_t done = 0;
    while (done < frames) {
        const bool was_lost = lost_.get();
        // Half of the ring is left to blocks that the books have not settled yet.
        while (tape != nullptr && tape->mode() == rt::Tape::Mode::recording &&
               tape->free_frames() < tape->samples_capacity() / 2)
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        done += run_block(std::min<std::uint64_t>(settings_.blocksize, frames - done), true);
        if (lost_.get() != was_lost || (was_lost && present_.get())) break;
    }
    return done;
}

bool VirtualDevice::attach() {
    if (!present_.get()) return false;
    lost_.set(false);
    return true;
}

// One block at the most, or a piece of time in which the device is away; returns the frames of
// device time that it took.
std::uint64_t VirtualDevice::run_block(std::uint64_t most, bool stepped) {
    std::uint64_t frames = most;
    const std::uint64_t at = position_.get();
    if (next_fault_ < settings_.faults.size() && away_until_ == 0) {
        const Fault& fault = settings_.faults[next_fault_];
        if (fault.at > at) {
            frames = std::min(frames, fault.at - at);  // a block ends where a fault begins
        } else {
            ++next_fault_;
            if (fault.kind == Fault::xrun) {
                position_.add(fault.frames);
                return fault.frames;
            }
            if (fault.kind == Fault::stall) {
                stall_until_ns_ = time_of_ns(at + fault.frames);
            } else {
                away_until_ = at + fault.frames;
                present_.set(false);
                lost_.set(true);
                return 0;
            }
        }
    }
    if (away_until_ > 0) frames = std::min(frames, away_until_ - at);
    const bool silent = lost_.get();
    const std::int64_t when_ns = callback_time_ns(at + frames);
    if (!stepped) sleep_until(when_ns);
    if (stopping_.get() && !stepped) return 0;
    if (!silent) deliver(static_cast<std::uint32_t>(frames), stepped ? when_ns : 0);
    position_.add(frames);
    last_ns_.set(std::max(when_ns, last_ns_.get()));
    if (away_until_ > 0 && position_.get() >= away_until_) {
        away_until_ = 0;
        present_.set(true);
    }
    return frames;
}

void VirtualDevice::sleep_until(std::int64_t ns) {
    for (;;) {
        const std::int64_t now = platform::monotonic_ns();
        if (now >= ns || stopping_.get()) return;
        platform::sleep_until_ns(std::min(ns, now + longest_sleep_ns));
    }
}

double VirtualDevice::time_of_ns(std::uint64_t frame) const {
    return static_cast<double>(frame) * second_ns / samplerate_;
}

std::int64_t VirtualDevice::callback_time_ns(std::uint64_t end_frame) {
    double when = std::max(time_of_ns(end_frame), stall_until_ns_);
    if (settings_.jitter_seconds > 0)
        when += std::exponential_distribution<double>(1 / settings_.jitter_seconds)(random_) *
                second_ns;
    return base_ns_ + static_cast<std::int64_t>(when);
}

void VirtualDevice::deliver(std::uint32_t frames, std::int64_t stepped_ns) {
    const std::uint64_t at = position_.get();
    fill_input(frames);
    const std::int64_t due_ns = base_ns_ + static_cast<std::int64_t>(time_of_ns(at + frames));
    const std::int64_t now_ns =
        stepped_ns > 0 ? std::max(stepped_ns, last_ns_.get()) : platform::monotonic_ns();
    engine_.process({ins_ > 0 ? in_.data() : nullptr, outs_ > 0 ? out_.data() : nullptr, frames,
                     now_ns, settings_.tells_position ? static_cast<std::int64_t>(at) : -1, due_ns,
                     false});
    if (settings_.input != VirtualSettings::loopback) return;
    const std::uint32_t common = std::min(ins_, outs_);
    for (std::uint32_t n = 0; n < frames; ++n)
        for (std::uint32_t c = 0; c < common; ++c)
            in_[std::size_t{n} * ins_ + c] = out_[std::size_t{n} * outs_ + c];
}

void VirtualDevice::fill_input(std::uint32_t frames) {
    const std::uint64_t at = position_.get();
    if (settings_.input == VirtualSettings::samples) {
        const std::size_t from = std::min<std::size_t>(at * ins_, settings_.source.size());
        const std::size_t count =
            std::min(settings_.source.size() - from, std::size_t{frames} * ins_);
        std::copy_n(settings_.source.begin() + static_cast<std::ptrdiff_t>(from), count,
                    in_.begin());
        std::fill(in_.begin() + static_cast<std::ptrdiff_t>(count), in_.end(), 0.0F);
    } else if (settings_.input == VirtualSettings::index) {
        for (std::uint32_t n = 0; n < frames; ++n) {
            const auto code = static_cast<double>((at + n) % index_period);
            std::fill_n(in_.begin() + static_cast<std::ptrdiff_t>(std::size_t{n} * ins_), ins_,
                        static_cast<float>((code - index_half) / index_half));
        }
    }
}

}  // namespace tenuto::control
