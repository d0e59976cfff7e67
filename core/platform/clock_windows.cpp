// SPDX-License-Identifier: MIT
// Unverified: compiled for Windows, not run on a real one.
#include <windows.h>

#include "platform/clock.h"
#include "platform/trusted_call.h"

#ifndef CREATE_WAITABLE_TIMER_HIGH_RESOLUTION
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 0x00000002  // Windows 10 1803; older SDKs lack it
#endif

namespace tenuto::platform {
namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

// One timer for each thread that sleeps: making one takes longer than a short sleep.
class Timer {
  public:
    Timer() noexcept
        : handle_(CreateWaitableTimerExW(nullptr, nullptr, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION,
                                         TIMER_ALL_ACCESS)) {
        if (handle_ == nullptr)  // before 1803: the ordinary timer, about 1 ms coarse
            handle_ = CreateWaitableTimerExW(nullptr, nullptr, 0, TIMER_ALL_ACCESS);
    }
    ~Timer() {
        if (handle_ != nullptr) CloseHandle(handle_);
    }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void sleep(std::int64_t ns) noexcept {
        LARGE_INTEGER due{};
        due.QuadPart = -((ns + 99) / 100);  // negative: from now on, in units of 100 ns
        if (handle_ != nullptr && SetWaitableTimer(handle_, &due, 0, nullptr, nullptr, FALSE))
            WaitForSingleObject(handle_, INFINITE);
        else
            Sleep(static_cast<DWORD>((ns + 999'999) / 1'000'000));
    }

  private:
    HANDLE handle_;
};

}  // namespace

// The compiler cannot see into QueryPerformanceCounter: it reads the processor's counter and a
// page shared with the kernel. The frequency is asked for each time because a static would need
// a guard; it is a read of the same page.
TENUTO_TRUSTED_CALLS_BEGIN
std::int64_t monotonic_ns() noexcept TENUTO_NONBLOCKING {
    LARGE_INTEGER frequency{};
    LARGE_INTEGER ticks{};
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&ticks);
    // Whole seconds and the rest apart: ticks times 10^9 would overflow within half an hour.
    const std::int64_t per_second = frequency.QuadPart;
    return ticks.QuadPart / per_second * ns_per_second +
           ticks.QuadPart % per_second * ns_per_second / per_second;
}
TENUTO_TRUSTED_CALLS_END

void sleep_until_ns(std::int64_t deadline_ns) noexcept {
    thread_local Timer timer;
    // The timer counts from now, so look again: a wait may end a little early.
    for (auto left = deadline_ns - monotonic_ns(); left > 0; left = deadline_ns - monotonic_ns())
        timer.sleep(left);
}

std::int64_t utc_ns() noexcept {
    FILETIME now{};
    GetSystemTimePreciseAsFileTime(&now);
    const auto since_1601 = (static_cast<std::int64_t>(now.dwHighDateTime) << 32) |
                            static_cast<std::int64_t>(now.dwLowDateTime);  // units of 100 ns
    constexpr std::int64_t from_1601_to_1970 = 116'444'736'000'000'000;
    return (since_1601 - from_1601_to_1970) * 100;
}

}  // namespace tenuto::platform
