// SPDX-License-Identifier: MIT
// The ledger of a recording: every hole, where, how long, why, when. Written beside the sound file
// as soon as there is one, so that it survives what the recording survives.
//
// Room       A full disk must not cost the ledger. So room for a gap is taken before its silence
//            is written: spaces in a file beside the ledger, which becomes the next ledger.
#pragma once

#include <cstdint>
#include <fstream>
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

class LedgerFile {
  public:
    // [control] Touches nothing yet. With an empty path there is no file, and all succeeds.
    LedgerFile(const std::string& path, int samplerate);

    // [disk] Takes room for a ledger of so many gaps. Returns the errno when the disk has none;
    // 0 also when no file can be made at all, which `write` will tell.
    int reserve(std::size_t gaps);
    // [disk] Writes all gaps as JSON, by way of the file beside it, so that a reader sees the old
    // ledger or the new one. On a disk without room for that, a ledger that did not grow is written
    // over the old one. Without gaps no file is left. Returns 0 or the errno.
    int write(const std::vector<Gap>& gaps);
    // [disk] Gives back room that was not needed: no file is beside the ledger any more.
    void release();

  private:
    bool open_beside();
    bool replace(const std::string& text);
    bool write_over(const std::string& text) const;

    std::string path_, beside_path_;
    int samplerate_;
    std::ofstream beside_;
    std::size_t reserved_ = 0;  // bytes in `beside_`
};

}  // namespace tenuto::disk
