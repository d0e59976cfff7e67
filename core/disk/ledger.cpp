// SPDX-License-Identifier: MIT
#include "disk/ledger.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>

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

namespace {
// More than any text before the first gap, and of one gap with all its numbers at their longest.
constexpr std::size_t head_bytes = 128, gap_bytes = 160;
constexpr std::size_t unit = 4096;  // what file systems give out

std::string text_of(int samplerate, const std::vector<Gap>& gaps) {
    std::string text =
        "{\n  \"format\": \"tenuto-ledger\",\n  \"version\": 1,\n  \"samplerate\": " +
        std::to_string(samplerate) + ",\n  \"gaps\": [";
    const char* comma = "\n";
    for (const Gap& gap : gaps) {
        text += comma;
        text += "    {\"frame\": " + std::to_string(gap.frame) +
                ", \"frames\": " + std::to_string(gap.frames) + ", \"cause\": \"" +
                cause_name(gap.cause) + "\", \"utc\": \"" + utc_text(gap.utc_ns) + "\"}";
        comma = ",\n";
    }
    return text + "\n  ]\n}\n";
}
}  // namespace

LedgerFile::LedgerFile(const std::string& path, int samplerate)
    : path_(path), beside_path_(path + ".part"), samplerate_(samplerate) {}

bool LedgerFile::open_beside() {
    if (beside_.is_open()) return true;
    beside_.clear();
    beside_.rdbuf()->pubsetbuf(nullptr, 0);  // what the disk refused is not kept for later
    beside_.open(beside_path_, std::ios::binary | std::ios::trunc);
    reserved_ = 0;
    return beside_.is_open();
}

int LedgerFile::reserve(std::size_t gaps) {
    if (path_.empty() || !open_beside()) return 0;
    const std::size_t needed = (head_bytes + gaps * gap_bytes + unit - 1) / unit * unit;
    if (needed <= reserved_) return 0;
    errno = 0;
    beside_ << std::string(needed - reserved_, ' ') << std::flush;
    if (!beside_) {
        const int cause = errno != 0 ? errno : EIO;
        if (reserved_ == 0)
            release();
        else
            beside_.clear();  // the gaps before this one have their room still
        return cause;
    }
    reserved_ = needed;
    return 0;
}

int LedgerFile::write(const std::vector<Gap>& gaps) {
    if (path_.empty()) return 0;
    if (gaps.empty()) {
        release();
        std::remove(path_.c_str());
        return 0;
    }
    const std::string text = text_of(samplerate_, gaps);
    errno = 0;
    if (replace(text)) return 0;
    const int cause = errno != 0 ? errno : EIO;
    release();
    return write_over(text) ? 0 : cause;
}

bool LedgerFile::replace(const std::string& text) {
    if (!open_beside()) return false;
    beside_.seekp(0);
    beside_ << text << std::flush;
    if (!beside_) return false;
    beside_.close();
    std::error_code ignored;  // spaces that stay behind the text are JSON, too
    std::filesystem::resize_file(beside_path_, text.size(), ignored);
    return platform::replace_file(beside_path_.c_str(), path_.c_str());
}

bool LedgerFile::write_over(const std::string& text) const {
    std::error_code error;
    const auto size = std::filesystem::file_size(path_, error);
    if (error || size < text.size()) return false;
    std::fstream there(path_, std::ios::binary | std::ios::in | std::ios::out);
    there << text << std::string(static_cast<std::size_t>(size) - text.size(), ' ') << std::flush;
    if (!there) return false;
    there.close();
    std::filesystem::resize_file(path_, text.size(), error);
    return true;
}

void LedgerFile::release() {
    if (path_.empty()) return;
    if (beside_.is_open()) beside_.close();
    beside_.clear();
    reserved_ = 0;
    std::remove(beside_path_.c_str());
}

}  // namespace tenuto::disk
