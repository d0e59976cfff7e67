// SPDX-License-Identifier: MIT
#include <numeric>
#include <thread>
#include <vector>

#include "shared/ring.h"
#include "test.h"

using tenuto::shared::Ring;

namespace {
std::vector<int> read_all(Ring<int>& ring, std::size_t most = 64) {
    std::vector<int> out(most * ring.width());
    out.resize(ring.read(out) * ring.width());
    return out;
}
}  // namespace

TEST("ring: what is written comes out in order") {
    Ring<int> ring(4);
    const std::vector<int> in{1, 2, 3};
    CHECK(ring.write(in) == 3);
    CHECK(read_all(ring) == in);
    CHECK(ring.fill() == 0);
}

TEST("ring: full, it keeps what it has and takes only what fits") {
    Ring<int> ring(4);
    CHECK(ring.write(std::vector<int>{1, 2, 3}) == 3);
    CHECK(ring.write(std::vector<int>{4, 5, 6}) == 1);
    CHECK(ring.write(std::vector<int>{7}) == 0);
    CHECK((read_all(ring) == std::vector<int>{1, 2, 3, 4}));
}

TEST("ring: capacity is what was asked for, at least one") {
    CHECK(Ring<int>(5).capacity() == 5);
    CHECK(Ring<int>(8).capacity() == 8);
    CHECK(Ring<int>(0).capacity() == 1);
}

TEST("ring: any capacity wraps right") {
    for (std::size_t slots = 1; slots < 12; ++slots) {
        Ring<int> ring(slots);
        int next = 0, expected = 0;
        for (int round = 0; round < 50; ++round) {
            while (ring.write(std::vector<int>{next}) == 1) ++next;
            const auto out = read_all(ring, 1 + static_cast<std::size_t>(round) % slots);
            for (const int value : out) CHECK(value == expected++);
        }
    }
}

TEST("ring: an item of three values is never split at the wrap") {
    Ring<int> ring(4, 3);
    for (int round = 0; round < 10; ++round) {
        const std::vector<int> in{round,      round + 1, round + 2, -round, -round - 1,
                                  -round - 2, 7,         8,         9};
        CHECK(ring.write(in) == 3);
        const auto regions = ring.filled_regions(3);
        CHECK(regions.first.size() % 3 == 0 && regions.second.size() % 3 == 0);
        CHECK(regions.first.size() + regions.second.size() == 9);
        CHECK(read_all(ring) == in);
    }
}

TEST("ring: what is staged is not seen before it is committed") {
    Ring<int> ring(8);
    CHECK(ring.stage(std::vector<int>{1, 2, 3, 4}) == 4);
    CHECK(ring.fill() == 0);
    CHECK(read_all(ring).empty());
    ring.commit_to(2);
    CHECK((read_all(ring) == std::vector<int>{1, 2}));
    ring.commit_to(1);  // backwards: nothing
    CHECK(ring.staged_position() == 4);
    ring.commit_to(4);
    CHECK((read_all(ring) == std::vector<int>{3, 4}));
}

TEST("ring: staged items count as used room") {
    Ring<int> ring(4);
    CHECK(ring.stage(std::vector<int>{1, 2, 3}) == 3);
    CHECK(ring.stage(std::vector<int>{4, 5}) == 1);
    ring.commit_to(ring.staged_position());
    CHECK((read_all(ring) == std::vector<int>{1, 2, 3, 4}));
}

TEST("ring: regions are filled and read without a copy") {
    Ring<int> ring(4);
    CHECK(ring.write(std::vector<int>{0, 0, 0}) == 3);
    read_all(ring);
    const auto free = ring.free_regions(4);
    CHECK(free.first.size() == 1 && free.second.size() == 3);
    free.first[0] = 1;
    std::iota(free.second.begin(), free.second.end(), 2);
    ring.stage_filled(4);
    ring.commit_to(ring.staged_position());
    CHECK((read_all(ring) == std::vector<int>{1, 2, 3, 4}));
}

TEST("ring: two threads pass a million items in order") {
    Ring<std::uint32_t> ring(1024, 2);
    constexpr std::uint32_t total = 1'000'000;
    std::thread writer([&] {
        std::uint32_t next = 0;
        std::vector<std::uint32_t> block;
        while (next < total) {
            const std::uint32_t count = std::min<std::uint32_t>(1 + next % 97, total - next);
            block.clear();
            for (std::uint32_t i = 0; i < count; ++i) {
                block.push_back(next + i);
                block.push_back(~(next + i));
            }
            const auto taken = ring.stage(block);
            next += static_cast<std::uint32_t>(taken);
            ring.commit_to(ring.staged_position());
            if (taken == 0) std::this_thread::yield();
        }
    });
    std::uint32_t expected = 0;
    bool right = true;
    std::vector<std::uint32_t> out(2 * 61);
    while (expected < total) {
        const auto got = ring.read(out);
        for (std::size_t i = 0; i < got; ++i, ++expected)
            right &= out[2 * i] == expected && out[2 * i + 1] == ~expected;
        if (got == 0) std::this_thread::yield();
    }
    writer.join();
    CHECK(right);
    CHECK(ring.fill() == 0);
}
