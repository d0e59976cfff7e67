// SPDX-License-Identifier: MIT
#include "bindings/bind_kernel.h"

#include "dsp/kernel.h"

namespace nb = nanobind;
using tenuto::dsp::Kernel;

void bind_kernel(nb::module_& module) {
    nb::class_<Kernel, tenuto::dsp::Node>(module, "KernelNode",
                                          "A node that calls a function from outside.")
        .def("watch", &Kernel::watch, nb::arg("share"),
             "Bypass it when it repeatedly takes more than this share of a block's time; 0: never.")
        .def("rearm", &Kernel::rearm, "Let it run again after it was bypassed.")
        .def("ask_reset", &Kernel::ask_reset, "Forget what was heard, at the next block.")
        .def_prop_ro("is_bypassed", &Kernel::is_bypassed)
        .def_prop_ro("bypasses", &Kernel::bypasses, "How often it was bypassed.")
        .def_prop_ro("late", &Kernel::late, "Watched blocks that took too long.")
        .def_prop_ro("worst_ns", &Kernel::worst_ns, "The longest watched block.")
        .def_prop_ro("failed", &Kernel::failed, "Calls in which the function gave up.")
        .def_prop_ro("failure", &Kernel::failure, "The number that it gave up with last.");
}
