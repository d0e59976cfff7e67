// SPDX-License-Identifier: MIT
// The sink against a libsndfile of our own that remembers what it was given and can be made full.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <vector>

#include "disk/ledger.h"
#include "disk/sink.h"
#include "platform/files.h"
#include "test.h"

using namespace tenuto::disk;

namespace {

struct FakeLibrary {
    std::vector<int> integers;
    std::vector<float> floats;
    std::vector<unsigned char> bytes;
    std::int64_t room = 1'000'000;
    int headers = 0, closed = 0, error = 0, end_errno = 0;
    bool refuses = false;
} fake;

FileApi fake_api() {
    fake = FakeLibrary{};
    FileApi api;
    api.open_fd = [](int, int, SoundFileInfo*, int) -> SoundFile* {
        return fake.refuses ? nullptr : &fake;
    };
    api.write_float = [](SoundFile*, const float* samples, std::int64_t frames) -> std::int64_t {
        // A part that is left over is taken back by the sink: it cuts the file to its last size.
        if (frames > fake.room) return fake.room / 2;
        fake.floats.insert(fake.floats.end(), samples, samples + frames);
        fake.room -= frames;
        return frames;
    };
    api.write_int = [](SoundFile*, const int* samples, std::int64_t frames) -> std::int64_t {
        fake.integers.insert(fake.integers.end(), samples, samples + frames);
        return frames;
    };
    api.write_raw = [](SoundFile*, const void* data, std::int64_t count) -> std::int64_t {
        const auto* bytes = static_cast<const unsigned char*>(data);
        fake.bytes.insert(fake.bytes.end(), bytes, bytes + count);
        return count;
    };
    api.seek = [](SoundFile*, std::int64_t frames, int) { return frames; };
    api.command = [](SoundFile*, int command, void*, int) {
        fake.headers += command == command_update_header;
        return 0;
    };
    api.close = [](SoundFile*) {
        errno = fake.end_errno;
        return fake.closed++;
    };
    api.error = [](SoundFile*) { return fake.error; };
    api.error_text = [](SoundFile*) -> const char* { return "no more room in the fake"; };
    return api;
}

FileSinkSettings settings(int integer_bits) {
    FileSinkSettings out;
    out.api = fake_api();
    out.fd = -1;
    out.integer_bits = integer_bits;
    return out;
}

}  // namespace

TEST("sink: integers of a sound card come back as the same integers") {
    for (const int bits : {8, 16, 24}) {
        FileSink sink(settings(bits));
        const int half = 1 << (bits - 1);
        const std::vector<int> codes{-half, -half + 1, -1, 0, 1, half / 3, half - 1};
        std::vector<float> samples;
        for (const int code : codes)
            samples.push_back(static_cast<float>(code) / static_cast<float>(half));
        CHECK(sink.write(samples) == codes.size());
        for (std::size_t i = 0; i < codes.size(); ++i)
            CHECK(fake.integers[i] >> (32 - bits) == codes[i]);
    }
}

TEST("sink: packed integers lie in the file with their little end first") {
    for (const int bits : {16, 24, 32}) {
        auto packed = settings(bits);
        packed.packed = true;
        FileSink sink(packed);
        CHECK(sink.write(std::vector<float>{-1.0F, 0.25F, 1.0F}) == 3);
        const auto size = static_cast<std::size_t>(bits) / 8;
        CHECK(fake.bytes.size() == 3 * size);
        const std::int64_t half = std::int64_t{1} << (bits - 1);
        const std::int64_t expected[] = {-half, half / 4, half - 1};
        for (std::size_t i = 0; i < 3; ++i)
            for (std::size_t b = 0; b < size; ++b)
                CHECK(fake.bytes[i * size + b] == ((expected[i] >> (8 * b)) & 0xFF));
    }
}

TEST("sink: beyond full scale is clipped, not wrapped, and not a number is silence") {
    FileSink sink(settings(16));
    const std::vector<float> samples{1.0F, 2.0F, -3.0F, std::numeric_limits<float>::infinity(),
                                     std::numeric_limits<float>::quiet_NaN()};
    sink.write(samples);
    CHECK(fake.integers[0] >> 16 == 32767 && fake.integers[1] >> 16 == 32767);
    CHECK(fake.integers[2] >> 16 == -32768 && fake.integers[3] >> 16 == 32767);
    CHECK(fake.integers[4] == 0);
}

