// SPDX-License-Identifier: MIT
// Words that the audio thread and the disk thread share about what was lost.
#pragma once

#include <cstdint>

namespace tenuto::rt {

// Why frames are missing. The numbers are the order of the names in the ledger.
enum class Cause : std::uint8_t { xrun = 0, overflow = 1, device_lost = 2 };

// Behind everything that was recorded, wherever that is.
inline constexpr std::uint64_t at_the_end = INT64_MAX;

// A hole in a recording, as it travels from the audio thread to the disk thread.
struct Loss {
    // For the engine: the block that it stands in front of, or `at_the_end`. For the disk thread:
    // frames that were written into the ring before it.
    std::uint64_t position;
    std::uint64_t frames;       // how many are missing there
    std::int64_t monotonic_ns;  // when it was noticed
    Cause cause;
};

}  // namespace tenuto::rt
