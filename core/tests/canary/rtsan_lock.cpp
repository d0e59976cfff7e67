// SPDX-License-Identifier: MIT
// canary: rtsan
// expected: Intercepted call to real-time unsafe function `pthread_mutex_lock`
//
// Takes a lock two calls below a function that promises not to block, where no attribute says so.
#include <cstdio>
#include <mutex>

#include "shared/nonblocking.h"

namespace {

std::mutex settings_lock;
float gain = 1.0F;

[[gnu::noinline]] float read_gain() {
    const std::lock_guard<std::mutex> guard(settings_lock);
    return gain;
}

float process(float sample) noexcept TENUTO_NONBLOCKING { return sample * read_gain(); }

}  // namespace

int main() {
    std::printf("the lock was not noticed: %f\n", static_cast<double>(process(0.5F)));
    return 0;
}
