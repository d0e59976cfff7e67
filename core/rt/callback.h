// SPDX-License-Identifier: MIT
// The C functions that device libraries call, one per library. Each turns the library's arguments
// into a `Block` and calls `Engine::process`. Python passes on their addresses and never runs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rt/engine.h"
#include "shared/nonblocking.h"

namespace tenuto::rt {

// The shapes that the libraries call, with the promise in the type.
using MiniaudioCallback = void (*)(void* device, void* out, const void* in,
                                   std::uint32_t frames) noexcept TENUTO_NONBLOCKING;
using PortAudioCallback = int (*)(const void* in, void* out, unsigned long frames,
                                  const void* times, unsigned long flags, void* user) noexcept
    TENUTO_NONBLOCKING;

// [control] Where `pUserData` lies in a `ma_device` of the miniaudio in use. The same for all its
// devices, so it is set once, before the first one opens.
void set_miniaudio_user_offset(std::size_t offset) noexcept;

// [audio] `ma_device_data_proc`; the device's user pointer is an Engine.
void miniaudio_callback(void* device, void* out, const void* in, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING;

// [audio] The same for the output when it is a device of its own: plays what the input sent.
void miniaudio_play_callback(void* device, void* out, const void* in, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING;

// [audio] `PaStreamCallback`; `user` is an Engine. Returns paContinue.
int portaudio_callback(const void* in, void* out, unsigned long frames, const void* times,
                       unsigned long flags, void* user) noexcept TENUTO_NONBLOCKING;

}  // namespace tenuto::rt
