// SPDX-License-Identifier: MIT
#include "bindings/bind_platform.h"

#include <nanobind/stl/string.h>

#include "platform/clock.h"
#include "platform/process.h"
#include "platform/thread.h"

namespace nb = nanobind;

void bind_platform(nb::module_& module) {
    using namespace tenuto::platform;

    nb::class_<Scheduling>(module, "Scheduling", "How the kernel schedules a thread right now.")
        .def_ro("policy", &Scheduling::policy, "For instance ``\"SCHED_FIFO\"``.")
        .def_ro("priority", &Scheduling::priority, "Linux: 1 to 99 when real-time, else 0.")
        .def_ro("error", &Scheduling::error, "An errno name; empty when the call succeeded.")
        .def_ro("cpu", &Scheduling::cpu, "The only processor allowed; -1 when several are.")
        .def("__repr__", [](const Scheduling& self) {
            return "Scheduling(policy='" + self.policy +
                   "', priority=" + std::to_string(self.priority) + ", error='" + self.error +
                   "', cpu=" + std::to_string(self.cpu) + ")";
        });

    // None of these waits for anything but the kernel's answer, so the GIL is simply kept.
    module.def("monotonic_ns", &monotonic_ns,
               "Nanoseconds on the clock that the core schedules and measures by.");
    module.def("process_id", &process_id, "The calling process, as the core sees it.");
    module.def("current_thread", &current_thread,
               "The calling thread's handle; equals ``threading.get_ident()``.");
    module.def("kernel_id", &kernel_id, nb::arg("thread"),
               "The kernel's number for a live thread, or -1.");
    module.def("read_scheduling", &read_scheduling, nb::arg("thread"),
               "Ask the kernel how it schedules a live thread.");
    module.def("request_realtime", &request_realtime, nb::arg("thread"), nb::arg("policy"),
               nb::arg("priority"),
               "Ask for ``\"SCHED_FIFO\"`` or ``\"SCHED_RR\"`` for a live thread; says what it has "
               "afterwards.");
    module.def("pin", &pin, nb::arg("thread"), nb::arg("cpu"),
               "Tie a live thread to one processor; says what it has afterwards.");
}
