// SPDX-License-Identifier: MIT
#include "simd/dispatch.h"

#include <cstdlib>    // layer: the environment, read once on [control]
#include <stdexcept>  // layer: only on [control]

#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>
#elif defined(_WIN32) && defined(__x86_64__)
#include <cpuid.h>
#endif

namespace tenuto::simd {

extern const CascadeKernels cascade_scalar, cascade_sse, cascade_avx2, cascade_avx512, cascade_neon;
extern const PeakKernels peaks_scalar, peaks_sse, peaks_avx2, peaks_avx512, peaks_neon;
extern const BlockKernels blocks_scalar, blocks_sse, blocks_avx2, blocks_neon;
extern const MeterKernels meters_scalar, meters_sse, meters_avx2, meters_neon;
extern const DynamicsKernels dynamics_scalar, dynamics_sse, dynamics_avx2, dynamics_neon;

namespace {

bool always() { return true; }

#if defined(__x86_64__) && !defined(_WIN32)
// These also ask whether the system saves the wider registers.
bool has_sse() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2") != 0;
}
bool has_avx2() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
}
bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") != 0 &&
           __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
           __builtin_cpu_supports("avx512dq") != 0;
}
#elif defined(__x86_64__) || defined(_M_X64)
// What __builtin_cpu_supports rests on is not in every compiler's library for Windows: asked here.
// Source: Intel SDM volume 2, CPUID: leaf 1 ECX bits 12 (FMA), 20 (SSE4.2), 27 (OSXSAVE), leaf 7
// EBX bits 5 (AVX2), 16, 17, 30, 31 (AVX-512 F, DQ, BW, VL). XCR0: which registers the system
// saves, bits 1 and 2 those of SSE and AVX, 5 to 7 those of AVX-512.
#if defined(_MSC_VER)
bool has_bits(int leaf, int reg, unsigned bits) {
    int found[4];
    __cpuidex(found, leaf, 0);
    return (static_cast<unsigned>(found[reg]) & bits) == bits;
}
unsigned long long saved_registers() { return _xgetbv(0); }
#else
bool has_bits(int leaf, int reg, unsigned bits) {
    unsigned found[4] = {};
    __get_cpuid_count(leaf, 0, &found[0], &found[1], &found[2], &found[3]);
    return (found[reg] & bits) == bits;
}
unsigned long long saved_registers() {
    unsigned low = 0, high = 0;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}
#endif
bool has_sse() { return has_bits(1, 2, 1U << 20); }
bool has_avx2() {
    return has_bits(1, 2, 1U << 12 | 1U << 27) && (saved_registers() & 6) == 6 &&
           has_bits(7, 1, 1U << 5);
}
bool has_avx512() {
    return has_avx2() && (saved_registers() & 0xe0) == 0xe0 &&
           has_bits(7, 1, 1U << 16 | 1U << 17 | 1U << 30 | 1U << 31);
}
#endif

struct Level {
    Kernels kernels;
    bool (*is_supported)();
};

// The better, the later.
constexpr Level all_levels[] = {
    {{"scalar", &cascade_scalar, &peaks_scalar, &blocks_scalar, &meters_scalar, &dynamics_scalar},
     always},
#if defined(__x86_64__) || defined(_M_X64)
    {{"sse", &cascade_sse, &peaks_sse, &blocks_sse, &meters_sse, &dynamics_sse}, has_sse},
    {{"avx2", &cascade_avx2, &peaks_avx2, &blocks_avx2, &meters_avx2, &dynamics_avx2}, has_avx2},
    // Eight floats fill a register of AVX2: wider ones have nothing to add.
    {{"avx512", &cascade_avx512, &peaks_avx512, &blocks_avx2, &meters_avx2, &dynamics_avx2},
     has_avx512},
#elif defined(__aarch64__) || defined(_M_ARM64)
    {{"neon", &cascade_neon, &peaks_neon, &blocks_neon, &meters_neon, &dynamics_neon}, always},
#endif
};

const Kernels& choose() {
    const char* const forced = std::getenv("TENUTO_SIMD");
    if (forced == nullptr || *forced == '\0') return *find_kernels(levels().back());
    if (const Kernels* const found = find_kernels(forced)) return *found;
    std::string possible;
    for (const std::string& level : levels()) possible += (possible.empty() ? "" : ", ") + level;
    throw std::invalid_argument(std::string("TENUTO_SIMD=") + forced +
                                " cannot be had: this processor runs " + possible +
                                ". Unset it to get the best of them.");
}

}  // namespace

const Kernels& kernels() {
    static const Kernels& chosen = choose();
    return chosen;
}

const Kernels* find_kernels(const std::string& level) {
    for (const Level& one : all_levels)
        if (level == one.kernels.level && one.is_supported()) return &one.kernels;
    return nullptr;
}

std::vector<std::string> levels() {
    std::vector<std::string> found;
    for (const Level& one : all_levels)
        if (one.is_supported()) found.emplace_back(one.kernels.level);
    return found;
}

}  // namespace tenuto::simd
