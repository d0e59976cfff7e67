// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

void bind_graph(nanobind::module_& module);
