// SPDX-License-Identifier: MIT
// Compiles a graph: places its buffers and turns names into pointers. The order of the steps, and
// that there is no loop, is the caller's work (src/tenuto/_graph.py): there the nodes have names.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dsp/connection.h"
#include "dsp/node.h"
#include "rt/graph.h"

namespace tenuto::control {

struct GraphPart {
    std::shared_ptr<dsp::Node> node;
    rt::Graph::Kind kind;
};

struct GraphLink {
    static constexpr int engine = -1;  // the engine's input, or its output

    std::shared_ptr<dsp::Connection> connection;
    int from, to;               // numbers of parts
    std::uint32_t to_first;     // channel of the destination (side inputs lie behind the main one)
    std::vector<int> channels;  // for each from `to_first` on: a channel of the source, or -1: none
};

struct GraphPlan {
    std::uint32_t max_block, in_channels, out_channels;
    std::vector<GraphPart> parts;  // in the order in which they run
    std::vector<GraphLink> links;
};

// [control] Throws std::invalid_argument for what cannot be: a part or channel that is not there.
std::unique_ptr<rt::Graph> build_graph(const GraphPlan& plan);

}  // namespace tenuto::control
