// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

// [control] Adds this area's classes to the module.
void bind_player(nanobind::module_& module);
