// SPDX-License-Identifier: MIT
#include "control/graph_builder.h"

#include <algorithm>
#include <stdexcept>

#include "rt/tape_node.h"

namespace tenuto::rt {

// Fills a Graph. Buffers are numbers first (an arena's size is known at the end), pointers then.
struct GraphMaker {
    const control::GraphPlan& plan;
    std::unique_ptr<Graph> graph{new Graph};
    std::size_t buffers = 1;  // buffer 0 stays silent
    std::vector<std::size_t> free;
    std::vector<std::size_t> input, last_use;  // last_use of part i at i + 1; of the input at 0
    std::vector<std::vector<std::size_t>> outputs;
    struct Place {
        std::size_t mixed, direct;  // 0: none
    };
    std::vector<Place> places;  // beside graph->ins_
    struct Way {
        std::size_t from, to;
    };
    std::vector<Way> ways;                // beside graph->paths_
    std::vector<std::size_t> out_places;  // beside graph->outs_

    explicit GraphMaker(const control::GraphPlan& given) : plan(given) {}

    std::size_t take() {
        if (free.empty()) return buffers++;
        const std::size_t buffer = free.back();
        free.pop_back();
        return buffer;
    }
    void give_back(const std::vector<std::size_t>& some) {
        free.insert(free.end(), some.begin(), some.end());
    }
    const std::vector<std::size_t>& source(int part) const {
        return part == control::GraphLink::engine ? input : outputs[static_cast<std::size_t>(part)];
    }

    void check() const {
        const int count = static_cast<int>(plan.parts.size());
        for (const auto& link : plan.links) {
            const auto width = [&](int part, bool in) {
                if (part == control::GraphLink::engine)
                    return in ? plan.out_channels : plan.in_channels;
                const auto& shape = plan.parts[static_cast<std::size_t>(part)].node->shape();
                return in ? shape.in_channels + shape.side_channels : shape.out_channels;
            };
            if (link.from < -1 || link.to < -1 || link.from >= count || link.to >= count)
                throw std::invalid_argument("a connection names a part that is not there");
            if (link.to_first + link.channels.size() > width(link.to, true))
                throw std::invalid_argument("a connection names an input that is not there");
            const std::uint32_t main =
                link.to == control::GraphLink::engine
                    ? plan.out_channels
                    : plan.parts[static_cast<std::size_t>(link.to)].node->shape().in_channels;
            const std::size_t end = link.to_first + link.channels.size();
            if (link.to_first < main ? end > main : link.channels.size() > 1)
                throw std::invalid_argument("a connection goes into two inputs at once");
            for (const int channel : link.channels)
                if (channel < -1 || channel >= static_cast<int>(width(link.from, false)))
                    throw std::invalid_argument("a connection names an output that is not there");
        }
    }

    void find_last_uses() {
        last_use.assign(plan.parts.size() + 1, 0);
        for (const auto& link : plan.links) {
            const std::size_t end = plan.parts.size();
            const std::size_t use =
                link.to == control::GraphLink::engine ? end : static_cast<std::size_t>(link.to);
            auto& last = last_use[static_cast<std::size_t>(link.from) + 1];
            last = std::max(last, use);
        }
    }

    // Channels `first` to `first + count` of a part's input as one inlet.
    void add_inlet(int to, std::uint32_t first, std::uint32_t count,
                   std::vector<std::size_t>& used) {
        Graph::Inlet inlet{static_cast<std::uint32_t>(places.size()), count,
                           static_cast<std::uint32_t>(graph->joins_.size()), 0, false};
        places.resize(places.size() + count, Place{0, 0});
        std::vector<const control::GraphLink*> mine;
        for (const auto& link : plan.links)
            if (link.to == to && link.to_first >= first && link.to_first < first + count)
                mine.push_back(&link);
        if (mine.size() == 1) {
            std::uint32_t reached = 0;
            for (const int channel : mine[0]->channels) reached += channel >= 0 ? 1 : 0;
            inlet.may_be_direct = reached == count;
        }
        if (!mine.empty()) {
            for (std::uint32_t c = 0; c < count; ++c) {
                const std::size_t buffer = take();
                places[inlet.first_channel + c].mixed = buffer;
                used.push_back(buffer);
            }
        }
        for (const auto* link : mine) {
            Graph::Join join{link->connection.get(), static_cast<std::uint32_t>(ways.size()), 0};
            for (std::size_t i = 0; i < link->channels.size(); ++i) {
                if (link->channels[i] < 0) continue;
                auto& place = places[inlet.first_channel + (link->to_first - first) + i];
                const std::size_t from =
                    source(link->from)[static_cast<std::size_t>(link->channels[i])];
                ways.push_back({from, place.mixed});
                if (inlet.may_be_direct) place.direct = from;
                ++join.path_count;
            }
            graph->joins_.push_back(join);
            ++inlet.join_count;
        }
        graph->inlets_.push_back(inlet);
    }

