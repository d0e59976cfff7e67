// SPDX-License-Identifier: MIT
#include "tests/model/explorer.h"

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace model {

namespace {

// How far a thread has seen: of each atomic the number of a value, of each thread its clock.
struct View {
    std::array<std::uint8_t, most_atomics> seen{};
    std::array<std::uint16_t, most_threads> clock{};
};

// One value of an atomic, in the list of the order in which they were made.
struct Value {
    std::uint64_t bits;
    View released;
    std::uint8_t place;    // in the modification order
    bool is_tied = false;  // by a read-modify-write to the value in front of it
};

struct Watched {
    unsigned writer = 0;
    std::uint16_t written = 0;
    std::array<std::uint16_t, most_threads> read{};
    bool is_over = false;
};

struct Thread {
    ucontext_t context;
    jmp_buf at;
    std::vector<char> stack;
    View view;
    unsigned atomic = 0;  // what its next step is
    Access access = Access::load;
    bool has_started = false, is_done = false;
};

struct Choice {
    std::uint16_t taken, count;
};

bool acquires(std::memory_order order) {
    return order == std::memory_order_acquire || order == std::memory_order_acq_rel;
}
bool releases(std::memory_order order) {
    return order == std::memory_order_release || order == std::memory_order_acq_rel;
}

class Explorer {
  public:
    Outcome outcome;
    std::optional<Weakening> weakening;
    std::array<Thread, most_threads> threads;
    unsigned thread_count = 0;
    std::vector<std::unique_ptr<char[]>> kept;

    bool run_one(Program& program);
    bool next_way();
    void forget_choices() { choices_.clear(); }
    void begin(unsigned count) {
        atomics_.clear();
        watched_.clear();
        kept.clear();
        current_ = 0;
        depth_ = 0;
        sleeping_ = 0;
        is_pruned_ = false;
        thread_count = count;
        threads[0].view = View{};
        threads[0].view.clock[0] = 1;
    }
    void end() { current_ = 0; }

    unsigned new_atomic(std::uint64_t bits) {
        if (atomics_.size() == most_atomics) std::abort();
        const auto number = static_cast<unsigned>(atomics_.size());
        atomics_.push_back({{bits, me().view, 0}});
        me().view.seen[number] = 0;
        return number;
    }
    std::uint64_t access(unsigned atomic, Access access, std::uint64_t operand, bool adds,
                         std::memory_order order, const std::source_location& where);

    unsigned new_plain() {
        watched_.emplace_back();
        return static_cast<unsigned>(watched_.size() - 1);
    }
    void use_plain(unsigned number, bool writes, bool ends);
    void error(const std::string& what) {
        if (outcome.error.empty()) outcome.error = what;
    }
    void thread_main() {
        program_->run(current_);
        me().is_done = true;
        _longjmp(scheduler_, 1);
    }

  private:
    Thread& me() { return threads[current_]; }
    unsigned choose(std::size_t count);
    void resume(unsigned thread);
    [[gnu::noinline]] void wait_for_turn(unsigned atomic, Access access) {
        me().atomic = atomic;
        me().access = access;
        if (_setjmp(me().at) == 0) _longjmp(scheduler_, 1);
    }
    void join(View& into, const View& from);
    void insert(unsigned atomic, std::uint8_t place, Value value);
    std::memory_order order_at(Access access, std::memory_order order,
                               const std::source_location& where);
    bool meet(const Thread& a, const Thread& b) const {
        return a.atomic == b.atomic && !(a.access == Access::load && b.access == Access::load);
    }

    std::vector<std::vector<Value>> atomics_;
    std::vector<Watched> watched_;
    std::vector<Choice> choices_;
    std::size_t depth_ = 0;
    unsigned current_ = 0;
    unsigned sleeping_ = 0;   // threads, as bits, whose next step was tried in front of this one
    bool is_pruned_ = false;  // the rest of this way is known from another one
    Program* program_ = nullptr;
    jmp_buf scheduler_;
};

Explorer explorer;

void enter() { explorer.thread_main(); }

unsigned Explorer::choose(std::size_t count) {
    if (count == 1 || is_pruned_) return 0;
    if (depth_ == choices_.size()) choices_.push_back({0, static_cast<std::uint16_t>(count)});
    if (choices_[depth_].count != count) {
        std::fprintf(stderr, "the program does not do the same again\n");
        std::abort();
    }
    return choices_[depth_++].taken;
}

bool Explorer::next_way() {
    while (!choices_.empty() && choices_.back().taken + 1 == choices_.back().count)
        choices_.pop_back();
    if (choices_.empty()) return false;
    ++choices_.back().taken;
    return true;
}

void Explorer::resume(unsigned thread) {
    current_ = thread;
    if (_setjmp(scheduler_) == 0) {
        if (me().has_started) _longjmp(me().at, 1);
        me().has_started = true;
        setcontext(&me().context);
    }
    current_ = 0;
}

// False when it ended with an error.
bool Explorer::run_one(Program& program) {
    program_ = &program;
    for (unsigned t = 1; t <= thread_count; ++t) {
        Thread& thread = threads[t];
        thread.stack.resize(std::size_t{64} * 1024);
        getcontext(&thread.context);
        thread.context.uc_stack.ss_sp = thread.stack.data();
        thread.context.uc_stack.ss_size = thread.stack.size();
        makecontext(&thread.context, enter, 0);
        thread.view = threads[0].view;
        thread.view.clock[t] = 1;
        thread.has_started = thread.is_done = false;
        resume(t);  // to its first step
    }
    ++threads[0].view.clock[0];
    for (;;) {
        std::array<unsigned, most_threads> awake{};
        unsigned count = 0, alive = 0;
        for (unsigned t = 1; t <= thread_count; ++t) {
            if (threads[t].is_done) continue;
            alive = t;
            if ((sleeping_ >> t & 1U) == 0) awake[count++] = t;
        }
        if (alive == 0) break;
        // All that could come was tried in another order; ended all the same, to free what it has.
        if (count == 0 || !outcome.error.empty()) is_pruned_ = true;
        const unsigned taken = is_pruned_ ? 0 : choose(count);
        const unsigned next = is_pruned_ ? alive : awake[taken];
        for (unsigned i = 0; i < taken; ++i) sleeping_ |= 1U << awake[i];
        for (unsigned t = 1; t <= thread_count; ++t)
            if (t == next || meet(threads[t], threads[next])) sleeping_ &= ~(1U << t);
        ++outcome.steps;
        resume(next);
    }
    for (unsigned t = 1; t <= thread_count; ++t) join(threads[0].view, threads[t].view);
    program.end();
    ++outcome.ways;
    return outcome.error.empty();
}

void Explorer::join(View& into, const View& from) {
    for (std::size_t a = 0; a < atomics_.size(); ++a)
        if (atomics_[a][from.seen[a]].place > atomics_[a][into.seen[a]].place)
            into.seen[a] = from.seen[a];
    for (unsigned t = 0; t < most_threads; ++t)
        into.clock[t] = std::max(into.clock[t], from.clock[t]);
}

void Explorer::insert(unsigned atomic, std::uint8_t place, Value value) {
    for (Value& other : atomics_[atomic])
        if (other.place >= place) ++other.place;
    value.place = place;
    atomics_[atomic].push_back(value);
}

std::memory_order Explorer::order_at(Access access, std::memory_order order,
                                     const std::source_location& where) {
    // Only the search itself needs the list, and only until the first weakening is tried.
    if (!weakening) {
        outcome.sites.insert({where.file_name(), where.line(), where.column(), access, order,
                              where.function_name()});
        return order;
    }
    const Site& site = weakening->site;
    const bool is_it = site.line == where.line() && site.column == where.column() &&
                       site.access == access && site.file == where.file_name();
    return is_it ? weakening->instead : order;
}

std::uint64_t Explorer::access(unsigned atomic, Access access, std::uint64_t operand, bool adds,
                               std::memory_order order, const std::source_location& where) {
    order = order_at(access, order, where);
    if (current_ > 0) wait_for_turn(atomic, access);
    View& view = me().view;
    auto& values = atomics_[atomic];
    const std::uint8_t from = values[view.seen[atomic]].place;
    std::array<std::uint8_t, 256> number_at{};  // by place
    for (std::size_t i = 0; i < values.size(); ++i)
        number_at[values[i].place] = static_cast<std::uint8_t>(i);
    const auto tied_at = [&](std::size_t place) {
        return place < values.size() && values[number_at[place]].is_tied;
    };
    std::array<std::uint8_t, 256> possible{};
    unsigned count = 0;
    // The newest first: what is likely is looked at first.
    for (std::size_t place = values.size(); place-- > from;)
        if (access == Access::load || !tied_at(place + 1))
            possible[count++] = static_cast<std::uint8_t>(place);
    const std::uint8_t place = possible[choose(count)];
    const std::uint8_t number = number_at[place];
    const Value read = values[number];
    ++view.clock[current_];
    if (access != Access::store) {
        view.seen[atomic] = number;
        if (acquires(order)) join(view, read.released);
    }
    if (access != Access::load) {
        const auto made = static_cast<std::uint8_t>(values.size());
        const bool is_change = access == Access::change;
        Value value{is_change && adds ? read.bits + operand : operand, View{}, 0, is_change};
        insert(atomic, static_cast<std::uint8_t>(place + 1), value);
        view.seen[atomic] = made;
        // What others get with it; at the least that this value was there.
        View& given = values.back().released;
        if (is_change) given = read.released;
        given.seen[atomic] = made;
        if (releases(order)) join(given, view);
        ++view.clock[current_];
    }
    return read.bits;
}

void Explorer::use_plain(unsigned number, bool writes, bool ends) {
    Watched& cell = watched_[number];
    const View& view = me().view;
    if (cell.is_over) error("something is used after its end");
    if (cell.written > view.clock[cell.writer])
        error(writes ? "data race: two writes" : "data race: a read beside a write");
    if (writes)
        for (unsigned t = 0; t < most_threads; ++t)
            if (t != current_ && cell.read[t] > view.clock[t])
                error("data race: a write beside a read");
    if (writes) {
        cell.writer = current_;
        cell.written = view.clock[current_];
    } else {
        cell.read[current_] = view.clock[current_];
    }
    cell.is_over = ends;
}

}  // namespace

Outcome explore(unsigned threads, const std::function<std::unique_ptr<Program>()>& make,
                const std::optional<Weakening>& weakening) {
    explorer.outcome = {};
    explorer.weakening = weakening;
    explorer.forget_choices();
    do {
        explorer.begin(threads);
        auto program = make();
        const bool is_right = explorer.run_one(*program);
        explorer.end();
        program.reset();
        if (!is_right || !explorer.outcome.error.empty()) break;
    } while (explorer.next_way());
    return explorer.outcome;
}

void fail(const std::string& what) noexcept { explorer.error(what); }

unsigned new_atomic(std::uint64_t value) noexcept { return explorer.new_atomic(value); }

std::uint64_t access(unsigned atomic, Access access, std::uint64_t operand, bool adds,
                     std::memory_order order, const std::source_location& where) noexcept {
    return explorer.access(atomic, access, operand, adds, order, where);
}

Plain::Plain() noexcept : number_(explorer.new_plain()) {}
Plain::~Plain() { explorer.use_plain(number_, true, true); }
void Plain::write(int value) noexcept {
    explorer.use_plain(number_, true, false);
    value_ = value;
}
int Plain::read() const noexcept {
    explorer.use_plain(number_, false, false);
    return value_;
}

void* Thing::operator new(std::size_t bytes) {
    explorer.kept.push_back(std::make_unique<char[]>(bytes));
    return explorer.kept.back().get();
}

}  // namespace model
