// SPDX-License-Identifier: MIT
// Runs a small program of a few threads in every way that the C++ memory model allows.
//
// The model   Each atomic keeps all values that it ever had, in their modification order. A thread
//             has a view: how far it has seen of each. A load may take any value that is not older
//             than its view, a store may go anywhere behind it, a read-modify-write stands right
//             behind what it read. A release puts the thread's view (and its clock) beside the
//             value, an acquire takes it over; so does a read-modify-write in a release sequence.
//             This is the release/acquire/relaxed part of C++20 as RC11 defines it (Lahav et al.,
//             "Repairing sequential consistency in C/C++11", 2017), in the form with views (Kang et
//             al., "A promising semantics", 2017) without promises. No compiler or processor that
//             keeps program order between a load and a later store can do more.
// Data races  Plain memory is watched with vector clocks (`Plain`): two accesses, one of them a
//             write, that no chain of acquires orders, end the search.
// The search  Depth first over who is next and what is read. Two steps that do not meet in one
//             atomic (or only read it) are tried in one order: sleep sets (Godefroid, 1996).
// Not modelled Fences, sequential consistency, compare-exchange: core/shared/ has none.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <source_location>
#include <string>
#include <vector>

namespace model {

inline constexpr unsigned most_threads = 4;  // with the one that sets up and tidies up, number 0
inline constexpr unsigned most_atomics = 12;

enum class Access : std::uint8_t { load, store, change };

// A line of the code under test that names a memory order.
struct Site {
    std::string file;
    unsigned line, column;
    Access access;
    std::memory_order order;
    std::string function;
    auto operator<=>(const Site&) const = default;
};

// One order, written down weaker than it is.
struct Weakening {
    Site site;
    std::memory_order instead;
};

// What is run: made anew for each way.
struct Program {
    virtual ~Program() = default;
    // Thread number 1, 2 ... `threads`; must end whatever it reads.
    virtual void run(unsigned thread) = 0;
    // When all have ended.
    virtual void end() {}
};

struct Outcome {
    std::uint64_t ways = 0, steps = 0;
    std::string error;  // empty: none
    std::set<Site> sites;
};

// Tries all ways of a program; stops at the first error.
Outcome explore(unsigned threads, const std::function<std::unique_ptr<Program>()>& make,
                const std::optional<Weakening>& weakening);

// The program finds that something is not as it must be.
void fail(const std::string& what) noexcept;
inline void expect(bool holds, const char* what) noexcept {
    if (!holds) fail(what);
}

// For `Atomic`, see replaced/shared/atomic.h.
unsigned new_atomic(std::uint64_t value) noexcept;
std::uint64_t access(unsigned atomic, Access access, std::uint64_t operand, bool adds,
                     std::memory_order order, const std::source_location& where) noexcept;

// Plain memory that is watched for races, and for use after its end.
class Plain {
  public:
    Plain() noexcept;
    ~Plain();
    Plain(const Plain&) = delete;
    Plain& operator=(const Plain&) = delete;
    void write(int value) noexcept;
    int read() const noexcept;

  private:
    unsigned number_;
    int value_ = 0;
};

// Something on the heap that control frees. Its memory is kept until the way has ended, so that a
// use after the end is seen as such and hurts nobody.
struct Thing {
    explicit Thing(int value) noexcept { payload.write(value); }
    static void* operator new(std::size_t bytes);
    static void operator delete(void*) noexcept {}
    Plain payload;
};

}  // namespace model
