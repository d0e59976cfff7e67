// SPDX-License-Identifier: MIT
// The reader: one native thread that reads ahead for all players of this process.
//
// It wakes by itself; the audio thread never signals it. Control may wake it early (after a seek),
// and so may a worker. It lives while there is something to serve.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "disk/deck.h"

namespace tenuto::disk {

class Reader {
  public:
    // [control] The reader of this process; a forked child gets one of its own.
    static Reader& of_this_process();

    // [control] Serves `deck` from now on, for as long as somebody else owns it.
    void serve(const std::shared_ptr<Deck>& deck);
    // [control] Does not let the thread sleep to the end of its pause.
    void wake();
    // [control] How many players are being served.
    std::size_t served();

  private:
    Reader() = default;
    void run();

    std::mutex mutex_;
    std::condition_variable wake_signal_;
    bool awake_ = false;
    bool running_ = false;
    std::vector<std::weak_ptr<Deck>> decks_;
};

}  // namespace tenuto::disk
