// SPDX-License-Identifier: MIT
// A test harness in one page, so that the suite builds wherever the core does.
//
//   TEST("full ring keeps what it has") { CHECK(ring.write(more) == 0); }
#pragma once

#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <vector>

namespace tenuto::test {

struct Case {
    std::string name;
    std::function<void()> run;
};

inline std::vector<Case>& cases() {
    static std::vector<Case> all;
    return all;
}

inline int& failures() {
    static int count = 0;
    return count;
}

struct Registration {
    Registration(const char* name, void (*run)()) { cases().push_back({name, run}); }
};

inline void fail(const char* file, int line, const std::string& what) {
    std::printf("  %s:%d: %s\n", file, line, what.c_str());
    ++failures();
}

}  // namespace tenuto::test

#define TENUTO_JOIN_(a, b) a##b
#define TENUTO_JOIN(a, b) TENUTO_JOIN_(a, b)
#define TEST(name)                                                              \
    static void TENUTO_JOIN(test_, __LINE__)();                                 \
    static const tenuto::test::Registration TENUTO_JOIN(registered_, __LINE__)( \
        name, TENUTO_JOIN(test_, __LINE__));                                    \
    static void TENUTO_JOIN(test_, __LINE__)()

#define CHECK(condition)                                                      \
    do {                                                                      \
        if (!(condition)) tenuto::test::fail(__FILE__, __LINE__, #condition); \
    } while (false)

#define CHECK_NEAR(value, expected, tolerance)                                                  \
    do {                                                                                        \
        const double value_ = (value), expected_ = (expected);                                  \
        if (!(value_ - expected_ <= (tolerance) && expected_ - value_ <= (tolerance)))          \
            tenuto::test::fail(__FILE__, __LINE__,                                              \
                               std::string(#value " is ") + std::to_string(value_) + ", not " + \
                                   std::to_string(expected_));                                  \
    } while (false)
