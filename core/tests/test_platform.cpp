// SPDX-License-Identifier: MIT
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include "platform/clock.h"
#include "platform/denormals.h"
#include "platform/files.h"
#include "platform/memory.h"
#include "platform/process.h"
#include "platform/thread.h"
#include "test.h"

using namespace tenuto::platform;

namespace {

// A file of this test, through the C library, so that the test compiles everywhere.
struct Scratch {
    explicit Scratch(const char* name) : path(name), file(std::fopen(name, "w+b")) {}
    ~Scratch() {
        std::fclose(file);
        std::remove(path.c_str());
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    int fd() const { return fileno(file); }
    std::string path;
    std::FILE* file;
};

float halved(volatile float* x) noexcept TENUTO_NONBLOCKING {
    const FlushDenormals flush;
    volatile float half = *x * 0.5F;  // stored in here, so that it is computed in here
    return half;
}

}  // namespace

TEST("platform: a file is read and patched without moving its position") {
    const Scratch scratch("test-platform-a");
    std::fputs("hello world", scratch.file);
    std::fflush(scratch.file);
    CHECK(write_at(scratch.fd(), "J", 1, 0));
    char text[6] = {};
    CHECK(read_at(scratch.fd(), text, 5, 0));
    CHECK(std::strcmp(text, "Jello") == 0);
    CHECK(!read_at(scratch.fd(), text, 5, 9));
    std::fputs("!", scratch.file);
    std::fflush(scratch.file);
    CHECK(file_size(scratch.fd()) == 12);
}

TEST("platform: a file is cut to size, synced, and its disk has room") {
    const Scratch scratch("test-platform-b");
    std::fputs("hello world", scratch.file);
    std::fflush(scratch.file);
    CHECK(truncate_file(scratch.fd(), 4) == 0);
    CHECK(file_size(scratch.fd()) == 4);
    CHECK(sync_file(scratch.fd()) == 0);
    CHECK(free_bytes(scratch.fd()) > 0);
}

TEST("platform: what cannot be is refused, not ignored") {
    CHECK(sync_file(-1) != 0 && file_size(-1) == -1 && free_bytes(-1) == -1);
    CHECK(!replace_file("test-platform-none", "test-platform-other"));
}

TEST("platform: aligned memory is aligned, zeroed, and moves") {
    AlignedBuffer buffer(1000);
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
    CHECK(buffer.as<float>()[249] == 0);
    AlignedBuffer other(std::move(buffer));
    CHECK(other.size() == 1000);
    CHECK(AlignedBuffer(0).data() == nullptr);
}

TEST("platform: denormals are flushed inside the scope only") {
    volatile float tiny = 1.2e-38F;
    CHECK(tiny * 0.5F > 0);
    CHECK(halved(&tiny) == 0);
    CHECK(tiny * 0.5F > 0);
}

TEST("platform: a sleep ends at its deadline or after, never before") {
    const std::int64_t deadline = monotonic_ns() + 2'000'000;
    sleep_until_ns(deadline);
    CHECK(monotonic_ns() >= deadline);
    sleep_until_ns(deadline);  // past: returns at once
    CHECK(utc_ns() > 1'700'000'000'000'000'000);
}

TEST("platform: a thread is known to the kernel by its handle") {
    CHECK(kernel_id(current_thread()) > 0);
    CHECK(!read_scheduling(current_thread()).policy.empty());
    std::int64_t other = 0;
    std::thread([&] { other = kernel_id(current_thread()); }).join();
    CHECK(other > 0 && other != kernel_id(current_thread()));
    CHECK(process_id() > 0);
}