    void add_part(std::size_t index) {
        const auto& part = plan.parts[index];
        const auto& shape = part.node->shape();
        Graph::Step step{part.node.get(),
                         part.kind,
                         static_cast<std::uint32_t>(places.size()),
                         static_cast<std::uint32_t>(out_places.size()),
                         static_cast<std::uint32_t>(graph->inlets_.size()),
                         0};
        std::vector<std::size_t> used;
        if (part.kind != Graph::Kind::emit) {
            const int to = static_cast<int>(index);
            if (shape.in_channels > 0) add_inlet(to, 0, shape.in_channels, used);
            for (std::uint32_t s = 0; s < shape.side_channels; ++s)
                add_inlet(to, shape.in_channels + s, 1, used);
        }
        step.inlet_count = static_cast<std::uint32_t>(graph->inlets_.size()) - step.first_inlet;
        if (part.kind != Graph::Kind::absorb) {
            for (std::uint32_t c = 0; c < shape.out_channels; ++c) outputs[index].push_back(take());
            out_places.insert(out_places.end(), outputs[index].begin(), outputs[index].end());
        }
        graph->steps_.push_back(step);
        give_back(used);
        // What nobody reads behind this step is free for the next one.
        if (last_use[0] == index) give_back(input);
        for (std::size_t i = 0; i <= index; ++i)
            if (std::max(last_use[i + 1], i) == index) give_back(outputs[i]);
    }

    void place() {
        // A whole number of cache lines each, and one more, so that equal places of neighbouring
        // buffers do not compete for the same set of the cache.
        const std::size_t stride = (plan.max_block + 15) / 16 * 16 + 16;
        graph->arena_ = platform::AlignedBuffer(buffers * stride * sizeof(float));
        platform::prefault(graph->arena_.data(), graph->arena_.size());
        platform::lock_memory(graph->arena_.data(), graph->arena_.size());
        float* base = graph->arena_.as<float>();
        const auto at = [&](std::size_t buffer) { return base + buffer * stride; };
        for (const std::size_t buffer : input) graph->input_.push_back(at(buffer));
        for (const std::size_t buffer : out_places) graph->outs_.push_back(at(buffer));
        for (const Way& way : ways) graph->paths_.push_back({at(way.from), at(way.to)});
        for (const Place& place : places) {
            graph->mixed_.push_back(place.mixed > 0 ? at(place.mixed) : nullptr);
            graph->direct_.push_back(place.direct > 0 ? at(place.direct) : nullptr);
            graph->ins_.push_back(base);
        }
        for (const Graph::Step& step : graph->steps_) {
            // A side input that nothing is connected to is null, a main one silent.
            const auto shape = step.node->shape();
            if (step.kind == Graph::Kind::emit) continue;
            for (std::uint32_t s = shape.in_channels; s < shape.in_channels + shape.side_channels;
                 ++s)
                if (places[step.first_in + s].mixed == 0) graph->ins_[step.first_in + s] = nullptr;
        }
    }

    std::unique_ptr<Graph> make() {
        check();
        find_last_uses();
        graph->max_block_ = plan.max_block;
        graph->in_channels_ = plan.in_channels;
        graph->out_channels_ = plan.out_channels;
        graph->scratch_.resize(std::size_t{plan.max_block} * std::max(1U, plan.out_channels));
        for (std::uint32_t c = 0; c < plan.in_channels; ++c) input.push_back(take());
        outputs.resize(plan.parts.size());
        for (std::size_t i = 0; i < plan.parts.size(); ++i) add_part(i);
        std::vector<std::size_t> used;
        add_inlet(control::GraphLink::engine, 0, plan.out_channels, used);
        place();
        for (const auto& part : plan.parts) {
            if (std::find(graph->nodes_.begin(), graph->nodes_.end(), part.node) !=
                graph->nodes_.end())
                continue;
            graph->nodes_.push_back(part.node);
            graph->addressees_.push_back({part.node->id(), part.node.get()});
            if (auto* recorder = dynamic_cast<TapeNode*>(part.node.get()))
                graph->tapes_.push_back(&recorder->tape());
        }
        for (const auto& link : plan.links) {
            graph->connections_.push_back(link.connection);
            graph->addressees_.push_back({link.connection->id(), link.connection.get()});
        }
        std::sort(graph->addressees_.begin(), graph->addressees_.end(),
                  [](const auto& a, const auto& b) { return a.id < b.id; });
        return std::move(graph);
    }
};

}  // namespace tenuto::rt

namespace tenuto::control {

std::unique_ptr<rt::Graph> build_graph(const GraphPlan& plan) {
    return rt::GraphMaker(plan).make();
}

}  // namespace tenuto::control
