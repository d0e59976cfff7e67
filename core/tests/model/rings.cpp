// SPDX-License-Identifier: MIT
// What passes items on, in order: the ring, and the exchange with workers.
#include <array>
#include <span>

#include "shared/exchange.h"
#include "shared/ring.h"
#include "tests/model/programs.h"

namespace model {

namespace {

using namespace tenuto::shared;

// A ring of few slots, gone through more than once: every index wraps. The slots' memory is beside
// it, watched.
struct Rings : Program {
    Rings(std::size_t slots, int items, int reads)
        : ring(slots), cells(slots), items(items), reads(reads) {}

    Plain& cell(const int* slot) {
        return cells[static_cast<std::size_t>(slot - static_cast<const int*>(ring.memory()))];
    }
    int put(int value, int most) {
        const auto free = ring.free_regions(static_cast<std::size_t>(most));
        int done = 0;
        for (const auto region : {free.first, free.second})
            for (int& slot : region) cell(&slot).write(value + done++);
        ring.stage_filled(static_cast<std::size_t>(done));
        return done;
    }
    int take(int expected, int most) {
        const auto filled = ring.filled_regions(static_cast<std::size_t>(most));
        int done = 0;
        for (const auto region : {filled.first, filled.second})
            for (const int& slot : region)
                expect(cell(&slot).read() == expected + done++, "an item is not the next one");
        if (done > 0) ring.release(static_cast<std::size_t>(done));
        return done;
    }
    void write_all() {
        for (int i = 0; i < items; ++i) {
            written += put(1 + written, 1);
            ring.commit_to(static_cast<std::uint64_t>(written));
        }
    }
    void read_some() {
        for (int i = 0; i < reads; ++i) taken += take(1 + taken, 2);
    }
    void run(unsigned thread) override { thread == 1 ? write_all() : read_some(); }
    void end() override {
        for (int got = 1; got > 0; taken += got) got = take(1 + taken, 2);
        expect(taken == written, "items were lost");
        expect(ring.fill() == 0, "an empty ring is not empty");
    }

    Ring<int> ring;
    std::vector<Plain> cells;
    int items, reads, written = 0, taken = 0;
};

// What is staged must not be seen, and is seen in parts.
struct Staged : Rings {
    Staged() : Rings(3, 2, 3) {}
    void run(unsigned thread) override {
        if (thread == 2) return read_some();
        written += put(1, 2);
        ring.commit_to(1);
        written += put(1 + written, 2);
        ring.commit_to(static_cast<std::uint64_t>(written));
    }
};

// Copied in whole, and shown at once.
struct Written : Rings {
    Written() : Rings(2, 4, 3) {}
    void run(unsigned thread) override {
        if (thread == 2) return read_some();
        for (int i = 0; i < items; ++i) {
            const auto free = ring.free_regions(1);
            if (free.first.empty()) continue;
            cell(free.first.data()).write(1 + written);
            written += static_cast<int>(ring.write(std::vector<int>{1 + written}));
        }
    }
};

// Anybody may ask how much is in it.
struct Asked : Rings {
    Asked() : Rings(3, 2, 2) {}
    void run(unsigned thread) override {
        if (thread < 3) return Rings::run(thread);
        expect(ring.fill() <= 2, "a ring says that it holds more than was ever in it");
    }
};

// Chunks to a worker: each end has numbers of its own, and believes no counter too much.
struct Chunks : Program {
    static constexpr std::uint64_t slots = 2;
    explicit Chunks(int chunks) : chunks(chunks) {}
    Plain& cell(const float* samples) {
        const auto* at = reinterpret_cast<const std::byte*>(samples);
        return cells[static_cast<std::size_t>(at - memory.data()) / Lane::slot_bytes(1)];
    }
    Lane lane_end() { return {counters, memory.data(), slots, 1}; }
    void take(Lane& lane) {
        std::uint64_t number = 0;
        if (const float* from = lane.front(number)) {
            expect(static_cast<int>(number) == taken, "a chunk is not the next one");
            expect(cell(from).read() == taken, "a chunk is another one's");
            lane.release();
            ++taken;
        }
    }
    void run(unsigned thread) override {
        Lane lane = lane_end();
        if (thread == 3)
            return expect(static_cast<int>(lane.waiting()) <= chunks, "more wait than ever came");
        for (int n = 0; n < chunks; ++n) {
            if (thread == 2) {
                take(lane);
            } else if (float* to = lane.free_slot()) {
                cell(to).write(written);
                lane.publish(static_cast<std::uint64_t>(written++));
            }
        }
    }
    void end() override {
        Lane lane = lane_end();
        while (lane.fill() > 0) take(lane);
        expect(taken == written, "chunks were lost");
    }
    Lane::Counters counters{};
    alignas(64) std::array<std::byte, slots * Lane::slot_bytes(1)> memory{};
    std::array<Plain, slots> cells;
    int chunks, written = 0, taken = 0;
};

// The rule of rt/tape.h: a loss is seen before the first frame behind it.
struct Losses : Program {
    void run(unsigned thread) override {
        if (thread == 1) {
            if (samples.write(std::vector<int>{1}) == 0) fail("no room");
            if (losses.write(std::vector<int>{1}) == 0) fail("no room");  // in front of frame 1
            if (samples.write(std::vector<int>{2}) == 0) fail("no room");
            return;
        }
        const auto frames = samples.filled_regions(2);
        const auto holes = losses.filled_regions(1);
        if (frames.first.size() == 2)
            expect(holes.first.size() == 1, "frames behind a loss are seen without it");
    }
    Ring<int> samples{2}, losses{1};
};

}  // namespace

std::vector<Litmus> ring_programs() {
    return {
        litmus<Rings>("ring of one slot, three items", 2, false, 1, 3, 3),
        litmus<Rings>("ring of two slots, four items", 2, false, 2, 5, 4),
        litmus<Rings>("ring of three slots, five items", 2, false, 3, 5, 3),
        litmus<Staged>("ring with staged items", 2, false),
        litmus<Written>("ring that is written to in one go", 2, false),
        litmus<Asked>("ring whose fill a third thread asks for", 3, false),
        litmus<Chunks>("chunks of an exchange", 2, false, 4),
        litmus<Chunks>("chunks, and one who asks how many wait", 3, false, 1),
        litmus<Losses>("losses before frames", 2, false),
    };
}

}  // namespace model
