// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "platform/errno_name.h"
#include "platform/thread.h"
#include "platform/trusted_call.h"

namespace tenuto::platform {
namespace {

const char* policy_name(int policy) {
    constexpr int sched_deadline = 6;  // has no name in <sched.h> before glibc 2.41
    if (policy == SCHED_OTHER) return "SCHED_OTHER";
    if (policy == SCHED_FIFO) return "SCHED_FIFO";
    if (policy == SCHED_RR) return "SCHED_RR";
    if (policy == SCHED_BATCH) return "SCHED_BATCH";
    if (policy == SCHED_IDLE) return "SCHED_IDLE";
    return policy == sched_deadline ? "SCHED_DEADLINE" : "unknown";
}

// The one processor in the thread's mask, or -1.
int only_cpu(pid_t tid) {
    cpu_set_t set;
    CPU_ZERO(&set);
    // EINVAL on machines with more than 1024 processors: "several" is the right answer there too.
    if (sched_getaffinity(tid, sizeof set, &set) != 0 || CPU_COUNT(&set) != 1) return -1;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set)) return cpu;
    return -1;
}

// Whether the memory behind a handle is still there. An ended thread's is given back sooner or
// later, and a caller that is late by one device restart deserves an answer, not a crash.
bool is_mapped(ThreadHandle thread) {
    constexpr ThreadHandle part_read = 1024;  // glibc and musl keep the number within this
    const auto page = static_cast<ThreadHandle>(sysconf(_SC_PAGESIZE));
    const ThreadHandle first = thread & ~(page - 1);
    const std::size_t bytes = static_cast<std::size_t>(thread + part_read - first);
    const std::size_t pages = (bytes + page - 1) / page;
    unsigned char resident[2];  // not looked at: mincore fails where nothing is mapped
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the handle is an address here.
    auto* const start = reinterpret_cast<void*>(static_cast<std::uintptr_t>(first));
    return pages <= sizeof resident && mincore(start, bytes, resident) == 0;
}

Scheduling failed(Scheduling report, int error) {
    report.error = errno_name(error);
    return report;
}

}  // namespace

// The compiler cannot see into pthread_self: it reads the thread pointer from a register. The
// kernel's number (gettid) would be a system call, so [control] works it out, see kernel_id.
TENUTO_TRUSTED_CALLS_BEGIN
ThreadHandle current_thread() noexcept TENUTO_NONBLOCKING {
    return static_cast<ThreadHandle>(pthread_self());
}
TENUTO_TRUSTED_CALLS_END

std::int64_t kernel_id(ThreadHandle thread) {
    clockid_t clock{};
    if (thread == 0 || !is_mapped(thread)) return -1;  // 0: not published yet
    if (pthread_getcpuclockid(static_cast<pthread_t>(thread), &clock) != 0) return -1;
    // The id of a thread's CPU clock holds the inverted thread number above three flag bits.
    // Source: Linux, include/linux/posix-timers_types.h (CPUCLOCK_PID); glibc and musl build it
    // in user space. `>>` of a negative number keeps the sign in C++20.
    const pid_t tid = ~(clock >> 3);
    // Signal 0 sends nothing; it asks whether that number is a thread of this process.
    if (tid <= 0 || syscall(SYS_tgkill, getpid(), tid, 0) != 0) return -1;
    return tid;
}

Scheduling read_scheduling(ThreadHandle thread) {
    Scheduling report;
    const auto tid = static_cast<pid_t>(kernel_id(thread));
    if (tid <= 0) return failed(report, ESRCH);
    // By kernel number, not with pthread_getschedparam: glibc answers that from a copy of its
    // own, which knows nothing of what RealtimeKit or `chrt` did to the thread from outside.
    const int policy = sched_getscheduler(tid);
    if (policy < 0) return failed(report, errno);
    sched_param param{};
    if (sched_getparam(tid, &param) != 0) return failed(report, errno);
    // RealtimeKit sets this flag so that children start at normal priority; it is no policy.
    report.policy = policy_name(policy & ~SCHED_RESET_ON_FORK);
    report.priority = param.sched_priority;
    report.cpu = only_cpu(tid);
    return report;
}

#if TENUTO_REALTIME
Scheduling request_realtime(ThreadHandle thread, const std::string& policy, int priority) {
    const auto tid = static_cast<pid_t>(kernel_id(thread));
    if (tid <= 0) return failed({}, ESRCH);
    if (policy != "SCHED_FIFO" && policy != "SCHED_RR")
        return failed(read_scheduling(thread), EINVAL);
    sched_param param{};
    param.sched_priority = priority;
    const int number = policy == "SCHED_FIFO" ? SCHED_FIFO : SCHED_RR;
    const int error = sched_setscheduler(tid, number, &param) == 0 ? 0 : errno;
    auto report = read_scheduling(thread);
    if (error != 0) return failed(report, error);
    // Sandboxes are known to say yes and do nothing: what counts is what the kernel says now.
    if (report.error.empty() && (report.policy != policy || report.priority != priority))
        return failed(report, EPERM);
    return report;
}
#else
Scheduling request_realtime(ThreadHandle thread, const std::string&, int) {
    return failed(read_scheduling(thread), ENOTSUP);
}
#endif

Scheduling pin(ThreadHandle thread, int cpu) {
    const auto tid = static_cast<pid_t>(kernel_id(thread));
    if (tid <= 0) return failed({}, ESRCH);
    if (cpu < 0 || cpu >= CPU_SETSIZE) return failed(read_scheduling(thread), EINVAL);
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(cpu), &set);
    const int error = sched_setaffinity(tid, sizeof set, &set) == 0 ? 0 : errno;
    auto report = read_scheduling(thread);
    if (error != 0) return failed(report, error);
    if (report.error.empty() && report.cpu != cpu) return failed(report, EPERM);
    return report;
}

}  // namespace tenuto::platform
