// SPDX-License-Identifier: MIT
// What a core can do at best, with AVX2 and FMA: multiply-adds of doubles in a nanosecond, when
// nothing else stands in the way (twelve chains that do not need each other, all in registers); and
// bytes read in a nanosecond out of 128 KiB, which lie in the second-level cache. The best of some
// trials each.
#include <immintrin.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

static double now_ns() {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e9 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec);
}

static double multiply_adds() {
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
    return best;
}

static double bytes_read() {
    static float memory[32768];
    double best = 0;
    for (int trial = 0; trial < 9; ++trial) {
        const int rounds = 2000;
        __m256 sums[8] = {};
        const double began = now_ns();
        for (int i = 0; i < rounds; ++i) {
            for (const float* at = memory; at < memory + 32768; at += 64)
                for (int k = 0; k < 8; ++k)
                    sums[k] = _mm256_or_ps(sums[k], _mm256_loadu_ps(at + 8 * k));
            asm volatile("" : : "r"(memory) : "memory");
        }
        const double took = now_ns() - began;
        for (int k = 1; k < 8; ++k) sums[0] = _mm256_or_ps(sums[0], sums[k]);
        asm volatile("" : : "x"(sums[0]));
        best = std::max(best, static_cast<double>(rounds) * sizeof memory / took);
    }
    return best;
}

int main() { std::printf("%.4f %.4f\n", multiply_adds(), bytes_read()); }
