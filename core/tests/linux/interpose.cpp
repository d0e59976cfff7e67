// SPDX-License-Identifier: MIT
// The guard on Linux: functions of the C library that allocate or wait, in front of the library's
// own: an executable's symbols come first.
//
// Declared here rather than included: headers have other types for the same, and
// make some of them inline.
#include <cstddef>

#include "../guard.h"

using tenuto::test::on_call;

extern "C" {

void* dlsym(void* handle, const char* name);
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* memory);

void* malloc(std::size_t bytes) {
    on_call("malloc");
    return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
    on_call("calloc");
    return __libc_calloc(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
    on_call("realloc");
    return __libc_realloc(memory, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    on_call("aligned_alloc");
    return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
    on_call("posix_memalign");
    *memory = __libc_memalign(alignment, bytes);
    return *memory == nullptr ? 12 : 0;  // ENOMEM
}
void free(void* memory) {
    if (memory != nullptr) on_call("free");
    __libc_free(memory);
}

// The library's own, found once.
#define TENUTO_IN_FRONT_OF(name, parameters, arguments)                         \
    int name parameters {                                                       \
        using Function = int(*) parameters;                                     \
        static Function own = nullptr;                                          \
        on_call(#name);                                                         \
        if (own == nullptr)                                                     \
            own = reinterpret_cast<Function>(                                   \
                dlsym(reinterpret_cast<void*>(-1L) /* the next one */, #name)); \
        return own arguments;                                                   \
    }

TENUTO_IN_FRONT_OF(pthread_mutex_lock, (void* mutex), (mutex))
TENUTO_IN_FRONT_OF(pthread_cond_signal, (void* condition), (condition))
TENUTO_IN_FRONT_OF(pthread_cond_broadcast, (void* condition), (condition))
TENUTO_IN_FRONT_OF(sem_post, (void* semaphore), (semaphore))
TENUTO_IN_FRONT_OF(nanosleep, (const void* wanted, void* left), (wanted, left))
TENUTO_IN_FRONT_OF(clock_nanosleep, (int clock, int flags, const void* wanted, void* left),
                   (clock, flags, wanted, left))
TENUTO_IN_FRONT_OF(sched_yield, (), ())
TENUTO_IN_FRONT_OF(puts, (const char* text), (text))

}  // extern "C"
