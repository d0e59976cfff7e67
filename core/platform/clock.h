// SPDX-License-Identifier: MIT
//
// The two clocks of the project: monotonic time for everything that is measured or scheduled,
// and UTC for what people read in a ledger.
//
// Threads    `monotonic_ns` is [any], the audio thread included: it stays in user space on every
//            supported system. The other two are for [control], [disk] and clock threads.
// Unit       Nanoseconds in 64 bits: 292 years from an unspecified start (UTC: from 1970).
// Suspend    Linux and macOS do not count the time a machine sleeps, Windows does: there, an hour
//            with the lid closed looks like an hour of lost audio, which it also is.
#pragma once

#include <cstdint>

#include "shared/nonblocking.h"

namespace tenuto::platform {

// [any] Nanoseconds on the monotonic clock; never goes backwards, never jumps with the date.
std::int64_t monotonic_ns() noexcept TENUTO_NONBLOCKING;

// [control] Sleeps until `monotonic_ns()` is at least `deadline_ns`; returns at once when that
// has passed. An absolute deadline, so lateness of one call does not add to the next.
// Interruptions by signals are slept through.
void sleep_until_ns(std::int64_t deadline_ns) noexcept;

// [control] Nanoseconds since 1970-01-01 00:00 UTC, without leap seconds.
std::int64_t utc_ns() noexcept;

}  // namespace tenuto::platform
