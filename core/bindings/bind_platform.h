// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

// [control] Adds platform/ to the module: the clock, and a thread's scheduling.
void bind_platform(nanobind::module_& module);
