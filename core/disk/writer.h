// SPDX-License-Identifier: MIT
// The writer: one native thread that serves all recordings of this process.
//
// It wakes by itself; the audio thread never signals it. Control may wake it early (to finish a
// recording without a pause). It lives while there is something to serve.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "disk/track.h"

namespace tenuto::disk {

class Writer {
  public:
    // [control] The writer of this process; a forked child gets one of its own.
    static Writer& of_this_process();

    // [control] Serves `track` from now on, until it is over.
    void serve(std::shared_ptr<Track> track);
    // [control] Does not let the thread sleep to the end of its pause.
    void wake();
    // [control] How many recordings are being served.
    std::size_t served();

  private:
    Writer() = default;
    void run();

    std::mutex mutex_;
    std::condition_variable wake_signal_;
    bool awake_ = false;
    bool running_ = false;
    std::vector<std::shared_ptr<Track>> tracks_;
};

}  // namespace tenuto::disk
