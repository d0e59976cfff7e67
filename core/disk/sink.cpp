// SPDX-License-Identifier: MIT
#include "disk/sink.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "platform/files.h"
#include "platform/process.h"

namespace tenuto::disk {

namespace {
constexpr int seek_set = 0;

// The lower `size` bytes of each, little end first. Each store is four bytes wide and the next one
// overwrites what is too much, so `out` has room for four bytes more.
void pack(const std::int32_t* in, std::size_t count, std::size_t size, unsigned char* out) {
    static_assert(std::endian::native == std::endian::little);
    for (std::size_t i = 0; i < count; ++i)
        std::memcpy(out + i * size, in + i, sizeof(std::int32_t));
}
}  // namespace

FileSink::FileSink(const FileSinkSettings& settings)
    : settings_(settings), owner_(platform::process_id()) {
    SoundFileInfo info{0, settings.samplerate, settings.channels, settings.format, 0, 0};
    file_ = settings_.api.open_fd(settings_.fd, mode_write, &info, 0);
    if (file_ == nullptr) throw std::runtime_error(settings_.api.error_text(nullptr));
    settings_.api.command(file_, command_set_clipping, nullptr, 1);
    update_header();
    good_bytes_ = used_bytes();
}

FileSink::~FileSink() {
    // Closing writes the header: not from a forked child, whose copy of it is stale.
    if (owner_ == platform::process_id()) close();
}

std::int64_t FileSink::write_some(const float* samples, std::int64_t frames) {
    if (settings_.integer_bits == 0) return settings_.api.write_float(file_, samples, frames);
    const auto count =
        static_cast<std::size_t>(frames) * static_cast<std::size_t>(settings_.channels);
    if (!settings_.packed) {
        integers_.resize(std::max(integers_.size(), count));
        kernels_.round(integers_.data(), samples, count,
                       static_cast<std::uint32_t>(settings_.integer_bits));
        // libsndfile takes the upper bits.
        const int shift = 32 - settings_.integer_bits;
        // It looks the opposite up in a table: the lowest integer has none.
        const int subtype = settings_.format & format_subtype_mask;
        const bool by_table = subtype == format_ulaw || subtype == format_alaw;
        const std::int32_t lowest = std::numeric_limits<std::int32_t>::min() + by_table;
        for (std::size_t i = 0; i < count; ++i)
            integers_[i] = std::max(
                static_cast<std::int32_t>(static_cast<std::uint32_t>(integers_[i]) << shift),
                lowest);
        return settings_.api.write_int(file_, integers_.data(), frames);
    }
    const auto size = static_cast<std::size_t>(settings_.integer_bits) / 8;
    bytes_.resize(std::max(bytes_.size(), count * size + sizeof(std::int32_t)));
    std::array<std::int32_t, 1024> piece;  // stays in the first-level cache between the two loops
    for (std::size_t at = 0; at < count; at += piece.size()) {
        const std::size_t some = std::min(piece.size(), count - at);
        kernels_.round(piece.data(), samples + at, some,
                       static_cast<std::uint32_t>(settings_.integer_bits));
        pack(piece.data(), some, size, bytes_.data() + at * size);
    }
    const auto written =
        settings_.api.write_raw(file_, bytes_.data(), static_cast<std::int64_t>(count * size));
    return written / static_cast<std::int64_t>(size) / settings_.channels;
}

std::size_t FileSink::write(std::span<const float> samples) {
    const auto channels = static_cast<std::size_t>(settings_.channels);
    auto left = static_cast<std::int64_t>(samples.size() / channels);
    std::int64_t done = 0;
    std::int64_t piece = left;
    while (left > 0) {
        piece = std::min(piece, left);
        const bool too_long = settings_.most_bytes > 0 &&
                              good_bytes_ + piece * settings_.channels * 4 > settings_.most_bytes;
        errno = 0;
        const std::int64_t written =
            too_long
                ? 0
                : write_some(samples.data() + static_cast<std::size_t>(done) * channels, piece);
        // An encoder says that it took everything even if what it wrote was refused.
        if (written == piece && settings_.api.error(file_) != 0) {
            error_ = errno != 0 ? std::strerror(errno) : settings_.api.error_text(file_);
            break;
        }
        if (written == piece) {
            done += written;
            left -= written;
            frames_ += written;
            good_bytes_ = used_bytes();
            continue;
        }
        // The first failure tells why; an encoder that it has broken fails again without a reason.
        if (too_long)
            error_ = "the file format holds no more";
        else if (errno != 0)
            error_ = std::strerror(errno);
        else if (error_.empty())
            error_ = settings_.api.error_text(file_);
        if (!too_long) take_back_partial_frame();
        // Ever smaller pieces find the last frame that fits.
        if (piece == 1) break;
        piece = std::max<std::int64_t>(1, piece / 2);
    }
    return static_cast<std::size_t>(done);
}

void FileSink::take_back_partial_frame() {
    if ((settings_.format & format_type_mask) == format_flac)
        return;  // frames are of any size there
    platform::truncate_file(settings_.fd, good_bytes_);
    settings_.api.seek(file_, frames_, seek_set);
}

void FileSink::update_header() {
    if (file_ == nullptr) return;
    // Ogg has no length in its header, and libsndfile would put a second header into the stream.
    if ((settings_.format & format_type_mask) == format_ogg) return;
    settings_.api.command(file_, command_update_header, nullptr, 0);
    if ((settings_.format & format_type_mask) == format_flac) patch_flac_length();
}

// libFLAC writes the number of samples only at the end; until then the header says "unknown",
// which several readers take for nothing. The field is 36 bits wide, 21 bytes into the file
// (4 "fLaC", 4 block header, 13 into STREAMINFO: RFC 9639, section 8.2). What the encoder has put
// into the file are whole blocks, and it keeps one sample more than a block before it lets go.
void FileSink::patch_flac_length() {
    std::array<unsigned char, 26> head{};
    if (!platform::read_at(settings_.fd, head.data(), head.size(), 0)) return;
    if (std::memcmp(head.data(), "fLaC", 4) != 0 || (head[4] & 0x7F) != 0) return;
    const std::int64_t block = head[8] * 256 + head[9];
    const bool fixed = head[8] == head[10] && head[9] == head[11];
    if (block == 0 || !fixed) return;
    const std::int64_t whole = frames_ > 0 ? (frames_ - 1) / block * block : 0;
    head[21] = static_cast<unsigned char>((head[21] & 0xF0) | ((whole >> 32) & 0x0F));
    for (unsigned i = 0; i < 4; ++i)
        head[22 + i] = static_cast<unsigned char>((whole >> (24 - 8 * i)) & 0xFF);
    platform::write_at(settings_.fd, head.data() + 21, 5, 21);
}

int FileSink::sync() { return file_ != nullptr ? platform::sync_file(settings_.fd) : 0; }

int FileSink::close() {
    if (file_ == nullptr) return 0;
    errno = 0;
    const int refused = settings_.api.close(file_);
    file_ = nullptr;
    // What an encoder could not write at the end is not told in another way.
    const bool is_short = errno == ENOSPC || errno == EFBIG || errno == EIO;
    const int cause = is_short || (refused != 0 && errno != 0) ? errno : (refused != 0 ? EIO : 0);
    const int unsynced = platform::sync_file(settings_.fd);
    const int unclosed = platform::close_file(settings_.fd);
    return cause != 0 ? cause : (unsynced != 0 ? unsynced : unclosed);
}

std::int64_t FileSink::free_bytes() const {
    if (file_ == nullptr) return -1;
    std::int64_t free = platform::free_bytes(settings_.fd);
    if (settings_.most_bytes > 0) {
        const std::int64_t format_room = settings_.most_bytes - good_bytes_;
        free = free < 0 ? format_room : std::min(free, format_room);
    }
    return free;
}

std::int64_t FileSink::used_bytes() const { return platform::file_size(settings_.fd); }

std::size_t MemorySink::write(std::span<const float> samples) {
    const std::size_t frames = samples.size() / channels_;
    for (std::size_t done = 0; done < frames;) {
        const std::size_t at = frames_ % chunk_frames;
        if (at == 0) {
            std::vector<float> chunk(chunk_frames * channels_);
            const std::lock_guard lock(mutex_);
            chunks_.push_back(std::move(chunk));
        }
        const std::size_t piece = std::min(frames - done, chunk_frames - at);
        const std::lock_guard lock(mutex_);
        std::copy_n(samples.begin() + static_cast<std::ptrdiff_t>(done * channels_),
                    piece * channels_,
                    chunks_.back().begin() + static_cast<std::ptrdiff_t>(at * channels_));
        frames_ += piece;
        done += piece;
    }
    return frames;
}

std::int64_t MemorySink::used_bytes() const {
    return static_cast<std::int64_t>(frames() * channels_ * sizeof(float));
}

std::size_t MemorySink::frames() const {
    const std::lock_guard lock(mutex_);
    return frames_;
}

void MemorySink::copy(std::size_t start, std::size_t frames, float* out) const {
    const std::lock_guard lock(mutex_);
    frames = std::min(frames, frames_ - std::min(start, frames_));
    while (frames > 0) {
        const std::size_t at = start % chunk_frames;
        const std::size_t piece = std::min(frames, chunk_frames - at);
        const auto& chunk = chunks_[start / chunk_frames];
        std::copy_n(chunk.begin() + static_cast<std::ptrdiff_t>(at * channels_), piece * channels_,
                    out);
        out += piece * channels_;
        start += piece;
        frames -= piece;
    }
}

}  // namespace tenuto::disk
