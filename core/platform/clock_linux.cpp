// SPDX-License-Identifier: MIT
#include "platform/clock.h"

#include <cerrno>
#include <ctime>

#include "platform/trusted_call.h"

namespace tenuto::platform {
namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

std::int64_t to_ns(const timespec& time) noexcept TENUTO_NONBLOCKING {
    return static_cast<std::int64_t>(time.tv_sec) * ns_per_second + time.tv_nsec;
}

}  // namespace

// The compiler cannot see into clock_gettime. The vDSO answers CLOCK_MONOTONIC in user space from
// a page that the kernel keeps current: bounded, no lock, no system call. Only a machine whose
// clock source cannot be read from user space (rare: `hpet`) enters the kernel, and even then
// nothing there sleeps.
TENUTO_TRUSTED_CALLS_BEGIN
std::int64_t monotonic_ns() noexcept TENUTO_NONBLOCKING {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);  // cannot fail: the clock is always there
    return to_ns(now);
}
TENUTO_TRUSTED_CALLS_END

void sleep_until_ns(std::int64_t deadline_ns) noexcept {
    if (deadline_ns <= 0) return;
    timespec deadline{};
    deadline.tv_sec = static_cast<std::time_t>(deadline_ns / ns_per_second);
    deadline.tv_nsec = static_cast<long>(deadline_ns % ns_per_second);
    // Returns its error instead of setting errno. The deadline is absolute: just ask again.
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr) == EINTR) {
    }
}

std::int64_t utc_ns() noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return to_ns(now);
}

}  // namespace tenuto::platform
