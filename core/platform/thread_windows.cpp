// SPDX-License-Identifier: MIT
// Unverified: compiled for Windows, not run on a real one.
//
// Real time here is the Multimedia Class Scheduler (MMCSS), task "Pro Audio". A thread can join
// it only by itself, so it is asked for only when `thread` is the caller. From another thread the
// best there is to give is THREAD_PRIORITY_TIME_CRITICAL, the top of the ordinary range; a device
// library's thread that has joined MMCSS on its own account shows as "MMCSS" and is left alone.
#include <windows.h>

#include <avrt.h>

#include <bit>
#include <cerrno>

#include "platform/errno_name.h"
#include "platform/thread.h"
#include "platform/trusted_call.h"

namespace tenuto::platform {
namespace {

// An open handle to a thread of this process, or nothing.
class OpenedThread {
  public:
    explicit OpenedThread(ThreadHandle id) noexcept
        : handle_(OpenThread(THREAD_SET_INFORMATION | THREAD_QUERY_INFORMATION, FALSE,
                             static_cast<DWORD>(id))) {
        // Thread numbers are the whole system's: another process's thread is none of ours.
        if (handle_ != nullptr && GetProcessIdOfThread(handle_) != GetCurrentProcessId()) {
            CloseHandle(handle_);
            handle_ = nullptr;
        }
    }
    ~OpenedThread() {
        if (handle_ != nullptr) CloseHandle(handle_);
    }
    OpenedThread(const OpenedThread&) = delete;
    OpenedThread& operator=(const OpenedThread&) = delete;

    HANDLE get() const noexcept { return handle_; }

  private:
    HANDLE handle_;
};

// What NtQueryInformationThread answers to class 0; <winternl.h> leaves it out.
struct BasicInformation {
    LONG exit_status;
    void* thread_block;
    void* process_id;
    void* thread_id;
    ULONG_PTR affinity;
    LONG priority;
    LONG base_priority;
};

// The priority the scheduler uses now, 1 to 31; 0 when it cannot be told.
int actual_priority(HANDLE thread) {
    using Query = LONG(WINAPI*)(HANDLE, int, void*, ULONG, ULONG*);
    const HMODULE library = GetModuleHandleW(L"ntdll.dll");
    if (library == nullptr) return 0;
    const auto query = std::bit_cast<Query>(GetProcAddress(library, "NtQueryInformationThread"));
    BasicInformation info{};
    if (query == nullptr || query(thread, 0, &info, sizeof info, nullptr) < 0) return 0;
    return static_cast<int>(info.priority);
}

Scheduling failed(Scheduling report, int error) {
    report.error = errno_name(error);
    return report;
}

int last_errno() { return GetLastError() == ERROR_ACCESS_DENIED ? EPERM : EINVAL; }

}  // namespace

// The compiler cannot see into GetCurrentThreadId: it reads a field of the thread's own block.
TENUTO_TRUSTED_CALLS_BEGIN
ThreadHandle current_thread() noexcept TENUTO_NONBLOCKING { return GetCurrentThreadId(); }
TENUTO_TRUSTED_CALLS_END

std::int64_t kernel_id(ThreadHandle thread) {
    return OpenedThread(thread).get() != nullptr ? static_cast<std::int64_t>(thread) : -1;
}

Scheduling read_scheduling(ThreadHandle thread) {
    Scheduling report;
    const OpenedThread opened(thread);
    if (opened.get() == nullptr) return failed(report, ESRCH);
    const int relative = GetThreadPriority(opened.get());
    if (relative == THREAD_PRIORITY_ERROR_RETURN) return failed(report, last_errno());
    const int actual = actual_priority(opened.get());
    // Ordinary threads of an ordinary process end at 15; above that only MMCSS lifts them.
    if (actual >= 16 && GetPriorityClass(GetCurrentProcess()) != REALTIME_PRIORITY_CLASS)
        report.policy = "MMCSS";
    else
        report.policy = relative == THREAD_PRIORITY_TIME_CRITICAL ? "TIME_CRITICAL" : "NORMAL";
    report.priority = actual != 0 ? actual : relative;
    GROUP_AFFINITY affinity{};
    if (GetThreadGroupAffinity(opened.get(), &affinity) != 0 &&
        std::popcount(static_cast<std::uint64_t>(affinity.Mask)) == 1)
        report.cpu =
            affinity.Group * 64 + std::countr_zero(static_cast<std::uint64_t>(affinity.Mask));
    return report;
}

#if TENUTO_REALTIME
Scheduling request_realtime(ThreadHandle thread, const std::string&, int) {
    const OpenedThread opened(thread);
    if (opened.get() == nullptr) return failed({}, ESRCH);
    if (thread == current_thread()) {
        DWORD task = 0;  // 0: a new task; the system leaves it again when the thread ends
        AvSetMmThreadCharacteristicsW(L"Pro Audio", &task);  // judged by what is read back
        auto report = read_scheduling(thread);
        if (report.policy == "MMCSS") return report;
    }
    const int error =
        SetThreadPriority(opened.get(), THREAD_PRIORITY_TIME_CRITICAL) != 0 ? 0 : last_errno();
    auto report = read_scheduling(thread);
    if (error != 0) return failed(report, error);
    if (report.error.empty() && report.policy == "NORMAL") return failed(report, EPERM);
    return report;
}
#else
Scheduling request_realtime(ThreadHandle thread, const std::string&, int) {
    return failed(read_scheduling(thread), ENOTSUP);
}
#endif

Scheduling pin(ThreadHandle thread, int cpu) {
    const OpenedThread opened(thread);
    if (opened.get() == nullptr) return failed({}, ESRCH);
    if (cpu < 0 || cpu >= 64 * 64) return failed(read_scheduling(thread), EINVAL);
    GROUP_AFFINITY affinity{};  // processors come in groups of 64
    affinity.Group = static_cast<WORD>(cpu / 64);
    affinity.Mask = static_cast<KAFFINITY>(std::uint64_t{1} << (cpu % 64));
    const int error =
        SetThreadGroupAffinity(opened.get(), &affinity, nullptr) != 0 ? 0 : last_errno();
    auto report = read_scheduling(thread);
    if (error != 0) return failed(report, error);
    if (report.error.empty() && report.cpu != cpu) return failed(report, EPERM);
    return report;
}

}  // namespace tenuto::platform
