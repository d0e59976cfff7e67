// SPDX-License-Identifier: MIT
// Unverified: compiled for macOS, not run there.
//
// Real time here is the time-constraint policy: a promise to need little in each period, kept by
// the scheduler above everything else. It needs no rights. Core Audio's own threads have it.
#include <mach/mach.h>
#include <mach/mach_time.h>
#include <mach/thread_policy.h>
#include <pthread.h>

#include <cerrno>

#include "platform/errno_name.h"
#include "platform/thread.h"
#include "platform/trusted_call.h"

namespace tenuto::platform {
namespace {

mach_port_t port_of(ThreadHandle thread) {
    if (thread == 0) return MACH_PORT_NULL;  // "not published yet"
    return pthread_mach_thread_np(reinterpret_cast<pthread_t>(thread));
}

Scheduling failed(Scheduling report, int error) {
    report.error = errno_name(error);
    return report;
}

// Whether the thread has the policy, told apart from the system's default values for it.
bool has_time_constraint(mach_port_t port) {
    thread_time_constraint_policy_data_t policy{};
    mach_msg_type_number_t count = THREAD_TIME_CONSTRAINT_POLICY_COUNT;
    boolean_t is_default = FALSE;
    const kern_return_t result =
        thread_policy_get(port, THREAD_TIME_CONSTRAINT_POLICY,
                          reinterpret_cast<thread_policy_t>(&policy), &count, &is_default);
    return result == KERN_SUCCESS && is_default == FALSE;
}

#if TENUTO_REALTIME
std::uint32_t ticks(std::uint64_t ns) {
    mach_timebase_info_data_t ratio{};
    mach_timebase_info(&ratio);
    return static_cast<std::uint32_t>(ns * ratio.denom / ratio.numer);
}
#endif

}  // namespace

// The compiler cannot see into pthread_self: it reads the thread pointer from a register.
TENUTO_TRUSTED_CALLS_BEGIN
ThreadHandle current_thread() noexcept TENUTO_NONBLOCKING {
    return reinterpret_cast<ThreadHandle>(pthread_self());
}
TENUTO_TRUSTED_CALLS_END

std::int64_t kernel_id(ThreadHandle thread) {
    std::uint64_t id = 0;
    if (thread == 0) return -1;  // the call would take it for "the caller"
    if (pthread_threadid_np(reinterpret_cast<pthread_t>(thread), &id) != 0) return -1;
    return static_cast<std::int64_t>(id);
}

Scheduling read_scheduling(ThreadHandle thread) {
    Scheduling report;
    const mach_port_t port = port_of(thread);
    thread_extended_info_data_t info{};
    mach_msg_type_number_t count = THREAD_EXTENDED_INFO_COUNT;
    if (port == MACH_PORT_NULL ||
        thread_info(port, THREAD_EXTENDED_INFO, reinterpret_cast<thread_info_t>(&info), &count) !=
            KERN_SUCCESS)
        return failed(report, ESRCH);
    report.priority = info.pth_priority;
    if (has_time_constraint(port)) {
        report.policy = "TIME_CONSTRAINT";
        return report;
    }
    switch (info.pth_policy) {
        case POLICY_FIFO: report.policy = "SCHED_FIFO"; break;
        case POLICY_RR: report.policy = "SCHED_RR"; break;
        default: report.policy = "SCHED_OTHER";
    }
    return report;
}

#if TENUTO_REALTIME
Scheduling request_realtime(ThreadHandle thread, const std::string&, int) {
    const mach_port_t port = port_of(thread);
    if (port == MACH_PORT_NULL) return failed({}, ESRCH);
    thread_time_constraint_policy_data_t policy{};
    policy.period = 0;                      // woken by the device, not by a period of its own
    policy.computation = ticks(1'000'000);  // 1 ms of work ...
    policy.constraint = ticks(2'000'000);   // ... to be done within 2 ms of waking up
    policy.preemptible = TRUE;
    const kern_return_t result = thread_policy_set(port, THREAD_TIME_CONSTRAINT_POLICY,
                                                   reinterpret_cast<thread_policy_t>(&policy),
                                                   THREAD_TIME_CONSTRAINT_POLICY_COUNT);
    auto report = read_scheduling(thread);
    if (result != KERN_SUCCESS)
        return failed(report, result == KERN_INVALID_ARGUMENT ? EINVAL : EPERM);
    if (report.error.empty() && report.policy != "TIME_CONSTRAINT") return failed(report, EPERM);
    return report;
}
#else
Scheduling request_realtime(ThreadHandle thread, const std::string&, int) {
    return failed(read_scheduling(thread), ENOTSUP);
}
#endif

Scheduling pin(ThreadHandle thread, int) {
    // macOS has only a hint that threads share a cache, and none on Apple silicon.
    return failed(read_scheduling(thread), ENOTSUP);
}

}  // namespace tenuto::platform
