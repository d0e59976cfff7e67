// SPDX-License-Identifier: MIT
#include "bindings/bind_engine.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/level_rows.h"
#include "platform/memory.h"
#include "rt/callback.h"
#include "rt/engine.h"

namespace nb = nanobind;
using namespace tenuto;

namespace {

nb::dict histogram_counts(const rt::Histogram& histogram, double scale = 1) {
    // Only the buckets that hold something: begin in nanoseconds, times `scale` -> count.
    nb::dict counts;
    for (std::size_t i = 0; i < rt::Histogram::buckets; ++i)
        if (const std::uint64_t count = histogram.count(i); count > 0)
            counts[nb::float_(rt::Histogram::edge(i) * scale)] = count;
    return counts;
}

// Median, 90th and 99th percentile as begins of their buckets, and the largest; times `scale`.
nb::tuple histogram_spread(const rt::Histogram& histogram, double scale) {
    std::uint64_t counts[rt::Histogram::buckets], total = 0;
    for (std::size_t i = 0; i < rt::Histogram::buckets; ++i)
        total += counts[i] = histogram.count(i);
    double found[3] = {};
    constexpr double shares[3] = {0.5, 0.9, 0.99};
    std::uint64_t seen = 0;
    for (std::size_t i = 0, next = 0; i < rt::Histogram::buckets && next < 3 && total > 0; ++i) {
        seen += counts[i];
        while (next < 3 && static_cast<double>(seen) >= shares[next] * static_cast<double>(total))
            found[next++] = rt::Histogram::edge(i) * scale;
    }
    return nb::make_tuple(found[0], found[1], found[2],
                          static_cast<double>(histogram.largest()) * scale);
}

nb::dict engine_totals(const rt::Engine& engine) {
    const auto& counts = engine.counts();
    nb::dict out;
    out["callbacks"] = counts.callbacks.get();
    out["frames"] = counts.frames.get();
    out["late"] = counts.late.get();
    out["flagged"] = counts.flagged.get();
    out["losses"] = counts.losses.get();
    out["lost_frames"] = counts.lost_frames.get();
    out["graph_frames"] = counts.graph_frames.get();
    out["not_finite"] = counts.not_finite.get();
    out["late_events"] = counts.late_events.get();
    out["lost_events"] = counts.lost_events.get();
    out["first_callback_ns"] = counts.first_callback_ns.get();
    out["last_callback_ns"] = counts.last_callback_ns.get();
    out["thread"] = counts.thread.get();
    out["output_thread"] = counts.output_thread.get();
    out["true_samplerate"] = counts.true_samplerate.get();
    out["blocksize"] = counts.blocksize.get();
    return out;
}

nb::dict engine_counts(const rt::Engine& engine) {
    nb::dict out = engine_totals(engine);
    out["lateness_ns"] = histogram_counts(engine.lateness());
    out["lateness_max_ns"] = engine.lateness().largest();
    out["duration_ns"] = histogram_counts(engine.duration());
    out["duration_max_ns"] = engine.duration().largest();
    return out;
}

void offer_plan(rt::Engine& engine, std::shared_ptr<rt::Tape> tape,
                std::shared_ptr<rt::Meters> meters, float monitor_gain) {
    auto plan = std::make_unique<rt::Plan>();
    plan->tape = std::move(tape);
    plan->meters = std::move(meters);
    plan->monitor_gain = monitor_gain;
    engine.offer(std::move(plan));
}

// Shows the disk thread the end of the recording; with a time, the device is gone and what is
// missing until then belongs to the recording.
void close_tape(rt::Engine& engine, rt::Tape& tape, std::optional<std::int64_t> gone_until_ns,
                std::int64_t device_frame) {
    if (!gone_until_ns) return engine.close(tape, nullptr);
    const rt::Loss last = engine.missing_until(*gone_until_ns, device_frame);
    engine.close(tape, &last);
}

// A message handler that says nothing; safe on any thread, whatever it is given.
void ignore() noexcept {}

}  // namespace

