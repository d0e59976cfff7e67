// SPDX-License-Identifier: MIT
// Nodes by name: the one list of all kinds.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dsp/node.h"

namespace tenuto::control {

// [control] Builds a node of a kind; throws std::invalid_argument for an unknown one or a setup
// that does not fit it.
std::shared_ptr<dsp::Node> make_node(const std::string& kind, const dsp::NodeSetup& setup);

// [control] The names of all kinds.
std::vector<std::string> node_kinds();

}  // namespace tenuto::control