TEST("sink: samples are rounded to the nearest step") {
    FileSink sink(settings(16));
    const std::vector<float> samples{0.4F / 32768, 0.6F / 32768, -0.6F / 32768};
    sink.write(samples);
    CHECK(fake.integers[0] == 0 && fake.integers[1] >> 16 == 1 && fake.integers[2] >> 16 == -1);
}

TEST("sink: a full disk takes all that fits, to the frame, and says why it ended") {
    FileSink sink(settings(0));
    fake.room = 777;
    const std::vector<float> samples(2000, 0.5F);
    CHECK(sink.write(samples) == 777);
    CHECK(fake.floats.size() == 777);
    CHECK(!sink.error().empty());
}

TEST("sink: an encoder that takes all, though its file was refused, ends the recording") {
    FileSink sink(settings(0));
    const std::vector<float> samples(2000, 0.5F);
    CHECK(sink.write(samples) == 2000);
    fake.error = 2;
    CHECK(sink.write(samples) == 0);
    CHECK(!sink.error().empty());
}

TEST("sink: an encoder that cannot write its end is noticed when it is closed") {
    FileSink sink(settings(0));
    fake.end_errno = ENOSPC;
    CHECK(sink.close() == ENOSPC);
}

TEST("sink: a file that libsndfile refuses throws its words") {
    auto refused = settings(0);
    fake.refuses = true;
    bool threw = false;
    try {
        const FileSink sink(refused);
    } catch (const std::runtime_error& error) {
        threw = std::string(error.what()) == "no more room in the fake";
    }
    CHECK(threw);
}

TEST("sink: it closes once") {
    {
        FileSink sink(settings(0));
        sink.close();
    }
    CHECK(fake.closed == 1);
}

TEST("ledger: times are written as UTC") {
    CHECK(utc_text(0) == "1970-01-01T00:00:00.000Z");
    CHECK(utc_text(1'772'343'912'083'999'999) == "2026-03-01T05:45:12.083Z");
}

TEST("ledger: a file of all gaps, replaced as a whole, and none without gaps") {
    const std::string path = "test-ledger.tenuto.json";
    LedgerFile ledger(path, 48000);
    CHECK(!std::ifstream(path + ".part").good());
    CHECK(ledger.reserve(1) == 0);
    CHECK(std::ifstream(path + ".part", std::ios::ate).tellg() == 4096);
    CHECK(ledger.write({{128, 64, tenuto::rt::Cause::device_lost, 0}}) == 0);
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    CHECK(text.str().find("\"frame\": 128, \"frames\": 64, \"cause\": \"device-lost\"") !=
          std::string::npos);
    CHECK(text.str().ends_with("\n  ]\n}\n"));
    CHECK(!std::ifstream(path + ".part").good());
    CHECK(ledger.reserve(100) == 0);
    CHECK(ledger.write({}) == 0);
    CHECK(!std::ifstream(path).good());
    CHECK(!std::ifstream(path + ".part").good());
}

TEST("ledger: the longest gaps find their room in what was reserved for them") {
    const std::string path = "test-long-ledger.tenuto.json";
    LedgerFile ledger(path, 768'000);
    const std::vector<Gap> gaps(
        500, {UINT64_MAX, UINT64_MAX, tenuto::rt::Cause::device_lost, INT64_MAX});
    CHECK(ledger.reserve(gaps.size()) == 0);
    const auto room = std::ifstream(path + ".part", std::ios::ate).tellg();
    CHECK(ledger.write(gaps) == 0);
    CHECK(std::ifstream(path, std::ios::ate).tellg() <= room);
    std::remove(path.c_str());
}

TEST("ledger: without a place to be it says why, and takes no room") {
    LedgerFile ledger("/nonexistent/folder/x.json", 48000);
    CHECK(ledger.reserve(1) == 0);
    CHECK(ledger.write({{0, 1, tenuto::rt::Cause::xrun, 0}}) == ENOENT);
    LedgerFile none("", 48000);
    CHECK(none.reserve(1) == 0 && none.write({{0, 1, tenuto::rt::Cause::xrun, 0}}) == 0);
}
