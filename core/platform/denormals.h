// SPDX-License-Identifier: MIT
//
// Numbers too small for full precision ("denormals") cost a hundred times the usual on many
// processors: a reverb that fades out would get slower the quieter it is. On the audio thread
// they are flushed to zero, about 760 dB below full scale.
//
// Threads    [any]. The switch belongs to the thread, so put one on the stack of each callback:
//            the device library's thread gets its own setting back when the callback returns.
// Nesting    Allowed; each scope restores what it found.
#pragma once

#include <cstdint>

#include "shared/nonblocking.h"

#if defined(__x86_64__) || defined(_M_X64) || defined(__SSE2__)
#include <xmmintrin.h>
#define TENUTO_DENORMALS_X86 1
#elif defined(_M_ARM64)
#include <intrin.h>
#endif

namespace tenuto::platform {

// Flushes denormal results and operands to zero until the end of the scope.
class FlushDenormals {
  public:
    FlushDenormals() noexcept TENUTO_NONBLOCKING : before_(read()) { write(before_ | flush_bits); }
    ~FlushDenormals() noexcept TENUTO_NONBLOCKING { write(before_); }

    FlushDenormals(const FlushDenormals&) = delete;
    FlushDenormals& operator=(const FlushDenormals&) = delete;

  private:
#if defined(TENUTO_DENORMALS_X86)
    using Register = std::uint32_t;
    // MXCSR bit 15 "flush to zero" (results) and bit 6 "denormals are zero" (operands); every
    // 64-bit x86 has both. Source: Intel SDM volume 1, 10.2.3.
    static constexpr Register flush_bits = 0x8040;
    static Register read() noexcept TENUTO_NONBLOCKING { return _mm_getcsr(); }
    static void write(Register value) noexcept TENUTO_NONBLOCKING { _mm_setcsr(value); }
#elif defined(__aarch64__)
    using Register = std::uint64_t;
    // FPCR.FZ, bit 24, covers results and operands. Source: Arm ARM, C5.2.
    static constexpr Register flush_bits = Register{1} << 24;
    static Register read() noexcept TENUTO_NONBLOCKING {
        Register value;
        asm volatile("mrs %0, fpcr" : "=r"(value));
        return value;
    }
    static void write(Register value) noexcept TENUTO_NONBLOCKING {
        asm volatile("msr fpcr, %0" : : "r"(value));
    }
#elif defined(_M_ARM64)
    using Register = std::uint64_t;
    static constexpr Register flush_bits = Register{1} << 24;  // FPCR.FZ, as above
    static Register read() noexcept TENUTO_NONBLOCKING {
        return static_cast<Register>(_ReadStatusReg(ARM64_FPCR));
    }
    static void write(Register value) noexcept TENUTO_NONBLOCKING {
        _WriteStatusReg(ARM64_FPCR, static_cast<__int64>(value));
    }
#else
    // A processor we do not know computes denormals: slower, never wrong.
    using Register = std::uint32_t;
    static constexpr Register flush_bits = 0;
    static Register read() noexcept TENUTO_NONBLOCKING { return 0; }
    static void write(Register) noexcept TENUTO_NONBLOCKING {}
#endif

    Register before_;
};

}  // namespace tenuto::platform
