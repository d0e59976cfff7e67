// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

// Python code as a node, with its own latency, in a thread or in another process.
void bind_python_node(nanobind::module_& module);
