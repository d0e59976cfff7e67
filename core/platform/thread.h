// SPDX-License-Identifier: MIT
//
// Real-time scheduling of a thread, asked for by another one.
//
// Threads    The audio thread calls `current_thread` only and publishes the result; everything
//            else happens on [control]. Raising the priority from inside a device callback is
//            known to block on some sound servers.
// Lifetime   A handle is valid as long as its thread runs, so promote while the device is open.
//            Afterwards Linux answers ESRCH at best; at worst the handle is by then another
//            thread's. On macOS it is undefined, as for any ended `pthread_t`.
// Trust      A request is answered with what the kernel says afterwards, never with what was
//            asked for. "Granted in name only" therefore shows as the old policy with an error.
// Python     On all three systems the handle equals `threading.get_ident()` of that thread.
#pragma once

#include <cstdint>
#include <string>

#include "shared/nonblocking.h"

// 0 leaves the raising code out of the binary (CMake: -DTENUTO_REALTIME=OFF).
#ifndef TENUTO_REALTIME
#define TENUTO_REALTIME 1
#endif

namespace tenuto::platform {

using ThreadHandle = std::uint64_t;  // never 0: that stands for "no thread yet"

// How the kernel schedules a thread at this moment.
struct Scheduling {
    // Linux: "SCHED_OTHER" "SCHED_FIFO" "SCHED_RR" "SCHED_BATCH" "SCHED_IDLE" "SCHED_DEADLINE";
    // macOS: "TIME_CONSTRAINT" or one of the first three;
    // Windows: "MMCSS" "TIME_CRITICAL" "NORMAL". "unknown" when it could not be read.
    std::string policy = "unknown";
    // Linux: 1 to 99 for the real-time policies, else 0. Elsewhere the system's own number.
    int priority = 0;
    // Why the call did not do what it was asked for, as an errno name; empty on success.
    std::string error;
    // The one processor this thread may run on; -1 when it may run on several.
    int cpu = -1;
};

// [any] The calling thread, without a system call.
ThreadHandle current_thread() noexcept TENUTO_NONBLOCKING;

// [control] What the kernel says about `thread`; `error` is set when it could not be asked.
Scheduling read_scheduling(ThreadHandle thread);

// [control] Asks for `policy` ("SCHED_FIFO" or "SCHED_RR") at `priority`, then reads back.
// Systems with another idea of real time (see the file of each) take both words as "the best
// there is" and answer in their own terms. Without TENUTO_REALTIME: always "ENOTSUP".
Scheduling request_realtime(ThreadHandle thread, const std::string& policy, int priority);

// [control] Ties `thread` to processor `cpu`, counted from 0, then reads back.
Scheduling pin(ThreadHandle thread, int cpu);

// [control] The kernel's number for `thread`, as `chrt -p` and `top -H` show it; -1 when it
// cannot be told. Makes the audio thread do nothing.
std::int64_t kernel_id(ThreadHandle thread);

}  // namespace tenuto::platform
