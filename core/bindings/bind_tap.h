// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

// Blocks to Python: the tape's reader, and who wakes it.
void bind_tap(nanobind::module_& module);
