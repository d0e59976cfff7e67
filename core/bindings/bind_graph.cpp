// SPDX-License-Identifier: MIT
#include "bindings/bind_graph.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>
#include <tuple>

#include "control/graph_builder.h"
#include "platform/clock.h"
#include "rt/books.h"
#include "rt/engine.h"
#include "rt/feed_node.h"
#include "rt/tape_node.h"

namespace nb = nanobind;
using namespace tenuto;

namespace {

using PartRow = std::tuple<std::shared_ptr<dsp::Node>, std::string>;
using LinkRow =
    std::tuple<std::shared_ptr<dsp::Connection>, int, int, std::uint32_t, std::vector<int>>;
using Interleaved = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Output = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

rt::Graph::Kind kind_named(const std::string& name) {
    if (name == "run") return rt::Graph::Kind::run;
    if (name == "emit") return rt::Graph::Kind::emit;
    if (name == "absorb") return rt::Graph::Kind::absorb;
    throw std::invalid_argument("there is no step called " + name);
}

std::size_t offer_graph(rt::Engine& engine, std::uint32_t max_block,
                        const std::vector<PartRow>& parts, const std::vector<LinkRow>& links) {
    control::GraphPlan described{
        max_block, engine.settings().in_channels, engine.settings().out_channels, {}, {}};
    for (const auto& [node, kind] : parts) described.parts.push_back({node, kind_named(kind)});
    for (const auto& [connection, from, to, first, channels] : links)
        described.links.push_back({connection, from, to, first, channels});
    auto plan = std::make_unique<rt::Plan>();
    plan->graph = control::build_graph(described);
    const std::size_t bytes = plan->graph->arena_bytes();
    engine.offer(std::move(plan));
    return bytes;
}

// Lets memory come while there is something to compute: the processor itself looks ahead within a
// page only, and a block is about one.
void fetch_ahead([[maybe_unused]] const float* from, [[maybe_unused]] std::size_t count) {
#if defined(__GNUC__)
    constexpr std::size_t line = 64 / sizeof(float);
    for (std::size_t i = 0; i < count; i += line) __builtin_prefetch(from + i);
#endif
}

// As fast as it can, block by block, on the caller's thread: no audio thread may run this engine.
void run_offline(rt::Engine& engine, const Interleaved& in, const Output& out,
                 std::uint32_t blocksize) {
    const std::uint32_t ins = engine.settings().in_channels, outs = engine.settings().out_channels;
    const std::size_t frames = out.shape(0);
    if ((ins > 0 && (in.shape(1) != ins || in.shape(0) != frames)) || out.shape(1) != outs)
        throw nb::value_error("arrays of another shape");
    const nb::gil_scoped_release release;
    const double frame_ns = 1e9 / engine.settings().books.samplerate;
    std::uint64_t at = engine.counts().frames.get();
    for (std::size_t done = 0; done < frames;) {
        const auto some =
            static_cast<std::uint32_t>(std::min<std::size_t>(blocksize, frames - done));
        const auto now = static_cast<std::int64_t>(static_cast<double>(at) * frame_ns) + 1;
        const std::size_t next = std::min<std::size_t>(blocksize, frames - done - some);
        fetch_ahead(in.data() + (done + some) * ins, next * ins);
        fetch_ahead(out.data() + (done + some) * outs, next * outs);
        engine.process({ins > 0 ? in.data() + done * ins : nullptr,
                        outs > 0 ? out.data() + done * outs : nullptr, some, now,
                        static_cast<std::int64_t>(at), now, false});
        done += some;
        at += some;
    }
}

}  // namespace

void bind_graph(nb::module_& module) {
    nb::class_<dsp::Connection>(module, "Connection", "The gain and the presence of one path.")
        .def(nb::new_([](double factor, bool fades_in, double samplerate) {
                 return std::make_shared<dsp::Connection>(factor, fades_in, samplerate);
             }),
             nb::arg("factor"), nb::arg("fades_in"), nb::arg("samplerate"))
        .def_prop_ro("id", &dsp::Connection::id)
        .def(
            "set",
            [](dsp::Connection& self, std::size_t first, const std::vector<double>& values) {
                if (!self.set(first, values)) throw nb::index_error("no such targets");
            },
            nb::arg("first"), nb::arg("values"));

    nb::class_<rt::TapeNode, dsp::Node>(module, "TapeNode", "The end of a branch: to a tape.")
        .def(nb::new_([](std::shared_ptr<rt::Tape> tape, std::uint32_t channels,
                         std::uint32_t max_block, double samplerate) {
                 return std::make_shared<rt::TapeNode>(std::move(tape), channels, max_block,
                                                       samplerate);
             }),
             nb::arg("tape"), nb::arg("channels"), nb::arg("max_block"), nb::arg("samplerate"))
        .def(
            "put",
            [](rt::TapeNode& node, const Interleaved& frames) {
                // As the audio thread would: no engine may run this node.
                rt::Tape& tape = node.tape();
                const auto count = static_cast<std::uint32_t>(frames.shape(0));
                const auto width = static_cast<std::uint32_t>(frames.shape(1));
                if (width != tape.channels()) throw nb::value_error("another number of channels");
                const nb::gil_scoped_release release;
                tape.begin_block(0, platform::monotonic_ns());
                tape.capture(frames.data(), count, width);
                tape.show(rt::Books::no_tag);
            },
            nb::arg("frames"), "Record frames (frames, channels) that no engine brings.");

    nb::class_<rt::FeedNode, dsp::Node>(module, "FeedNode", "Sound that Python puts in.")
        .def(nb::new_([](std::uint32_t channels, std::size_t ring_frames, std::uint32_t max_block,
                         double samplerate) {
                 return std::make_shared<rt::FeedNode>(channels, ring_frames, max_block,
                                                       samplerate);
             }),
             nb::arg("channels"), nb::arg("ring_frames"), nb::arg("max_block"),
             nb::arg("samplerate"))
        .def(
            "write",
            [](rt::FeedNode& node, const Interleaved& frames) {
                if (frames.shape(1) != node.shape().out_channels)
                    throw nb::value_error("another number of channels");
                return node.write({frames.data(), frames.size()});
            },
            nb::arg("frames"), "Put in what fits; returns how many frames.")
        .def("announce_end", &rt::FeedNode::announce_end, nb::arg("ends"))
        .def_prop_ro("free_frames", &rt::FeedNode::free_frames)
        .def_prop_ro("missing", &rt::FeedNode::missing)
        .def_prop_ro("played", &rt::FeedNode::played);

    module.def("offer_graph", &offer_graph, nb::arg("engine"), nb::arg("max_block"),
               nb::arg("parts"), nb::arg("links"),
               "Compile a graph and hand it to the engine's next block; returns the bytes of its "
               "buffers.");
    module.def(
        "schedule",
        [](rt::Engine& engine, std::uint64_t frame, std::uint64_t target, std::uint32_t first,
           const std::vector<double>& values) {
            return engine.schedule(frame, target, first, values);
        },
        nb::arg("engine"), nb::arg("frame"), nb::arg("target"), nb::arg("first"), nb::arg("values"),
        "Change targets at a frame; False when too much is scheduled already.");
    module.def("run_offline", &run_offline, nb::arg("engine"), nb::arg("frames"), nb::arg("out"),
               nb::arg("blocksize"),
               "Run an engine that has no device over an array into another one, as fast as it "
               "can.");
}
