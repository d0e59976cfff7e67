// SPDX-License-Identifier: MIT
#include "bindings/bind_python_node.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "platform/clock.h"
#include "rt/python_node.h"

namespace nb = nanobind;
using namespace tenuto;

namespace {

using Fact = shared::Exchange::Fact;
using Samples = nb::ndarray<nb::numpy, float, nb::ndim<2>>;
using Answer = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// The worker's end, in whichever process it is.
class Worker {
  public:
    explicit Worker(std::shared_ptr<shared::Exchange> exchange)
        : exchange_(std::move(exchange)), there_(exchange_->there()), back_(exchange_->back()) {}

    void begin() { exchange_->begin(); }

    // Looks now and then, without the GIL: nobody signals it. At most a millisecond, and a small
    // part of a chunk.
    bool wait(double seconds) {
        const nb::gil_scoped_release release;
        const auto& shape = exchange_->shape();
        const double chunk_ns = shape.chunk_frames * 1e9 / shape.samplerate;
        const auto pause = static_cast<std::int64_t>(std::clamp(chunk_ns / 16, 1e5, 1e6));
        const std::int64_t until =
            platform::monotonic_ns() + static_cast<std::int64_t>(seconds * 1e9);
        for (;;) {
            if (there_.fill() > 0) return true;
            const std::int64_t now = platform::monotonic_ns();
            if (now >= until) return false;
            platform::sleep_until_ns(std::min(until, now + pause));
        }
    }

    // The next chunk whose answer can still be heard.
    std::optional<std::tuple<std::uint64_t, Samples>> take() {
        std::uint64_t chunk = 0;
        for (const float* from = there_.front(chunk); from != nullptr; from = there_.front(chunk)) {
            if (exchange_->is_stale(chunk)) {
                there_.release();
                add(Fact::stale, 1);
                continue;
            }
            const std::size_t frames = exchange_->shape().chunk_frames;
            const std::size_t width = exchange_->shape().in_channels;
            auto* data = new float[frames * width];
            const nb::capsule owner(data,
                                    [](void* p) noexcept { delete[] static_cast<float*>(p); });
            std::copy_n(from, frames * width, data);
            exchange_->set_fact(Fact::busy, chunk + 1);
            there_.release();
            began_ns_ = platform::monotonic_ns();
            return std::make_tuple(chunk, Samples(data, {frames, width}, owner));
        }
        return std::nullopt;
    }

    void give(std::uint64_t chunk, const Answer& answer) {
        const auto& shape = exchange_->shape();
        if (answer.shape(0) != shape.chunk_frames || answer.shape(1) != shape.out_channels)
            throw nb::value_error("another shape than that of the chunks");
        if (float* to = back_.free_slot()) {
            std::copy_n(answer.data(), answer.size(), to);
            back_.publish(chunk);
        }
        add(Fact::answered, 1);
        end();
    }

    void fail() {
        add(Fact::failed, 1);
        end();
    }

  private:
    void add(Fact fact, std::uint64_t amount) {
        exchange_->set_fact(fact, exchange_->fact(fact) + amount);
    }
    void end() {
        const auto spent = static_cast<std::uint64_t>(platform::monotonic_ns() - began_ns_);
        add(Fact::spent_ns, spent);
        exchange_->set_fact(Fact::longest_ns, std::max(spent, exchange_->fact(Fact::longest_ns)));
        exchange_->set_fact(Fact::busy, 0);
    }

    std::shared_ptr<shared::Exchange> exchange_;
    shared::Lane there_, back_;
    std::int64_t began_ns_ = 0;
};

}  // namespace

void bind_python_node(nb::module_& module) {
    nb::class_<shared::Exchange>(module, "Exchange", "Chunks to a worker and back.")
        .def(nb::new_([](std::uint32_t ins, std::uint32_t outs, std::uint32_t chunk_frames,
                         std::uint32_t slots, std::uint64_t latency_frames, double samplerate,
                         bool shared) {
                 auto made = std::make_shared<shared::Exchange>(shared::Exchange::make(
                     {ins, outs, chunk_frames, slots, latency_frames, samplerate}, shared));
                 if (!made->is_valid()) throw std::runtime_error("no memory to share");
                 return made;
             }),
             nb::arg("in_channels"), nb::arg("out_channels"), nb::arg("chunk_frames"),
             nb::arg("slots"), nb::arg("latency_frames"), nb::arg("samplerate"), nb::arg("shared"))
        .def_static(
            "attach",
            [](int descriptor) {
                auto found =
                    std::make_shared<shared::Exchange>(shared::Exchange::attach(descriptor));
                if (!found->is_whole()) throw std::runtime_error("this is no exchange's memory");
                return found;
            },
            nb::arg("descriptor"), "One that another process made.")
        .def_prop_ro("descriptor", &shared::Exchange::descriptor, "-1: it is not shared.")
        .def_prop_ro(
            "waiting", [](const shared::Exchange& e) { return e.there().waiting(); },
            "Chunks that no worker has taken yet.")
        .def("facts", [](const shared::Exchange& exchange) {
            nb::dict out;
            out["busy"] = exchange.fact(Fact::busy);
            out["answered"] = exchange.fact(Fact::answered);
            out["failed"] = exchange.fact(Fact::failed);
            out["stale"] = exchange.fact(Fact::stale);
            out["spent_ns"] = exchange.fact(Fact::spent_ns);
            out["longest_ns"] = exchange.fact(Fact::longest_ns);
            return out;
        });

    nb::class_<Worker>(module, "Worker", "The worker's end of an exchange.")
        .def(nb::init<std::shared_ptr<shared::Exchange>>(), nb::arg("exchange"))
        .def("begin", &Worker::begin)
        .def("wait", &Worker::wait, nb::arg("seconds"), "True when a chunk is there.")
        .def("take", &Worker::take, "Number and frames of the next chunk, or None.")
        .def("give", &Worker::give, nb::arg("chunk"), nb::arg("answer"))
        .def("fail", &Worker::fail, "There is no answer to what was taken.");

    nb::class_<rt::PythonNode, dsp::Node>(module, "PythonNode", "A node that a worker answers for.")
        .def(nb::new_([](std::shared_ptr<shared::Exchange> exchange, std::uint32_t max_block,
                         bool passes) {
                 return std::make_shared<rt::PythonNode>(std::move(exchange), max_block, passes);
             }),
             nb::arg("exchange"), nb::arg("max_block"), nb::arg("passes"))
        .def_prop_ro("late", &rt::PythonNode::late)
        .def_prop_ro("left_out", &rt::PythonNode::left_out)
        .def_prop_ro("played", &rt::PythonNode::played);
}
