// SPDX-License-Identifier: MIT
//
// libjack ends a thread that does not answer in time with pthread_cancel, which may strike between
// any two instructions (PTHREAD_CANCEL_ASYNCHRONOUS). The stack is then unwound, and where it meets
// a function that promised not to throw, the program is aborted. So a callback defers cancellation
// to the next cancellation point; the core has none, and so it takes effect when the callback
// returns to the library, whose frames it may unwind. (Deferred rather than disabled: of glibc 2.36
// a signal under way ends a thread that has disabled cancellation, too.)
//
// Threads    [audio]. On the stack of the outermost function that a library calls; that function
//            and those inline in it must need no cleanup but this.
// Cost       An atomic operation on the thread's own memory each way; no system call.
#pragma once

#include "shared/nonblocking.h"

#if defined(__linux__)
#include <pthread.h>

// pthread_setcanceltype of POSIX under another name. glibc does not declare it `noexcept`, because
// going back to asynchronous cancellation may end the thread right there. A caller that takes the
// promise for granted has no table of exceptions for that unwinding to stop at, which is the point.
// It may not block: it changes the thread's own flags.
extern "C" int tenuto_set_cancel_type(int type, int* before) noexcept
    TENUTO_NONBLOCKING __asm__("pthread_setcanceltype");
#endif

namespace tenuto::platform {

// Puts off the end of this thread until the end of the scope.
class HoldOffCancellation {
  public:
    HoldOffCancellation(const HoldOffCancellation&) = delete;
    HoldOffCancellation& operator=(const HoldOffCancellation&) = delete;
#if defined(__linux__)
    HoldOffCancellation() noexcept TENUTO_NONBLOCKING {
        tenuto_set_cancel_type(PTHREAD_CANCEL_DEFERRED, &before_);
    }
    ~HoldOffCancellation() noexcept TENUTO_NONBLOCKING { tenuto_set_cancel_type(before_, nullptr); }

  private:
    int before_ = 0;
#else
    HoldOffCancellation() noexcept TENUTO_NONBLOCKING {}
    ~HoldOffCancellation() noexcept TENUTO_NONBLOCKING {}
#endif
};

}  // namespace tenuto::platform
