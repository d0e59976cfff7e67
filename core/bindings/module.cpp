// SPDX-License-Identifier: MIT
// The Python module `tenuto._core`. Nothing in here runs on the audio or the disk thread.
#include <nanobind/nanobind.h>

#include "bindings/bind_disk.h"
#include "bindings/bind_engine.h"
#include "bindings/bind_graph.h"
#include "bindings/bind_kernel.h"
#include "bindings/bind_nodes.h"
#include "bindings/bind_platform.h"
#include "bindings/bind_player.h"
#include "bindings/bind_python_node.h"
#include "bindings/bind_tap.h"
#include "bindings/bind_virtual.h"

NB_MODULE(_core, module) {
    module.doc() = "The part of tenuto that must run without Python.";
    // Audio objects may outlive the interpreter's last sweep (a callback is still attached): not
    // worth a message to the user at exit.
    nanobind::set_leak_warnings(false);
    bind_platform(module);
    bind_engine(module);
    bind_nodes(module);
    bind_graph(module);
    bind_kernel(module);
    bind_disk(module);
    bind_player(module);
    bind_tap(module);
    bind_python_node(module);
    bind_virtual(module);
}
