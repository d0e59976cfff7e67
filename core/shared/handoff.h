// SPDX-License-Identifier: MIT
// Gives the audio thread a new object and gets the old one back, to free it where that is allowed.
//
// Threads    One audio side (`take`), any number of control threads that agree among themselves
//            (a mutex on [control]). Construct and destroy on [control], with no audio thread.
// Progress   The audio side is wait-free: two loads and at most two exchanges a block.
// Ownership  An object belongs to `offered_` (control may still take it back), then to the audio
//            side as its current one, then to `retired_`, from where only control removes it.
//            The audio side never frees.
// Ordering   Each exchange and store that passes an object on releases, each that receives one
//            acquires: what control wrote into it is seen by the audio side, and what the audio
//            side did with it is over before control frees it.
// When full  While a retired object has not been collected the audio side takes no new one: it
//            keeps the current one, nothing is lost, control collects and the offer goes through
//            at the next block.
#pragma once

#include <memory>

#include "shared/atomic.h"
#include "shared/nonblocking.h"

namespace tenuto::shared {

template <typename T>
class Handoff {
  public:
    Handoff() = default;
    Handoff(const Handoff&) = delete;
    Handoff& operator=(const Handoff&) = delete;

    // [control] No audio thread may be left.
    ~Handoff() {
        delete offered_.load(std::memory_order_acquire);  // pairs with the exchanges in offer, take
        delete retired_.load(std::memory_order_acquire);  // pairs with the store in take
        delete current_;
    }

    // [control] Offers an object; an earlier offer that was not taken comes back.
    std::unique_ptr<T> offer(std::unique_ptr<T> object) noexcept {
        // Acquire-release: pairs with the exchange in take.
        return std::unique_ptr<T>(offered_.exchange(object.release(), std::memory_order_acq_rel));
    }

    // [control] The object that the audio side has finished with, or nothing.
    std::unique_ptr<T> collect() noexcept {
        // Acquire: pairs with the store in take; release: the audio side may fill the place again.
        return std::unique_ptr<T>(retired_.exchange(nullptr, std::memory_order_acq_rel));
    }

    // [control] True when the last offer was taken.
    bool is_taken() const noexcept {
        return offered_.load(std::memory_order_acquire) == nullptr;  // pairs with take
    }

    // [audio] The object to use for this block: the newest offer if it can be taken, else the one
    // from before, or null if there never was one.
    T* take() noexcept TENUTO_NONBLOCKING {
        if (offered_.load(std::memory_order_relaxed) == nullptr)  // only a look, see below
            return current_;
        // Acquire pairs with the exchange in collect: the place is really empty.
        if (retired_.load(std::memory_order_acquire) != nullptr) return current_;
        // Acquire-release: pairs with offer.
        T* next = offered_.exchange(nullptr, std::memory_order_acq_rel);
        if (next == nullptr) return current_;                 // taken back in between
        retired_.store(current_, std::memory_order_release);  // pairs with collect
        current_ = next;
        return current_;
    }

  private:
    alignas(64) Atomic<T*> offered_{nullptr};
    alignas(64) Atomic<T*> retired_{nullptr};
    T* current_ = nullptr;  // the audio side's own
};

}  // namespace tenuto::shared
