// SPDX-License-Identifier: MIT
// The ledger of a recording: every hole, where, how long, why, when. Written beside the sound file
// as soon as there is one, so that it survives what the recording survives.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rt/losses.h"

namespace tenuto::disk {

struct Gap {
    std::uint64_t frame;   // first missing frame, counted in the file
    std::uint64_t frames;  // how many; they are silence in the file
    rt::Cause cause;
    std::int64_t utc_ns;  // when it was noticed, nanoseconds since 1970
};

// [any] "xrun", "overflow", "device-lost".
const char* cause_name(rt::Cause cause) noexcept;

// [any] For instance "2026-03-01T05:45:12.083Z".
std::string utc_text(std::int64_t utc_ns);

// [disk] Writes all gaps to `path` as JSON, by way of a file beside it, so that a reader sees the
// old ledger or the new one. False when that failed.
bool write_ledger(const std::string& path, int samplerate, const std::vector<Gap>& gaps);

}  // namespace tenuto::disk