// Tapes, meters and tracks are made by make_shared and find their owner through
// enable_shared_from_this. Made by Python, the last owner would have to take the GIL to let go of
// one, and that may be the disk thread: it must not wait for Python.
void bind_engine(nb::module_& module) {
    nb::class_<rt::Meters>(module, "Meters", "Peak, RMS and clip count per channel.")
        .def(nb::new_([](std::uint32_t channels, double samplerate) {
                 return std::make_shared<rt::Meters>(channels, samplerate);
             }),
             nb::arg("channels"), nb::arg("samplerate"))
        .def(
            "look", [](rt::Meters& meters) { return level_rows(meters.look()); },
            "Per channel: peak since the last look, peak with hold, largest peak, mean square, "
            "sum of squares, clipped samples, frames, true peak since the last look, largest true "
            "peak (0 where it is not measured).");

    nb::class_<rt::Tape>(module, "Tape", "The audio thread's end of one recording.")
        .def(nb::new_([](std::size_t ring, std::vector<std::uint32_t> picks, std::uint64_t limit) {
                 return std::make_shared<rt::Tape>(ring, std::move(picks), limit);
             }),
             nb::arg("ring_frames"), nb::arg("picks"), nb::arg("limit"))
        .def("record", [](rt::Tape& tape) { tape.set_mode(rt::Tape::Mode::recording); })
        .def("pause", [](rt::Tape& tape) { tape.set_mode(rt::Tape::Mode::paused); })
        .def("finish", [](rt::Tape& tape) { tape.set_mode(rt::Tape::Mode::done); })
        .def(
            "close", [](rt::Tape& tape) { tape.close({}); },
            "Show the disk thread the end; no audio thread may run it.")
        .def("seal", &rt::Tape::seal, "The same while the audio thread runs it, done and settled.")
        .def_prop_ro("is_done", [](const rt::Tape& t) { return t.mode() == rt::Tape::Mode::done; })
        .def_prop_ro("is_closed", &rt::Tape::is_closed)
        .def_prop_ro("frames", &rt::Tape::frames, "Device time taken: in the ring or lost.")
        .def_prop_ro("lost_frames", &rt::Tape::lost_frames)
        .def_prop_ro("free_frames", &rt::Tape::free_frames)
        .def_prop_ro("ring_frames", &rt::Tape::samples_capacity)
        .def(
            "lock_memory",
            [](rt::Tape& tape) {
                return platform::lock_memory(tape.samples().memory(),
                                             tape.samples().memory_bytes());
            },
            "Keep the ring out of the swap; False when the system does not allow it.");

    nb::class_<rt::Engine>(module, "Engine", "What the audio thread runs.")
        .def(
            "__init__",
            [](rt::Engine* self, std::uint32_t ins, std::uint32_t outs, double samplerate,
               std::uint32_t blocksize, std::uint32_t quantum, bool separate_output,
               double wobble_blocks, std::size_t event_slots) {
                new (self) rt::Engine({ins,
                                       outs,
                                       {samplerate, blocksize, quantum, wobble_blocks},
                                       separate_output,
                                       event_slots});
            },
            nb::arg("in_channels"), nb::arg("out_channels"), nb::arg("samplerate"),
            nb::arg("blocksize") = 0, nb::arg("loss_quantum") = 1,
            nb::arg("separate_output") = false, nb::arg("wobble_blocks") = 0.5,
            nb::arg("event_slots") = 16384)
        .def_prop_ro(
            "address", [](rt::Engine& e) { return reinterpret_cast<std::uintptr_t>(&e); },
            "For the device library's user pointer.")
        .def("offer", &offer_plan, nb::arg("tape").none(), nb::arg("meters").none(),
             nb::arg("monitor_gain"), "A new plan for the next block.")
        .def("is_taken", &rt::Engine::is_taken)
        .def("device_returns", &rt::Engine::device_returns)
        .def("close_tape", &close_tape, nb::arg("tape"), nb::arg("gone_until_ns").none(),
             nb::arg("device_frame"))
        .def("counts", &engine_counts)
        .def(
            "summary",
            [](const rt::Engine& engine) {
                nb::dict out = engine_totals(engine);
                out["lateness"] = histogram_spread(engine.lateness(), 1e-9);
                out["duration"] = histogram_spread(engine.duration(), 1e-9);
                out["lateness_counts"] = histogram_counts(engine.lateness(), 1e-9);
                return out;
            },
            "As `counts`, with percentiles in place of histograms; in seconds.");

    module.def(
        "miniaudio_callbacks",
        [](std::size_t user_offset) {
            rt::set_miniaudio_user_offset(user_offset);
            return nb::make_tuple(reinterpret_cast<std::uintptr_t>(&rt::miniaudio_callback),
                                  reinterpret_cast<std::uintptr_t>(&rt::miniaudio_play_callback));
        },
        nb::arg("user_offset"),
        "Addresses of the native callbacks for miniaudio's input and output devices.");
    module.def(
        "ignore_message", [] { return reinterpret_cast<std::uintptr_t>(&ignore); },
        "Address of a native message handler that does nothing.");
    module.def(
        "portaudio_callback",
        [] { return reinterpret_cast<std::uintptr_t>(&rt::portaudio_callback); },
        "Address of the native callback for PortAudio streams.");
}
