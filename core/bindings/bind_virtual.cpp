// SPDX-License-Identifier: MIT
#include "bindings/bind_virtual.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <tuple>

#include "control/virtual_device.h"

namespace nb = nanobind;
using namespace tenuto;

namespace {

using Source = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using FaultRow = std::tuple<std::string, std::uint64_t, std::uint64_t>;

control::VirtualSettings::Input input_named(const std::string& name) {
    using Settings = control::VirtualSettings;
    if (name == "samples") return Settings::samples;
    if (name == "loopback") return Settings::loopback;
    if (name == "index") return Settings::index;
    return Settings::silence;
}

control::Fault fault_of(const FaultRow& row) {
    const auto& [kind, at, frames] = row;
    const auto which = kind == "stall"    ? control::Fault::stall
                       : kind == "unplug" ? control::Fault::unplug
                                          : control::Fault::xrun;
    return {which, at, frames};
}

}  // namespace

void bind_virtual(nb::module_& module) {
    nb::class_<control::VirtualDevice>(module, "VirtualDevice", "A device without hardware.")
        .def(
            "__init__",
            [](control::VirtualDevice* self, rt::Engine& engine, const std::string& input,
               nb::object source, std::uint32_t blocksize, bool tells_position, double drift_ppm,
               double jitter_seconds, std::uint64_t seed, const std::vector<FaultRow>& faults) {
                control::VirtualSettings settings;
                settings.input = input_named(input);
                if (!source.is_none()) {
                    const auto samples = nb::cast<Source>(source);
                    settings.source.assign(samples.data(), samples.data() + samples.size());
                }
                settings.blocksize = blocksize;
                settings.tells_position = tells_position;
                settings.drift_ppm = drift_ppm;
                settings.jitter_seconds = jitter_seconds;
                settings.seed = seed;
                for (const FaultRow& row : faults) settings.faults.push_back(fault_of(row));
                new (self) control::VirtualDevice(engine, std::move(settings));
            },
            nb::keep_alive<1, 2>(), nb::arg("engine"), nb::arg("input"), nb::arg("source").none(),
            nb::arg("blocksize"), nb::arg("tells_position"), nb::arg("drift_ppm"),
            nb::arg("jitter_seconds"), nb::arg("seed"), nb::arg("faults"))
        .def("start", &control::VirtualDevice::start, nb::call_guard<nb::gil_scoped_release>())
        .def("stop", &control::VirtualDevice::stop, nb::call_guard<nb::gil_scoped_release>())
        .def("step", &control::VirtualDevice::step, nb::arg("frames"), nb::arg("tape").none(),
             nb::call_guard<nb::gil_scoped_release>())
        .def("attach", &control::VirtualDevice::attach)
        .def_prop_ro("position", &control::VirtualDevice::position)
        .def_prop_ro("is_present", &control::VirtualDevice::is_present)
        .def_prop_ro("is_lost", &control::VirtualDevice::is_lost)
        .def_prop_ro("now_ns", &control::VirtualDevice::now_ns);
}
