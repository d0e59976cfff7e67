// SPDX-License-Identifier: MIT
// Unverified: compiled for macOS, not run there.
#include <mach/mach_time.h>
#include <time.h>

#include "platform/clock.h"
#include "platform/trusted_call.h"

namespace tenuto::platform {

// The compiler cannot see into clock_gettime_nsec_np. CLOCK_UPTIME_RAW is mach_absolute_time in
// nanoseconds: a counter register and a page shared with the kernel, no system call.
TENUTO_TRUSTED_CALLS_BEGIN
std::int64_t monotonic_ns() noexcept TENUTO_NONBLOCKING {
    return static_cast<std::int64_t>(clock_gettime_nsec_np(CLOCK_UPTIME_RAW));
}
TENUTO_TRUSTED_CALLS_END

void sleep_until_ns(std::int64_t deadline_ns) noexcept {
    if (deadline_ns <= 0) return;
    // mach_wait_until counts in ticks of the same clock: 1 ns on Intel, 125/3 ns on Apple silicon.
    mach_timebase_info_data_t ratio{};
    if (mach_timebase_info(&ratio) != KERN_SUCCESS || ratio.numer == 0) return;
    // Quotient and remainder apart: the product would overflow after three days of uptime.
    const auto ns = static_cast<std::uint64_t>(deadline_ns);
    const std::uint64_t ticks =
        ns / ratio.numer * ratio.denom + ns % ratio.numer * ratio.denom / ratio.numer;
    while (monotonic_ns() < deadline_ns && mach_wait_until(ticks) != KERN_SUCCESS) {
    }
}

std::int64_t utc_ns() noexcept {
    return static_cast<std::int64_t>(clock_gettime_nsec_np(CLOCK_REALTIME));
}

}  // namespace tenuto::platform
