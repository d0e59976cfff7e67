// SPDX-License-Identifier: MIT
// A library may cancel its own thread at any instruction: our part of the callback is done first,
// and the program goes on. Not under a sanitizer: those do not survive being cancelled themselves.
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fcntl.h>
#include <array>
#include <csignal>

#include "../test.h"
#include "platform/cancellation.h"
#include "rt/callback.h"

using namespace tenuto;

namespace {

volatile long done = 0;

struct Counted {
    ~Counted() { done = done + 1; }
};

// What a callback is without the guard: a promise, and something to clean up.
__attribute__((noinline)) void may_throw(long n) {
    for (int i = 0; i < 500; ++i) done = done + n;
    if (done < 0) throw 1;
}
__attribute__((noinline)) void unguarded() noexcept {
    const Counted counted;
    may_throw(1);
}

void as_libjack_does() {
    // NOLINTNEXTLINE(concurrency-thread-canceltype-asynchronous): that is what is tried
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
}

void* forever_unguarded(void*) {
    as_libjack_does();
    for (;;) unguarded();
}

void* forever_portaudio(void* engine) {
    std::array<float, 64> in{}, out{};
    as_libjack_does();
    for (;;) rt::portaudio_callback(in.data(), out.data(), 64, nullptr, 0, engine);
}

struct FakeDevice {
    void* user;
};

void* forever_miniaudio(void* device) {
    std::array<float, 64> in{}, out{};
    as_libjack_does();
    for (;;) {
        rt::miniaudio_callback(device, out.data(), in.data(), 64);
        rt::miniaudio_play_callback(device, out.data(), nullptr, 64);
    }
}

// Starts and cancels threads, one after the other; false when one ended otherwise.
bool cancelled(void* (*run)(void*), void* argument, int times) {
    for (int n = 0; n < times; ++n) {
        pthread_t thread;
        if (pthread_create(&thread, nullptr, run, argument) != 0) return false;
        const timespec some{0, 20'000 + n * 37'000 % 90'000};
        nanosleep(&some, nullptr);
        pthread_cancel(thread);
        void* result = nullptr;
        pthread_join(thread, &result);
        if (result != PTHREAD_CANCELED) return false;
    }
    return true;
}

}  // namespace

TEST("cancellation: a library's thread can be ended at any instruction") {
    rt::Engine engine({1, 1, {48000, 64, 1}});
    rt::set_miniaudio_user_offset(offsetof(FakeDevice, user));
    FakeDevice device{&engine};
    CHECK(cancelled(forever_portaudio, &engine, 300));
    CHECK(cancelled(forever_miniaudio, &device, 300));
    CHECK(engine.counts().callbacks.get() > 600);
    CHECK(engine.counts().frames.get() == 64 * engine.counts().callbacks.get());
}

// The canary: without the guard the program is aborted.
TEST("cancellation: a callback that promises not to throw is aborted without it") {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        const rlimit none{0, 0};  // no core file
        setrlimit(RLIMIT_CORE, &none);
        close(STDERR_FILENO);
        open("/dev/null", O_WRONLY);
        cancelled(forever_unguarded, nullptr, 2000);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
