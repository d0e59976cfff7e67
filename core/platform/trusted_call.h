// SPDX-License-Identifier: MIT
//
// A fence around the few calls into the system that are safe on the audio thread although the
// compiler cannot see it. Each use states its reason; nothing outside platform/ may use it.
#pragma once

#define TENUTO_TRUSTED_CALLS_BEGIN
#define TENUTO_TRUSTED_CALLS_END

// In two steps: a compiler without __has_warning cannot read the second line. Compilers that do
// not know the warning (Clang before 20) would stumble over its name.
#if defined(__clang__)
#if __has_warning("-Wfunction-effects")
#undef TENUTO_TRUSTED_CALLS_BEGIN
#undef TENUTO_TRUSTED_CALLS_END
#define TENUTO_TRUSTED_CALLS_BEGIN \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wfunction-effects\"")
#define TENUTO_TRUSTED_CALLS_END _Pragma("clang diagnostic pop")
#endif
#endif
