// SPDX-License-Identifier: MIT
#include "disk/ledger.h"

#include <chrono>
#include <cstdio>
#include <fstream>

#include "platform/files.h"

namespace tenuto::disk {

const char* cause_name(rt::Cause cause) noexcept {
    switch (cause) {
        case rt::Cause::xrun: return "xrun";
        case rt::Cause::overflow: return "overflow";
        case rt::Cause::device_lost: return "device-lost";
    }
    return "xrun";
}

std::string utc_text(std::int64_t utc_ns) {
    using namespace std::chrono;
    const sys_time<nanoseconds> when{nanoseconds{utc_ns}};
    const auto day = floor<days>(when);
    const year_month_day date{day};
    const hh_mm_ss time{floor<milliseconds>(when - day)};
    char text[40];
    std::snprintf(
        text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
        static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
    return text;
}

bool write_ledger(const std::string& path, int samplerate, const std::vector<Gap>& gaps) {
    const std::string beside = path + ".part";
    {
        std::ofstream out(beside, std::ios::binary | std::ios::trunc);
        out << "{\n  \"format\": \"tenuto-ledger\",\n  \"version\": 1,\n  \"samplerate\": "
            << samplerate << ",\n  \"gaps\": [";
        const char* comma = "\n";
        for (const Gap& gap : gaps) {
            out << comma << "    {\"frame\": " << gap.frame << ", \"frames\": " << gap.frames
                << ", \"cause\": \"" << cause_name(gap.cause) << "\", \"utc\": \""
                << utc_text(gap.utc_ns) << "\"}";
            comma = ",\n";
        }
        out << "\n  ]\n}\n";
        if (!out.flush()) return false;
    }
    return platform::replace_file(beside.c_str(), path.c_str());
}

}  // namespace tenuto::disk
