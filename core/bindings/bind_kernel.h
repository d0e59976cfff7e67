// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

// After `bind_nodes`: a kernel is a node.
void bind_kernel(nanobind::module_& module);
