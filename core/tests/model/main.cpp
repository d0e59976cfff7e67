// SPDX-License-Identifier: MIT
// Model-checks core/shared/: the structures themselves, not copies of them, in small programs.
//
// Each program is run in every way that the memory model allows and must be right in all of them.
// Then every memory order that it met is written down weaker, one at a time: the search must find
// an error, or the order stands in `needless` with the reason why it is there all the same.
//
//   tenuto_model [PART OF A NAME]
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>

#include "tests/model/programs.h"

namespace {

const char* name_of(std::memory_order order) {
    switch (order) {
        case std::memory_order_relaxed: return "relaxed";
        case std::memory_order_acquire: return "acquire";
        case std::memory_order_release: return "release";
        case std::memory_order_acq_rel: return "acq_rel";
        default: return "an order that is not modelled";
    }
}

const char* name_of(model::Access access) {
    return access == model::Access::load    ? "load"
           : access == model::Access::store ? "store"
                                            : "exchange";
}

std::vector<std::memory_order> weaker(std::memory_order order) {
    if (order == std::memory_order_acq_rel)
        return {std::memory_order_acquire, std::memory_order_release};
    if (order == std::memory_order_relaxed) return {};
    return {std::memory_order_relaxed};
}

std::string short_file(const model::Site& site) {
    const std::size_t folder = site.file.rfind("shared/");
    return site.file.substr(folder == std::string::npos ? 0 : folder);
}

std::string short_name(const model::Site& site) {
    return short_file(site) + ":" + std::to_string(site.line);
}

// The function's own name, out of what the compiler says.
std::string function_of(const model::Site& site) {
    const std::string name = site.function.substr(0, site.function.find('('));
    return name.substr(name.find_last_of(":~ ") + 1);
}

// The line itself.
std::string text_of(const model::Site& site) {
    std::ifstream file(std::string(TENUTO_CORE_FOLDER "/") + short_file(site));
    std::string text;
    for (unsigned line = 0; line < site.line; ++line) std::getline(file, text);
    return text;
}

struct Verdict {
    bool is_caught = false;
    std::string by;
};

}  // namespace

int main(int count, char** arguments) {
    const std::string wanted = count > 1 ? arguments[1] : "";
    std::map<std::pair<model::Site, std::memory_order>, Verdict> verdicts;
    int passed = 0, failed = 0;
    std::uint64_t ways = 0;
    const auto began = std::chrono::steady_clock::now();
    for (const auto& litmus : model::programs()) {
        if (litmus.name.find(wanted) == std::string::npos) continue;
        const auto right = model::explore(litmus.threads, litmus.make, std::nullopt);
        ways += right.ways;
        const bool ok = right.error.empty() == !litmus.is_wrong;
        std::printf("%s %s: %llu ways, %llu steps%s%s\n", ok ? "ok    " : "FAILED",
                    litmus.name.c_str(), static_cast<unsigned long long>(right.ways),
                    static_cast<unsigned long long>(right.steps), right.error.empty() ? "" : ": ",
                    right.error.c_str());
        ++(ok ? passed : failed);
        if (!ok || litmus.is_wrong) continue;
        for (const model::Site& site : right.sites)
            for (const std::memory_order instead : weaker(site.order)) {
                model::Site key = site;  // the same line may be compiled for several types
                key.function = function_of(site);
                Verdict& verdict = verdicts[{key, instead}];
                if (verdict.is_caught) continue;
                const auto found =
                    model::explore(litmus.threads, litmus.make, model::Weakening{site, instead});
                ways += found.ways;
                if (found.error.empty()) continue;
                verdict = {true, litmus.name + ": " + found.error};
            }
    }
    for (const auto& [key, verdict] : verdicts) {
        const auto& [site, instead] = key;
        const char* reason = nullptr;
        for (const auto& known : model::needless)
            if (site.function == known.function && site.access == known.access &&
                instead == known.instead && short_name(site).find(known.file) == 0 &&
                text_of(site).find(known.text) != std::string::npos)
                reason = known.reason;
        const bool ok = verdict.is_caught == (reason == nullptr);
        std::printf("%s %s %s, %s %s -> %s: %s\n", ok ? "ok    " : "FAILED",
                    short_name(site).c_str(), site.function.c_str(), name_of(site.access),
                    name_of(site.order), name_of(instead),
                    verdict.is_caught ? verdict.by.c_str()
                    : reason          ? reason
                                      : "nothing was found: is this order needed?");
        ++(ok ? passed : failed);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("%llu ways in %.1f s\n", static_cast<unsigned long long>(ways), took.count());
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
