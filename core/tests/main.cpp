// SPDX-License-Identifier: MIT
// Runs all tests, or those whose name holds the first argument, but not those whose name holds the
// second one.
#include "guard.h"
#include "test.h"

int main(int count, char** arguments) {
    const std::string wanted = count > 1 ? arguments[1] : "";
    int passed = 0, failed = 0;
    for (const auto& test : tenuto::test::cases()) {
        if (test.name.find(wanted) == std::string::npos) continue;
        if (count > 2 && test.name.find(arguments[2]) != std::string::npos) continue;
        const int before = tenuto::test::failures();
        const auto violations = tenuto::test::violations();
        try {
            test.run();
        } catch (const std::exception& error) {
            tenuto::test::fail(test.name.c_str(), 0, error.what());
        }
        if (tenuto::test::violations() != violations)
            tenuto::test::fail(test.name.c_str(), 0, "something inside a callback can wait");
        const bool ok = tenuto::test::failures() == before;
        std::printf("%s %s\n", ok ? "ok    " : "FAILED", test.name.c_str());
        ++(ok ? passed : failed);
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
