// SPDX-License-Identifier: MIT
// What the audio thread does with each block. Built on [control], handed over whole, given back to
// [control] to be freed.
#pragma once

#include <cstdint>
#include <memory>  // layer: the audio thread only reads through the pointers; control frees

#include "rt/graph.h"
#include "rt/meters.h"
#include "rt/tape.h"

namespace tenuto::rt {

struct Plan {
    std::shared_ptr<Tape> tape;      // where the input is recorded, or none
    std::shared_ptr<Meters> meters;  // of the tape's channels, or none
    std::unique_ptr<Graph> graph;    // what is computed from input to output, or none
    float monitor_gain = 0;          // the recorded channels are heard this loud; 0: not at all
};

}  // namespace tenuto::rt
