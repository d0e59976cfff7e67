// SPDX-License-Identifier: MIT
#include "control/node_factory.h"

#include <stdexcept>

#include "dsp/cascade.h"
#include "dsp/compressor.h"
#include "dsp/convolver.h"
#include "dsp/delay.h"
#include "dsp/distortion.h"
#include "dsp/gain.h"
#include "dsp/gate.h"
#include "dsp/kernel.h"
#include "dsp/limiter.h"
#include "dsp/meter.h"
#include "dsp/mixer.h"
#include "dsp/multitone.h"
#include "dsp/noise.h"
#include "dsp/oscillator.h"
#include "dsp/pan.h"
#include "dsp/reverb.h"
#include "dsp/sweep.h"

namespace tenuto::control {

namespace {

using Setup = dsp::NodeSetup;

struct Kind {
    const char* name;
    std::size_t targets, options;  // how many it needs at least
    std::shared_ptr<dsp::Node> (*make)(const Setup&);
};

template <typename T>
std::shared_ptr<dsp::Node> make(const Setup& setup) {
    return std::make_shared<T>(setup);
}

std::shared_ptr<dsp::Node> make_cascade(const Setup& setup) {
    if (setup.targets.size() % dsp::Cascade::numbers != 0 ||
        setup.targets.size() / dsp::Cascade::numbers > dsp::Cascade::max_sections)
        throw std::invalid_argument("a cascade has 1 to 64 sections of 5 targets");
    return std::make_shared<dsp::Cascade>(setup);
}

// One row for each kind.
constexpr Kind kinds[] = {
    {"biquad", 5, 0, make_cascade},
    {"compressor", 6, 0, make<dsp::Compressor>},
    {"convolver", 2, 0, make<dsp::Convolver>},
    {"delay", 3, 2, make<dsp::Delay>},
    {"distortion", 4, 3, make<dsp::Distortion>},
    {"equalizer", 5, 0, make_cascade},
    {"gain", 1, 0, make<dsp::Gain>},
    {"gate", 6, 0, make<dsp::Gate>},
    {"limiter", 2, 1, make<dsp::Limiter>},
    {"meter", 0, 2, make<dsp::Meter>},
    {"kernel", 0, 4, make<dsp::Kernel>},
    {"mixer", 1, 1, make<dsp::Mixer>},
    {"multitone", 2, 3, make<dsp::MultiTone>},
    {"noise", 4, dsp::Noise::option_count, make<dsp::Noise>},
    {"oscillator", 7, 1, make<dsp::Oscillator>},
    {"pan", 4, 0, make<dsp::Pan>},
    {"reverb", dsp::Reverb::target_total, 3, make<dsp::Reverb>},
    {"sweep", 8, 0, make<dsp::Sweep>},
};

}  // namespace

std::shared_ptr<dsp::Node> make_node(const std::string& kind, const Setup& setup) {
    for (const Kind& row : kinds) {
        if (kind != row.name) continue;
        if (setup.targets.size() < row.targets || setup.options.size() < row.options)
            throw std::invalid_argument(kind + ": too few targets or options");
        if (setup.channels == 0 || setup.max_block == 0 || !(setup.samplerate > 0))
            throw std::invalid_argument(kind + ": no channels, no frames or no samplerate");
        return row.make(setup);
    }
    throw std::invalid_argument("there is no kind of node called " + kind);
}

std::vector<std::string> node_kinds() {
    std::vector<std::string> names;
    for (const Kind& row : kinds) names.emplace_back(row.name);
    return names;
}

}  // namespace tenuto::control
