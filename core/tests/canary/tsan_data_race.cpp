// SPDX-License-Identifier: MIT
// canary: tsan
// expected: ThreadSanitizer: data race
//
// Two threads write one plain number: a counter that was left outside shared/.
#include <cstdint>
#include <cstdio>
#include <thread>

namespace {

std::uint64_t frames = 0;

void count() {
    for (int block = 0; block < 1000; ++block) frames += 128;
}

}  // namespace

int main() {
    std::thread other(count);
    count();
    other.join();
    std::printf("%llu\n", static_cast<unsigned long long>(frames));
    return 0;
}
