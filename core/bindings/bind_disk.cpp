// SPDX-License-Identifier: MIT
#include "bindings/bind_disk.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "disk/writer.h"

namespace nb = nanobind;
using namespace tenuto;

namespace {

template <typename Function>
Function at_address(const nb::dict& table, const char* name) {
    return reinterpret_cast<Function>(nb::cast<std::uintptr_t>(table[name]));
}

}  // namespace

disk::FileApi file_api(const nb::dict& table) {
    disk::FileApi api;
    api.open_fd = at_address<decltype(api.open_fd)>(table, "sf_open_fd");
    api.write_float = at_address<decltype(api.write_float)>(table, "sf_writef_float");
    api.write_int = at_address<decltype(api.write_int)>(table, "sf_writef_int");
    api.write_raw = at_address<decltype(api.write_raw)>(table, "sf_write_raw");
    api.read_float = at_address<decltype(api.read_float)>(table, "sf_readf_float");
    api.seek = at_address<decltype(api.seek)>(table, "sf_seek");
    api.command = at_address<decltype(api.command)>(table, "sf_command");
    api.close = at_address<decltype(api.close)>(table, "sf_close");
    api.error = at_address<decltype(api.error)>(table, "sf_error");
    api.error_text = at_address<decltype(api.error_text)>(table, "sf_strerror");
    return api;
}

namespace {

std::shared_ptr<disk::Track> file_track(std::shared_ptr<rt::Tape> tape, const nb::dict& api, int fd,
                                        int format, int samplerate, int integer_bits, bool packed,
                                        std::int64_t most_bytes, const nb::bytes& ledger_path,
                                        std::int64_t utc_offset_ns) {
    disk::FileSinkSettings file;
    file.api = file_api(api);
    file.fd = fd;
    file.format = format;
    file.samplerate = samplerate;
    file.channels = static_cast<int>(tape->channels());
    file.integer_bits = integer_bits;
    file.packed = packed;
    file.most_bytes = most_bytes;
    return std::make_shared<disk::Track>(
        std::move(tape), std::make_unique<disk::FileSink>(file),
        disk::Track::Settings{samplerate, std::string(ledger_path.c_str(), ledger_path.size()),
                              utc_offset_ns});
}

std::shared_ptr<disk::Track> memory_track(std::shared_ptr<rt::Tape> tape, int samplerate,
                                          std::int64_t utc_offset_ns) {
    auto sink = std::make_unique<disk::MemorySink>(tape->channels());
    return std::make_shared<disk::Track>(std::move(tape), std::move(sink),
                                         disk::Track::Settings{samplerate, {}, utc_offset_ns});
}

nb::dict track_state(disk::Track& track) {
    const disk::TrackState state = track.state();
    nb::dict out;
    out["phase"] = state.phase == disk::TrackState::writing ? "writing"
                   : state.phase == disk::TrackState::done  ? "done"
                                                            : "failed";
    out["frames"] = state.frames;
    out["gap_frames"] = state.gap_frames;
    out["gap_count"] = state.gap_count;
    out["synced_frames"] = state.synced_frames;
    out["seconds_left"] = state.seconds_left;
    out["bytes"] = state.bytes;
    return out;
}

nb::list track_gaps(const disk::Track& track) {
    nb::list out;
    for (const disk::Gap& gap : track.gaps())
        out.append(nb::make_tuple(gap.frame, gap.frames, disk::cause_name(gap.cause),
                                  disk::utc_text(gap.utc_ns)));
    return out;
}

using Samples = nb::ndarray<nb::numpy, float, nb::ndim<2>>;

Samples memory_samples(disk::Track& track, std::size_t start, std::size_t frames) {
    auto* sink = dynamic_cast<disk::MemorySink*>(&track.sink());
    if (sink == nullptr) throw nb::type_error("this recording is not in memory");
    const std::size_t there = sink->frames();
    start = std::min(start, there);
    frames = std::min(frames, there - start);
    auto* data = new float[std::max<std::size_t>(1, frames * track.tape().channels())];
    const nb::capsule owner(data, [](void* p) noexcept { delete[] static_cast<float*>(p); });
    sink->copy(start, frames, data);
    return Samples(data, {frames, track.tape().channels()}, owner);
}

}  // namespace

void bind_disk(nb::module_& module) {
    nb::class_<disk::Track>(module, "Track", "One recording on its way to its file or to memory.")
        .def("state", &track_state)
        .def("gaps", &track_gaps, "Tuples of frame, frames, cause, UTC text.")
        .def_prop_ro("error", &disk::Track::error)
        .def_prop_ro(
            "ledger_path",
            [](const disk::Track& track) {
                const std::string& path = track.ledger_path();
                return nb::bytes(path.data(), path.size());
            },
            "As the system writes paths; empty: the ledger stays in memory.")
        .def("samples", &memory_samples, nb::arg("start"), nb::arg("frames"),
             "A copy of frames that are in memory.")
        .def("wait_until_over", &disk::Track::wait_until_over, nb::arg("seconds"),
             nb::call_guard<nb::gil_scoped_release>());

    module.def("file_track", &file_track, nb::arg("tape"), nb::arg("api"), nb::arg("fd"),
               nb::arg("format"), nb::arg("samplerate"), nb::arg("integer_bits"), nb::arg("packed"),
               nb::arg("most_bytes"), nb::arg("ledger_path"), nb::arg("utc_offset_ns"),
               "A recording into an open file; the descriptor is owned by it from here on.");
    module.def("memory_track", &memory_track, nb::arg("tape"), nb::arg("samplerate"),
               nb::arg("utc_offset_ns"), "A recording into memory.");
    module.def(
        "serve",
        [](std::shared_ptr<disk::Track> track) {
            disk::Writer::of_this_process().serve(std::move(track));
        },
        nb::arg("track"), nb::call_guard<nb::gil_scoped_release>(),
        "Let the disk thread take care of a recording.");
    module.def(
        "wake_writer", [] { disk::Writer::of_this_process().wake(); },
        nb::call_guard<nb::gil_scoped_release>());
    module.def(
        "served_tracks", [] { return disk::Writer::of_this_process().served(); },
        nb::call_guard<nb::gil_scoped_release>());
}
