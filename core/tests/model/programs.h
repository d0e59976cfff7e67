// SPDX-License-Identifier: MIT
// The programs that are model-checked.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/model/explorer.h"

namespace model {

struct Litmus {
    std::string name;
    unsigned threads;
    std::function<std::unique_ptr<Program>()> make;
    bool is_wrong = false;  // the search must find an error: a canary
};

template <typename T, typename... Arguments>
Litmus litmus(const char* name, unsigned threads, bool is_wrong, Arguments... arguments) {
    return {name, threads, [=] { return std::make_unique<T>(arguments...); }, is_wrong};
}

const std::vector<Litmus>& programs();
std::vector<Litmus> ring_programs();  // of these

// Orders that are stronger than these structures need, and why they are there.
struct Needless {
    const char *file, *function, *text;  // what the line holds
    Access access;
    std::memory_order instead;
    const char* reason;
};
extern const std::vector<Needless> needless;

}  // namespace model
