// SPDX-License-Identifier: MIT
// The functions of libsndfile that the disk threads use, as pointers. Python takes their addresses
// from the `soundfile` package, so the core is not linked against libsndfile; tests put others in
// their place to make a disk slow or full.
//
// The shapes follow libsndfile's public interface (sndfile.h, 1.0.29 and later).
#pragma once

#include <cstdint>

namespace tenuto::disk {

using SoundFile = void;  // SNDFILE

struct SoundFileInfo {  // SF_INFO
    std::int64_t frames;
    int samplerate, channels, format, sections, seekable;
};

struct FileApi {
    SoundFile* (*open_fd)(int fd, int mode, SoundFileInfo* info, int close_desc) = nullptr;
    std::int64_t (*write_float)(SoundFile*, const float*, std::int64_t frames) = nullptr;
    std::int64_t (*write_int)(SoundFile*, const int*, std::int64_t frames) = nullptr;
    std::int64_t (*write_raw)(SoundFile*, const void*, std::int64_t bytes) = nullptr;
    std::int64_t (*seek)(SoundFile*, std::int64_t frames, int whence) = nullptr;
    std::int64_t (*read_float)(SoundFile*, float*, std::int64_t frames) = nullptr;
    int (*command)(SoundFile*, int command, void* data, int size) = nullptr;
    int (*close)(SoundFile*) = nullptr;
    int (*error)(SoundFile*) = nullptr;
    const char* (*error_text)(SoundFile*) = nullptr;
};

// Numbers of sndfile.h.
inline constexpr int mode_read = 0x10, mode_write = 0x20;
inline constexpr int command_update_header = 0x1060;
inline constexpr int command_set_clipping = 0x10C0;
inline constexpr int format_type_mask = 0x0FFF0000;
inline constexpr int format_subtype_mask = 0xFFFF;
inline constexpr int format_ulaw = 0x10, format_alaw = 0x11;
inline constexpr int format_flac = 0x170000, format_ogg = 0x200000;

}  // namespace tenuto::disk
