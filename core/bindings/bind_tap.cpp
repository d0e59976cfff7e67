// SPDX-License-Identifier: MIT
#include "bindings/bind_tap.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/shared_ptr.h>

#include "control/bell.h"
#include "control/tape_reader.h"
#include "disk/ledger.h"

namespace nb = nanobind;
using namespace tenuto;

namespace {

using Samples = nb::ndarray<nb::numpy, float, nb::ndim<2>>;

// Frames, place, time in nanoseconds, losses in front of them.
nb::tuple read_piece(control::TapeReader& reader, std::size_t most) {
    const std::size_t width = reader.tape()->channels();
    most = std::max<std::size_t>(1, std::min(most, reader.tape()->samples_fill()));
    auto* data = new float[std::max<std::size_t>(1, most * width)];
    const nb::capsule owner(data, [](void* p) noexcept { delete[] static_cast<float*>(p); });
    const auto piece = reader.read({data, most * width});
    nb::list losses;
    for (const control::Lost& lost : piece.losses)
        losses.append(nb::make_tuple(lost.frame, lost.frames, disk::cause_name(lost.cause),
                                     lost.monotonic_ns));
    return nb::make_tuple(Samples(data, {piece.frames, width}, owner), piece.frame, piece.ns,
                          losses);
}

}  // namespace

void bind_tap(nb::module_& module) {
    nb::class_<control::TapeReader>(module, "TapeReader", "A tape that Python reads.")
        .def(nb::init<std::shared_ptr<rt::Tape>, double>(), nb::arg("tape"), nb::arg("samplerate"))
        .def("read", &read_piece, nb::arg("frames"),
             "What is there, up to the next loss: frames, the first one's place in device time, "
             "when it arrived (monotonic, ns), and losses in front of it.")
        .def("is_ready", &control::TapeReader::is_ready, nb::arg("frames"))
        .def("is_over", &control::TapeReader::is_over)
        .def_prop_ro("frame", &control::TapeReader::frame)
        .def_prop_ro(
            "fill", [](const control::TapeReader& reader) { return reader.tape()->samples_fill(); },
            "Frames that wait to be read.")
        .def(
            "watch",
            [](control::TapeReader& reader, std::size_t frames, double samplerate, int descriptor) {
                control::Bell::of_this_process().watch(reader.tape(), reader.wanted(frames),
                                                       samplerate, descriptor);
            },
            nb::arg("frames"), nb::arg("samplerate"), nb::arg("descriptor"),
            "Signal a descriptor once, as soon as `is_ready` may have become true.");
    module.def(
        "forget_watch", [](int fd) { control::Bell::of_this_process().forget(fd); },
        nb::arg("descriptor"), nb::call_guard<nb::gil_scoped_release>(),
        "Nothing is signalled on a descriptor after this.");
}
