// SPDX-License-Identifier: MIT
#include "bindings/bind_nodes.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "bindings/level_rows.h"
#include "control/node_factory.h"
#include "dsp/meter.h"
#include "platform/denormals.h"
#include "simd/dispatch.h"

namespace nb = nanobind;
using namespace tenuto;

namespace {

using Planar = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Result = nb::ndarray<nb::numpy, float, nb::ndim<2>>;

std::shared_ptr<dsp::Node> make_node(const std::string& kind, double samplerate,
                                     std::uint32_t channels, std::uint32_t max_block,
                                     std::vector<double> targets, std::vector<double> options,
                                     nb::object data) {
    dsp::NodeSetup setup{samplerate,         channels, max_block, std::move(targets),
                         std::move(options), {},       0};
    if (!data.is_none()) {
        const auto planar = nb::cast<Planar>(data);
        setup.data.assign(planar.data(), planar.data() + planar.size());
        setup.data_channels = static_cast<std::uint32_t>(planar.shape(0));
    }
    return control::make_node(kind, setup);
}

// Without a graph: for tests of one node, and to measure what it costs. `in` is planar; side inputs
// beyond its channels are not connected.
Result run_node(dsp::Node& node, const Planar& in, const std::vector<std::uint32_t>& blocks) {
    const std::size_t ins = in.shape(0), frames = in.shape(1), outs = node.shape().out_channels;
    if (ins < node.shape().in_channels) throw nb::value_error("too few channels for this node");
    auto* data = new float[std::max<std::size_t>(1, outs * frames)]();
    const nb::capsule owner(data, [](void* p) noexcept { delete[] static_cast<float*>(p); });
    {
        const nb::gil_scoped_release release;
        const platform::FlushDenormals flush;
        std::vector<const float*> from(
            std::max<std::size_t>(ins, node.shape().in_channels + node.shape().side_channels));
        std::vector<float*> to(outs);
        std::size_t at = 0, turn = 0;
        while (at < frames && !blocks.empty()) {
            const auto some = static_cast<std::uint32_t>(
                std::min<std::size_t>(blocks[turn++ % blocks.size()], frames - at));
            for (std::size_t c = 0; c < ins; ++c) from[c] = in.data() + c * frames + at;
            for (std::size_t c = 0; c < outs; ++c) to[c] = data + c * frames + at;
            node.run({from.data(), to.data(), some, at});
            at += some;
        }
    }
    return Result(data, {outs, frames}, owner);
}

}  // namespace

// Made by make_shared, as tapes are: the last owner may be a plan that is freed without the GIL.
void bind_nodes(nb::module_& module) {
    // Now, so that a level which cannot be had is an error at import, not somewhere later.
    simd::kernels();
    module.def(
        "simd_level", [] { return std::string(simd::kernels().level); },
        "Which kernels are used; the environment's TENUTO_SIMD forces one.");
    module.def("simd_levels", &simd::levels, "What this processor can run, the slowest first.");

    nb::class_<dsp::Node>(module, "Node", "A node of a graph, on the audio thread's side.")
        .def(
            "set",
            [](dsp::Node& node, std::size_t first, const std::vector<double>& values) {
                if (!node.set(first, values)) throw nb::index_error("no such targets");
            },
            nb::arg("first"), nb::arg("values"), "Ask for new targets, from ``first`` on.")
        .def_prop_ro("id", [](const dsp::Node& n) { return n.id(); })
        .def("reset", &dsp::Node::reset, "Forget what was heard; no audio thread may run it.")
        .def_prop_ro("in_channels", [](const dsp::Node& n) { return n.shape().in_channels; })
        .def_prop_ro("side_channels", [](const dsp::Node& n) { return n.shape().side_channels; })
        .def_prop_ro("out_channels", [](const dsp::Node& n) { return n.shape().out_channels; })
        .def_prop_ro("latency_frames", [](const dsp::Node& n) { return n.shape().latency_frames; })
        .def_prop_ro("closes_loops", &dsp::Node::closes_loops)
        .def_prop_ro("target_count", [](const dsp::Node& n) { return n.target_count(); })
        .def_prop_ro("contained", &dsp::Node::contained,
                     "How often its state was forgotten because it was not finite.");

    nb::class_<dsp::Meter, dsp::Node>(module, "Meter", "A node that shows how loud it is.")
        .def(
            "look", [](dsp::Meter& meter) { return level_rows(meter.look()); }, "As `Meters.look`.")
        .def_prop_ro("has_true_peak", &dsp::Meter::has_true_peak);

    module.def("make_node", &make_node, nb::arg("kind"), nb::arg("samplerate"), nb::arg("channels"),
               nb::arg("max_block"), nb::arg("targets"), nb::arg("options"), nb::arg("data").none(),
               "A node of one of the core's kinds.");
    module.def("node_kinds", &control::node_kinds, "The names that `make_node` knows.");
    module.def("run_node", &run_node, nb::arg("node"), nb::arg("planar"), nb::arg("blocks"),
               "Run one node alone over an array (channels, frames), in blocks of these sizes.");
}
