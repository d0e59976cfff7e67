// SPDX-License-Identifier: MIT
#include "tests/model/programs.h"

#include "shared/counters.h"
#include "shared/handoff.h"
#include "shared/latest.h"

namespace model {

namespace {

using namespace tenuto::shared;

struct Newest : Program {
    Newest() {
        for (int i = 0; i < 3; ++i) all[static_cast<std::size_t>(i)].write(0);
    }
    Plain& cell(const int* slot) {
        std::size_t known = 0;
        while (slots[known] != nullptr && slots[known] != slot) ++known;
        slots[known] = slot;
        return all[known];
    }
    void run(unsigned thread) override {
        if (thread == 1) {
            for (int n = 1; n <= 3; ++n) {
                cell(value.draft().data()).write(n);
                value.publish();
            }
            return;
        }
        for (int n = 0; n < 3; ++n) look();
    }
    void look() {
        const bool has_news = value.has_news();
        const int seen = cell(value.latest().data()).read();
        expect(seen >= before, "an older value came after a newer one");
        if (has_news) expect(seen > before, "there was news, and the value was not newer");
        before = seen;
    }
    void end() override {
        look();
        expect(before == 3, "the newest value was lost");
    }
    Latest<int> value;
    std::array<const int*, 4> slots{};
    std::array<Plain, 3> all;
    int before = 0;
};

// Plans come and go while the audio thread runs them.
struct Plans : Program {
    void run(unsigned thread) override {
        if (thread == 1) {
            for (int n = 1; n <= 3; ++n) {
                if (auto old = handoff.collect()) free(std::move(old));
                if (auto back = handoff.offer(std::make_unique<Thing>(n))) free(std::move(back));
            }
            return;
        }
        for (int n = 0; n < 3; ++n) {
            if (Thing* plan = handoff.take()) {
                const int seen = plan->payload.read();
                expect(seen >= before, "an older plan came after a newer one");
                before = seen;
            }
        }
    }
    void free(std::unique_ptr<Thing> plan) {
        plan->payload.write(-1);  // as a destructor would
        ++freed;
    }
    void end() override {
        if (handoff.collect()) ++freed;
        expect(freed <= 3, "something was freed twice");
    }
    Handoff<Thing> handoff;
    int before = 0, freed = 0;
};

// When an offer is taken, control may use what only the plan before it used.
struct Taken : Program {
    Taken() {
        handoff.offer(std::make_unique<Thing>(1));
        handoff.take();
    }
    void run(unsigned thread) override {
        if (thread == 1) {
            handoff.offer(std::make_unique<Thing>(2));
            if (handoff.is_taken()) used_by_first.write(1);
            return;
        }
        for (int n = 0; n < 2; ++n)
            if (handoff.take()->payload.read() == 1) static_cast<void>(used_by_first.read());
    }
    Handoff<Thing> handoff;
    Plain used_by_first;
};

// A setting shows what was written before it was set.
struct Settings : Program {
    void run(unsigned thread) override {
        if (thread == 1) {
            before.write(7);
            setting.set(1);
        } else if (setting.get() == 1) {
            expect(before.read() == 7, "a setting came without what was written before it");
        }
    }
    Setting<int> setting{0};
    Plain before;
};

// A question that is asked once: one of two gets it, with what the other left behind.
struct Once : Program {
    void run(unsigned thread) override {
        if (!setting.exchange(true)) {
            before.write(static_cast<int>(thread));
            released.set(true);
        } else if (released.exchange(false)) {
            static_cast<void>(before.read());
        }
    }
    Setting<bool> setting{false}, released{false};
    Plain before;
};

// Passed on by exchanges alone.
struct PassedOn : Program {
    void run(unsigned thread) override {
        if (thread == 1) before.write(1);
        if (thread == 1 || setting.exchange(2) == 1) {
            if (thread == 2) static_cast<void>(before.read());
            if (thread == 1) static_cast<void>(setting.exchange(1));
        }
    }
    Setting<int> setting{0};
    Plain before;
};

struct Numbers : Program {
    void run(unsigned thread) override {
        given[thread] = next_of(last);
        counter[thread].add(2);
    }
    // As counters.h: that one is a static, which would outlive a way.
    static std::uint64_t next_of(Atomic<std::uint64_t>& last) {
        return last.fetch_add(1, std::memory_order_relaxed) + 1;
    }
    void end() override {
        expect(given[1] != given[2] && given[1] + given[2] == 3, "a number was given twice");
        expect(counter[1].get() == 2 && counter[2].get() == 2, "a count is wrong");
    }
    Atomic<std::uint64_t> last{0};
    std::array<std::uint64_t, 3> given{};
    std::array<Counter, 3> counter;
};

// -- canaries: what the search must find without any help --------------------------------------

struct Unordered : Program {
    void run(unsigned thread) override {
        if (thread == 1) {
            data.write(1);
            flag.set(true);  // a Cell orders nothing
        } else if (flag.get()) {
            static_cast<void>(data.read());
        }
    }
    Cell<bool> flag{false};
    Plain data;
};

// Store buffering: without sequential consistency both may read the old value.
struct StoreBuffering : Program {
    void run(unsigned thread) override {
        Setting<int>&mine = thread == 1 ? x : y, &other = thread == 1 ? y : x;
        mine.set(1);
        seen[thread] = other.get();
    }
    void end() override { expect(seen[1] + seen[2] > 0, "both read the old value"); }
    Setting<int> x{0}, y{0};
    std::array<int, 3> seen{};
};

// Independent readers may disagree on the order of two independent writes.
struct Readers : Program {
    void run(unsigned thread) override {
        if (thread == 1) {
            x.set(1);
            first = x.get();
            second = y.get();
        } else if (thread == 2) {
            y.set(1);
        } else {
            third = y.get();
            fourth = x.get();
        }
    }
    void end() override {
        expect(!(first == 1 && second == 0 && third == 1 && fourth == 0), "readers disagree");
    }
    Setting<int> x{0}, y{0};
    int first = 0, second = 0, third = 0, fourth = 0;
};

// Two writes each to two places: the orders may cross, though both threads ran "in order".
struct CrossedWrites : Program {
    void run(unsigned thread) override {
        Cell<int>&one = thread == 1 ? x : y, &other = thread == 1 ? y : x;
        one.set(1);
        other.set(2);
    }
    void end() override { expect(x.get() + y.get() != 2, "both first writes came last"); }
    Cell<int> x{0}, y{0};
};

}  // namespace

const std::vector<Litmus>& programs() {
    static const std::vector<Litmus> others = {
        litmus<Newest>("latest", 2, false),
        litmus<Plans>("handoff of three plans", 2, false),
        litmus<Taken>("handoff, asked whether it was taken", 2, false),
        litmus<Settings>("setting", 2, false),
        litmus<Once>("setting that two ask once", 2, false),
        litmus<PassedOn>("setting passed on by exchanges", 2, false),
        litmus<Numbers>("numbers and counters", 2, false),
        litmus<Unordered>("canary: a counter orders nothing", 2, true),
        litmus<StoreBuffering>("canary: store buffering", 2, true),
        litmus<Readers>("canary: readers disagree", 3, true),
        litmus<CrossedWrites>("canary: writes in crossed orders", 2, true),
    };
    static const std::vector<Litmus> all = [] {
        std::vector<Litmus> rings = ring_programs();
        rings.insert(rings.end(), others.begin(), others.end());
        return rings;
    }();
    return all;
}

const std::vector<Needless> needless = {
    {"shared/handoff.h", "Handoff", "delete", Access::load, std::memory_order_relaxed,
     "not needed: no audio thread is left, and what ended it came before"},
    {"shared/handoff.h", "offer", "offered_.exchange", Access::change, std::memory_order_release,
     "not needed: what comes back was written by control itself"},
    {"shared/handoff.h", "collect", "retired_.exchange", Access::change, std::memory_order_acquire,
     "not needed: the audio side only puts something of its own into the place"},
    {"shared/handoff.h", "take", "retired_.load", Access::load, std::memory_order_relaxed,
     "not needed: the audio side only puts something of its own into the place"},
    {"shared/exchange.h", "Lane", "counters.", Access::load, std::memory_order_relaxed,
     "not needed: whoever makes a new end made sure that the one before is gone"},
    {"shared/exchange.h", "waiting", "written.load", Access::load, std::memory_order_relaxed,
     "not needed for the bound itself"},
    {"shared/ring.h", "fill", "write_count_.load", Access::load, std::memory_order_relaxed,
     "not needed for the bound itself: for whoever goes on to read what is in it"},
};

}  // namespace model
