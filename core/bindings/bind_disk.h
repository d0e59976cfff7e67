// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

#include "disk/file_api.h"

// [control] libsndfile's functions, from the addresses in a dict.
tenuto::disk::FileApi file_api(const nanobind::dict& table);

// [control] Adds this area's classes to the module.
void bind_disk(nanobind::module_& module);
