// SPDX-License-Identifier: MIT
// Stands in for core/shared/atomic.h when the structures are model-checked: the same code, but each
// access goes through the explorer, which knows the line that it stands on.
#pragma once

#include <atomic>
#include <cstring>
#include <source_location>
#include <type_traits>

#include "tests/model/explorer.h"

namespace tenuto::shared {

template <typename T>
class Atomic {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
    using Where = std::source_location;

  public:
    static constexpr bool is_always_lock_free = true;

    Atomic() noexcept : Atomic(T{}) {}
    Atomic(T value) noexcept : number_(model::new_atomic(bits(value))) {}
    Atomic(const Atomic&) = delete;
    Atomic& operator=(const Atomic&) = delete;

    T load(std::memory_order order, Where where = Where::current()) const noexcept {
        return value(model::access(number_, model::Access::load, 0, false, order, where));
    }
    void store(T to, std::memory_order order, Where where = Where::current()) noexcept {
        model::access(number_, model::Access::store, bits(to), false, order, where);
    }
    T exchange(T to, std::memory_order order, Where where = Where::current()) noexcept {
        return value(model::access(number_, model::Access::change, bits(to), false, order, where));
    }
    T fetch_add(T amount, std::memory_order order, Where where = Where::current()) noexcept {
        return value(
            model::access(number_, model::Access::change, bits(amount), true, order, where));
    }

  private:
    static std::uint64_t bits(T value) noexcept {
        std::uint64_t all = 0;
        std::memcpy(&all, &value, sizeof(T));
        return all;
    }
    static T value(std::uint64_t bits) noexcept {
        T one;
        std::memcpy(&one, &bits, sizeof(T));
        return one;
    }

    unsigned number_;
};

}  // namespace tenuto::shared
