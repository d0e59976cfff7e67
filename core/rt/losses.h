// SPDX-License-Identifier: MIT
// Words that the audio thread and the disk thread share about what was lost.
#pragma once

#include <cstdint>

namespace tenuto::rt {

// Why frames are missing. The numbers are the order of the names in the ledger.
enum class Cause : std::uint8_t { xrun = 0, overflow = 1, device_lost = 2 };

// A hole in a recording, as it travels from the audio thread to the disk thread.
struct Loss {
    std::uint64_t position;     // frames that were written into the ring before it
    std::uint64_t frames;       // how many are missing there
    std::int64_t monotonic_ns;  // when it was noticed
    Cause cause;
};

}  // namespace tenuto::rt
