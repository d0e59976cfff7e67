// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

void bind_nodes(nanobind::module_& module);
