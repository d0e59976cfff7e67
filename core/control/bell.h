// SPDX-License-Identifier: MIT
// Wakes Python when sound is there: one thread for all that wait in this process. The audio thread
// signals nobody (that would be a system call); this one looks at the rings' counters instead.
//
// Granularity  Whoever waits for frames is woken 1 ms after they are there, at the latest (and
//              whatever the scheduler adds); for a loss or an end, 5 ms. It looks again after half
//              of the time that is missing, so a long wait costs few looks; with nobody waiting it
//              sleeps, and after a second it ends.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "rt/tape.h"

namespace tenuto::control {

class Bell {
  public:
    // [control] The one of this process: after a fork there is another.
    static Bell& of_this_process();

    // [control] Signals `descriptor` once, as soon as `frames` frames lie in the tape's ring (that
    // many at `samplerate` come in a second), or a loss is told, or the tape is closed.
    void watch(std::shared_ptr<const rt::Tape> tape, std::size_t frames, double samplerate,
               int descriptor);
    // [control] Nothing is signalled on `descriptor` after this.
    void forget(int descriptor);

  private:
    struct Watch {
        std::shared_ptr<const rt::Tape> tape;
        std::size_t frames;
        double samplerate;
        int descriptor;
    };

    void run();

    std::mutex mutex_;
    std::condition_variable news_;
    std::vector<Watch> watches_;
    bool running_ = false, has_news_ = false;
};

}  // namespace tenuto::control
