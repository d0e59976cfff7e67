// SPDX-License-Identifier: MIT
#include "rt/callback.h"

#include "platform/cancellation.h"
#include "platform/clock.h"

namespace tenuto::rt {

namespace {
shared::Setting<std::size_t> user_offset{0};

// PaStreamCallbackFlags of portaudio.h: input underflow and overflow, output underflow and
// overflow.
constexpr unsigned long portaudio_loss_flags = 0x1 | 0x2 | 0x4 | 0x8;

Engine* engine_of(void* device) noexcept TENUTO_NONBLOCKING {
    return static_cast<Engine*>(
        *reinterpret_cast<void**>(static_cast<char*>(device) + user_offset.get()));
}

void run(void* user, void* out, const void* in, std::uint32_t frames, bool flagged) noexcept
    TENUTO_NONBLOCKING {
    static_cast<Engine*>(user)->process({static_cast<const float*>(in), static_cast<float*>(out),
                                         frames, platform::monotonic_ns(), -1, 0, flagged});
}
}  // namespace

void set_miniaudio_user_offset(std::size_t offset) noexcept { user_offset.set(offset); }

void miniaudio_callback(void* device, void* out, const void* in, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    const platform::HoldOffCancellation scope;
    run(engine_of(device), out, in, frames, false);
}

void miniaudio_play_callback(void* device, void* out, const void*, std::uint32_t frames) noexcept
    TENUTO_NONBLOCKING {
    const platform::HoldOffCancellation scope;
    engine_of(device)->play(static_cast<float*>(out), frames);
}

int portaudio_callback(const void* in, void* out, unsigned long frames, const void*,
                       unsigned long flags, void* user) noexcept TENUTO_NONBLOCKING {
    const platform::HoldOffCancellation scope;
    run(user, out, in, static_cast<std::uint32_t>(frames), (flags & portaudio_loss_flags) != 0);
    return 0;
}

}  // namespace tenuto::rt
