// SPDX-License-Identifier: MIT
#include "bindings/bind_player.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/bind_disk.h"
#include "disk/reader.h"
#include "dsp/player.h"

namespace nb = nanobind;
using namespace tenuto;

namespace {

using Samples = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// All of them made by make_shared: the last owner may be the disk thread, without the GIL.
std::shared_ptr<disk::Source> file_source(const nb::dict& api, const nb::bytes& path,
                                          std::uint32_t channels, int samplerate) {
    return std::make_shared<disk::FileSource>(file_api(api), std::string(path.c_str(), path.size()),
                                              channels, samplerate);
}

std::shared_ptr<disk::Source> memory_source(const Samples& samples) {
    return std::make_shared<disk::MemorySource>(
        std::vector<float>(samples.data(), samples.data() + samples.size()),
        static_cast<std::uint32_t>(samples.shape(1)));
}

std::shared_ptr<disk::PushSource> push_source(std::uint32_t channels, double step,
                                              std::int64_t frames, std::size_t room_frames) {
    return std::make_shared<disk::PushSource>(channels, step, frames, room_frames);
}

std::shared_ptr<disk::Deck> make_deck(std::size_t ring_frames, std::size_t reserve_frames,
                                      std::uint32_t channels) {
    auto deck = std::make_shared<disk::Deck>(ring_frames, reserve_frames, channels);
    disk::Reader::of_this_process().serve(deck);
    return deck;
}

std::shared_ptr<dsp::Node> make_player(const std::shared_ptr<disk::Deck>& deck, double samplerate,
                                       std::uint32_t max_block, std::vector<double> targets) {
    if (targets.size() < 2 || !(samplerate > 0)) throw nb::value_error("too few targets");
    dsp::NodeSetup setup;
    setup.samplerate = samplerate;
    setup.channels = deck->feed().channels();
    setup.max_block = max_block;
    setup.targets = std::move(targets);
    return std::make_shared<dsp::Player>(setup, deck->shared_feed(), deck);
}

void set_rules(disk::Deck& deck, std::vector<std::uint32_t> order, bool repeat, bool loop,
               std::uint32_t span_item, std::int64_t a, std::int64_t b, bool at_once) {
    deck.set_rules({std::move(order), repeat, loop, span_item, a, b}, at_once);
    disk::Reader::of_this_process().wake();
}

nb::dict deck_state(disk::Deck& deck) {
    const dsp::PlayerState state = deck.state();
    const disk::Deck::Readiness ready = deck.readiness();
    nb::dict out;
    out["engine_frame"] = state.engine_frame;
    out["frame"] = state.frame;
    out["step"] = state.step;
    out["played"] = state.played;
    out["underruns"] = state.underruns;
    out["silent_frames"] = state.silent_frames;
    out["item"] = state.item;
    out["is_sounding"] = state.is_sounding;
    out["is_at_end"] = state.is_at_end;
    out["is_seeking"] = deck.is_seeking();
    out["ready_frames"] = ready.frames;
    out["is_complete"] = ready.is_complete;
    return out;
}

nb::list deck_troubles(disk::Deck& deck) {
    nb::list out;
    for (const auto& trouble : deck.troubles())
        out.append(
            nb::make_tuple(trouble.item, nb::bytes(trouble.what.data(), trouble.what.size())));
    return out;
}

}  // namespace

void bind_player(nb::module_& module) {
    nb::class_<disk::Source>(module, "Source", "Where a player's sound comes from.")
        .def_prop_ro("frames", &disk::Source::frames)
        .def_prop_ro("channels", &disk::Source::channels)
        .def_prop_ro("step", &disk::Source::step);
    nb::class_<disk::PushSource, disk::Source>(module, "PushSource", "Sound that a worker makes.")
        .def(
            "order",
            [](const disk::PushSource& source) {
                const auto order = source.order();
                return nb::make_tuple(order.number, order.frame, order.room);
            },
            "Number of the order, the frame to begin with, and how many frames are wanted now.")
        .def(
            "push",
            [](disk::PushSource& source, std::uint64_t number, const Samples& samples, bool is_end,
               const std::string& error) {
                bool taken;
                {
                    const nb::gil_scoped_release release;
                    taken = source.push(number, {samples.data(), samples.size()}, is_end, error);
                }
                disk::Reader::of_this_process().wake();
                return taken;
            },
            nb::arg("number"), nb::arg("samples"), nb::arg("is_end"), nb::arg("error"),
            "Bring the next frames; False when they are not wanted any more.");

    nb::class_<disk::Deck>(module, "Deck", "What fills one player, ahead of time.")
        .def("add", &disk::Deck::add, nb::arg("source"))
        .def("replace", &disk::Deck::replace, nb::arg("item"), nb::arg("source"))
        .def("set_rules", &set_rules, nb::arg("order"), nb::arg("repeat"), nb::arg("loop"),
             nb::arg("span_item"), nb::arg("a"), nb::arg("b"), nb::arg("at_once"))
        .def(
            "seek",
            [](disk::Deck& deck, std::uint32_t item, std::int64_t frame) {
                deck.seek(item, frame);
                disk::Reader::of_this_process().wake();
            },
            nb::arg("item"), nb::arg("frame"))
        .def("state", &deck_state)
        .def("troubles", &deck_troubles, "Tuples of item and what went wrong, since the last time.")
        .def(
            "wait_for_work",
            [](disk::Deck& deck, double seconds) { return deck.bell().wait(seconds); },
            nb::arg("seconds"), nb::call_guard<nb::gil_scoped_release>(),
            "Wait until a source of a worker wants something.")
        .def("wake_worker", [](disk::Deck& deck) { deck.bell().ring(); });

    module.def("file_source", &file_source, nb::arg("api"), nb::arg("path"), nb::arg("channels"),
               nb::arg("samplerate"), "A sound file at the engine's rate.");
    module.def("memory_source", &memory_source, nb::arg("samples"),
               "Sound in memory (it is copied), shape (frames, channels).");
    module.def("push_source", &push_source, nb::arg("channels"), nb::arg("step"), nb::arg("frames"),
               nb::arg("room_frames"), "Sound that a worker makes.");
    module.def("make_deck", &make_deck, nb::arg("ring_frames"), nb::arg("reserve_frames"),
               nb::arg("channels"), "A deck that the disk thread serves.");
    module.def("make_player", &make_player, nb::arg("deck"), nb::arg("samplerate"),
               nb::arg("max_block"), nb::arg("targets"), "The node that plays a deck.");
    module.def(
        "served_players", [] { return disk::Reader::of_this_process().served(); },
        nb::call_guard<nb::gil_scoped_release>());
    module.def(
        "wake_reader", [] { disk::Reader::of_this_process().wake(); },
        nb::call_guard<nb::gil_scoped_release>());
}
