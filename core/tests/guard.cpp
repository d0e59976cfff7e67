// SPDX-License-Identifier: MIT
// The portable half of the guard: operator new and delete. On Linux linux/interpose.cpp adds
// malloc, locks and waits, and linux/wrap.cpp makes every `Engine::process` count as a callback.
#include "guard.h"

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>

#ifndef TENUTO_GUARD
#define TENUTO_GUARD 0
#endif
#ifndef TENUTO_GUARD_ALL
#define TENUTO_GUARD_ALL 0
#endif

namespace tenuto::test {

namespace {
thread_local int inside = 0;
std::atomic<std::uint64_t> count{0};
}  // namespace

InsideCallback::InsideCallback() noexcept { ++inside; }
InsideCallback::~InsideCallback() { --inside; }

bool guards_allocations() noexcept { return TENUTO_GUARD != 0; }
bool guards_everything() noexcept { return TENUTO_GUARD_ALL != 0; }

void on_call(const char* what) noexcept {
    if (inside == 0) return;
    const int before = inside;
    inside = 0;                                              // what follows may do the same
    if (count.fetch_add(1, std::memory_order_relaxed) < 30)  // a fact on its own
        std::printf("  inside a callback: %s\n", what);
    inside = before;
}

std::uint64_t violations() noexcept {
    return count.load(std::memory_order_relaxed);  // a fact on its own
}
void forgive(std::uint64_t forgiven) noexcept {
    count.fetch_sub(forgiven, std::memory_order_relaxed);  // a fact on its own
}

}  // namespace tenuto::test

#if TENUTO_GUARD
// The array and nothrow forms of the library call these.
namespace {
void* allocate(std::size_t bytes) {
    tenuto::test::on_call("operator new");
    if (void* memory = std::malloc(bytes > 0 ? bytes : 1)) return memory;
    throw std::bad_alloc();
}
// Over-aligned: by hand, with what malloc gave in front of it, as not every system has
// aligned_alloc.
void* allocate(std::size_t bytes, std::size_t alignment) {
    const std::size_t extra = alignment + sizeof(void*);
    auto* raw = static_cast<char*>(allocate(bytes + extra));
    const auto address = reinterpret_cast<std::uintptr_t>(raw) + extra;
    auto* memory = raw + (extra - address % alignment);
    reinterpret_cast<void**>(memory)[-1] = raw;
    return memory;
}
void release(void* memory) noexcept {
    if (memory == nullptr) return;
    tenuto::test::on_call("operator delete");
    std::free(memory);
}
}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept {
    if (memory != nullptr) release(reinterpret_cast<void**>(memory)[-1]);
}
void operator delete(void* memory, std::size_t, std::align_val_t alignment) noexcept {
    operator delete(memory, alignment);
}
#endif
