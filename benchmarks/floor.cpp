// SPDX-License-Identifier: MIT
// How many multiply-adds of doubles this core can do in a second, with AVX2 and FMA, when nothing
// else stands in the way: twelve chains that do not need each other, all in registers. Prints
// multiply-adds per nanosecond, the best of some trials.
#include <immintrin.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

static double now_ns() {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e9 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec);
}

int main() {
    double best = 0;
    for (int trial = 0; trial < 9; ++trial) {
        __m256d sums[12];
        const __m256d factor = _mm256_set1_pd(0.999), term = _mm256_set1_pd(1e-3);
        for (__m256d& sum : sums) {
            sum = _mm256_set1_pd(1);
            asm volatile("" : "+x"(sum));  // or all chains were one, as they are the same
        }
        const long rounds = 2'000'000;
        const double began = now_ns();
        for (long i = 0; i < rounds; ++i)
            for (__m256d& sum : sums) sum = _mm256_fmadd_pd(sum, factor, term);
        const double took = now_ns() - began;
        __m256d all = sums[0];
        for (int i = 1; i < 12; ++i) all = _mm256_add_pd(all, sums[i]);
        asm volatile("" : : "x"(all));
        best = std::max(best, 4 * 12 * static_cast<double>(rounds) / took);
    }
    std::printf("%.4f\n", best);
}
