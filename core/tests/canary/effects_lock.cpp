// SPDX-License-Identifier: MIT
// canary: effects
// expected: function with 'nonblocking' attribute must not call non-'nonblocking' function
//
// Takes a lock in a function that promises not to block: this file must not compile.
#include <mutex>

#include "shared/nonblocking.h"

namespace {

std::mutex settings_lock;
float gain = 1.0F;

}  // namespace

float process(float sample) noexcept TENUTO_NONBLOCKING;

float process(float sample) noexcept TENUTO_NONBLOCKING {
    settings_lock.lock();
    const float result = sample * gain;
    settings_lock.unlock();
    return result;
}

int main() { return process(0.5F) > 1.0F ? 1 : 0; }
