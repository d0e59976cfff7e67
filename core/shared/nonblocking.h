// SPDX-License-Identifier: MIT
// Marks what may run on the audio thread. Clang (20 and later) checks the promise at compile
// time (-Werror=function-effects) and at run time (-fsanitize=realtime); elsewhere it is empty.
// It stands after `noexcept`, also on function-pointer types.
#pragma once

#if defined(__has_cpp_attribute)
#if __has_cpp_attribute(clang::nonblocking)
#define TENUTO_NONBLOCKING [[clang::nonblocking]]
#endif
#endif
#ifndef TENUTO_NONBLOCKING
#define TENUTO_NONBLOCKING
#endif
