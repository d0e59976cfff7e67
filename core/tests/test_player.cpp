// SPDX-License-Identifier: MIT
// A player and what feeds it, against a libsndfile of our own: each frame of a file tells which one
// it is. The disk thread's turns are taken by hand, so nothing depends on time.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "disk/deck.h"
#include "disk/reader.h"
#include "dsp/player.h"
#include "platform/clock.h"
#include "shared/counters.h"
#include "test.h"

using namespace tenuto;

namespace {

constexpr double rate = 48000;
constexpr std::uint32_t fade = 240;

struct FakeFile {
    std::int64_t frames = 100'000, readable = 100'000, at = 0;
    bool fails_to_seek = false;
    int opened = 0, closed = 0;
} fake;

// A sample that tells its frame, exact in float32.
float sample(std::int64_t frame) { return static_cast<float>(frame + 1) / 1'048'576.0F; }
std::int64_t frame_of(float x) { return std::llround(x * 1'048'576.0F) - 1; }

disk::FileApi fake_api() {
    fake = FakeFile{};
    disk::FileApi api;
    api.open_fd = [](int, int mode, disk::SoundFileInfo* info, int) -> disk::SoundFile* {
        CHECK(mode == disk::mode_read);
        *info = {fake.frames, static_cast<int>(rate), 1, 0, 1, 1};
        fake.at = 0;
        ++fake.opened;
        return &fake;
    };
    api.read_float = [](disk::SoundFile*, float* out, std::int64_t frames) -> std::int64_t {
        std::int64_t n = 0;
        for (; n < frames && fake.at < fake.readable; ++n) out[n] = sample(fake.at++);
        return n;
    };
    api.seek = [](disk::SoundFile*, std::int64_t frame, int) -> std::int64_t {
        return fake.fails_to_seek ? -1 : fake.at = frame;
    };
    api.close = [](disk::SoundFile*) { return fake.closed++; };
    api.error = [](disk::SoundFile*) { return 0; };
    api.error_text = [](disk::SoundFile*) -> const char* { return "the fake's words"; };
    return api;
}

// The core asks the system for the file before it asks libsndfile.
struct Existing {
    std::string path = "test-player.bin";
    Existing() { std::ofstream(path) << "not empty"; }
    ~Existing() { std::remove(path.c_str()); }
};

struct Rig {
    Existing file;
    std::shared_ptr<disk::Deck> deck;
    std::shared_ptr<dsp::Player> player;

    explicit Rig(std::size_t ring = 48'000, std::size_t reserve = 12'000) {
        deck = std::make_shared<disk::Deck>(ring, reserve, 1);
        dsp::NodeSetup setup;
        setup.samplerate = rate;
        setup.targets = {1.0, 1.0};
        player = std::make_shared<dsp::Player>(setup, deck->shared_feed(), deck);
    }
    std::uint32_t add_file() {
        return deck->add(std::make_shared<disk::FileSource>(fake_api(), file.path, 1, 48000));
    }
    void read_all() {
        while (deck->pump()) {
        }
    }
    std::vector<float> run(std::uint32_t frames) {
        std::vector<float> out(frames);
        float* to = out.data();
        player->run({nullptr, &to, frames, 0});
        return out;
    }
};

bool counts_from(const std::vector<float>& out, std::size_t begin, std::int64_t frame) {
    for (std::size_t n = begin; n < out.size(); ++n)
        if (out[n] != sample(frame + static_cast<std::int64_t>(n - begin))) return false;
    return true;
}

}  // namespace

TEST("player: it begins at once with the first frame, and plays to the last") {
    Rig rig;
    const auto item = rig.add_file();
    fake.frames = fake.readable = 1000;
    rig.deck->set_rules({{item}, false, false, 0, 0, 0}, false);
    rig.deck->seek(item, 0);
    rig.read_all();
    const auto out = rig.run(1200);
    CHECK(counts_from({out.begin(), out.begin() + 1000}, 0, 0));
    for (std::size_t n = 1000; n < 1200; ++n) CHECK(out[n] == 0.0F);
    CHECK(rig.deck->state().is_at_end && rig.deck->state().frame == 1000);
    CHECK(rig.deck->state().underruns == 0);
}

TEST("player: a jump is cross-faded and lands on the frame asked for, though the ring is full") {
    Rig rig;
    const auto item = rig.add_file();
    rig.deck->set_rules({{item}, false, false, 0, 0, 0}, false);
    rig.deck->seek(item, 0);
    rig.read_all();
    rig.run(512);
    rig.deck->seek(item, 70'000);
    CHECK(rig.deck->is_seeking());
    rig.read_all();
    const auto out = rig.run(1000);
    CHECK(!rig.deck->is_seeking());
    CHECK(counts_from({out.begin() + fade, out.end()}, 0, 70'000 + fade));
    const float old_share = (sample(70'000) - out[0]) / (sample(70'000) - sample(512));
    CHECK_NEAR(old_share, 1.0 - 1.0 / fade, 1e-3);
    CHECK(rig.deck->state().frame == 71'000);
}

TEST("player: jumps that nobody has heard are replaced by the last one, and nothing else sounds") {
    Rig rig;
    const auto item = rig.add_file();
    rig.deck->set_rules({{item}, false, false, 0, 0, 0}, false);
    for (int i = 0; i < 50; ++i) {
        rig.deck->seek(item, 1000 * i);
        rig.read_all();
    }
    rig.deck->seek(item, 0);
    std::vector<float> heard;
    for (int i = 0; i < 20; ++i) {
        rig.read_all();
        const auto out = rig.run(100);
        heard.insert(heard.end(), out.begin(), out.end());
    }
    std::size_t begin = 0;
    while (begin < heard.size() && heard[begin] == 0.0F) ++begin;
    CHECK(begin < 1000 && counts_from(heard, begin, 0));
}

TEST("player: a loop that is switched on takes effect whatever was read ahead") {
    Rig rig;
    const auto item = rig.add_file();
    rig.deck->set_rules({{item}, false, false, 0, 0, 0}, false);
    rig.deck->seek(item, 1000);
    rig.read_all();
    rig.run(1000);  // 2000 comes next, and 48 000 frames lie ahead
    rig.deck->set_rules({{item}, false, false, item, 1500, 3000}, true);
    rig.run(100);  // the disk thread comes late
    rig.read_all();
    const auto out = rig.run(2000);
    for (std::size_t n = 0; n < out.size(); ++n) {
        const auto frame = 2100 + static_cast<std::int64_t>(n);
        CHECK(frame_of(out[n]) == (frame < 3000 ? frame : 1500 + (frame - 3000) % 1500));
    }
}

TEST("player: pausing keeps the place, and is faded") {
    Rig rig;
    const auto item = rig.add_file();
    rig.deck->set_rules({{item}, false, false, 0, 0, 0}, false);
    rig.deck->seek(item, 0);
    rig.read_all();
    rig.run(1000);
    rig.player->set(1, std::vector<double>{0.0});
    auto out = rig.run(1000);
    CHECK(out[fade] == 0.0F && rig.deck->state().frame == 1000 + fade);
    rig.player->set(1, std::vector<double>{1.0});
    out = rig.run(1000);
    CHECK(out[0] > 0 && out[0] < sample(1000 + fade) / 100);
    CHECK(counts_from({out.begin() + fade, out.end()}, 0, 1000 + 2 * fade));
}

TEST("player: a disk that stalls for longer than the ring is faded, counted once, skips nothing") {
    Rig rig(9600, 2400);
    const auto item = rig.add_file();
    rig.deck->set_rules({{item}, false, false, 0, 0, 0}, false);
    rig.deck->seek(item, 0);
    rig.read_all();
    std::int64_t heard = 0;
    for (int i = 0; i < 40; ++i) rig.run(512);
    heard = rig.deck->state().frame;
    CHECK(heard == 9600 && rig.deck->state().underruns == 1);
    CHECK(rig.deck->state().silent_frames == 40 * 512 - 9600);
    rig.read_all();
    const auto out = rig.run(1000);
    CHECK(counts_from({out.begin() + fade, out.end()}, 0, heard + fade));
    CHECK(rig.deck->state().underruns == 1);
}

TEST("player: a file that ends early is played as far as it goes, told, and the list goes on") {
    Rig rig;
    const auto broken = rig.add_file();
    const auto next =
        rig.deck->add(std::make_shared<disk::MemorySource>(std::vector<float>(100, 0.5F), 1));
    fake.frames = 5000;
    fake.readable = 1234;
    rig.deck->set_rules({{broken, next}, false, false, 0, 0, 0}, false);
    rig.deck->seek(broken, 0);
    rig.read_all();
    const auto out = rig.run(2000);
    CHECK(frame_of(out[1233]) == 1233 && out[1234] == 0.5F && out[1333] == 0.5F && out[1334] == 0);
    const auto troubles = rig.deck->troubles();
    CHECK(troubles.size() == 1 && troubles[0].item == broken);
    CHECK(troubles[0].what.find("after 1234 of 5000") != std::string::npos);
    CHECK(fake.opened == 1 && fake.closed == 1);
}

TEST("player: a list of which nothing can be opened has an end") {
    Rig rig;
    const auto item = rig.deck->add(
        std::make_shared<disk::FileSource>(fake_api(), "/nonexistent/file.wav", 1, 48000));
    rig.deck->set_rules({{item}, true, true, 0, 0, 0}, false);
    rig.deck->seek(item, 0);
    rig.read_all();
    rig.run(100);
    CHECK(rig.deck->state().is_at_end);
    CHECK(!rig.deck->troubles().empty());
}

TEST("player: what a worker brings too late, for an older place, is dropped") {
    Rig rig;
    auto source = std::make_shared<disk::PushSource>(1, 1.0, -1, 10'000);
    const auto item = rig.deck->add(source);
    rig.deck->set_rules({{item}, false, false, 0, 0, 0}, false);
    rig.deck->seek(item, 0);
    rig.read_all();
    const auto first = source->order();
    CHECK(first.room == 10'000 && first.frame == 0);
    rig.deck->seek(item, 500);
    rig.read_all();
    CHECK(!source->push(first.number, std::vector<float>(100, 0.1F), false, {}));
    const auto second = source->order();
    CHECK(second.frame == 500);
    CHECK(source->push(second.number, std::vector<float>(2000, 0.2F), true, "the end is missing"));
    rig.read_all();
    const auto out = rig.run(1000);
    CHECK(out[fade] == 0.2F && out[999] == 0.2F);
    CHECK(rig.deck->troubles().size() == 1);
}

TEST("reader: seeks and new rules while the audio thread plays; the last one is where it lands") {
    Rig rig(9600, 2400);
    const auto item =
        rig.deck->add(std::make_shared<disk::MemorySource>(std::vector<float>(100'000, 0.5F), 1));
    disk::Reader::of_this_process().serve(rig.deck);
    rig.deck->set_rules({{item}, false, true, 0, 0, 0}, false);
    rig.deck->seek(item, 0);
    shared::Setting<bool> stop{false};
    std::thread audio([&] {
        while (!stop.get()) {
            for (const float x : rig.run(64)) CHECK(x >= 0.0F && x <= 0.5F);
            std::this_thread::yield();
        }
    });
    for (int i = 1; i <= 100; ++i) {
        rig.deck->seek(item, 500 * i);
        if (i % 3 == 0) rig.deck->set_rules({{item}, false, i % 2 == 0, 0, 0, 0}, true);
        disk::Reader::of_this_process().wake();
        rig.deck->readiness();
        rig.deck->state();
        std::this_thread::yield();
    }
    const auto until = platform::monotonic_ns() + 10'000'000'000;
    while (rig.deck->is_seeking() && platform::monotonic_ns() < until) {
        disk::Reader::of_this_process().wake();
        platform::sleep_until_ns(platform::monotonic_ns() + 1'000'000);
    }
    CHECK(!rig.deck->is_seeking());
    stop.set(true);
    audio.join();
    CHECK(rig.deck->state().frame >= 50'000 || rig.deck->state().is_at_end);
}

TEST("reader: one thread serves several decks, and lets go of those that nobody owns") {
    auto& reader = disk::Reader::of_this_process();
    const auto before = reader.served();
    {
        std::vector<std::shared_ptr<disk::Deck>> decks;
        for (int i = 0; i < 3; ++i) {
            decks.push_back(std::make_shared<disk::Deck>(9600, 2400, 1));
            const auto item = decks.back()->add(
                std::make_shared<disk::MemorySource>(std::vector<float>(5000, 0.5F), 1));
            reader.serve(decks.back());
            decks.back()->set_rules({{item}, false, false, 0, 0, 0}, false);
            decks.back()->seek(item, 0);
        }
        CHECK(reader.served() == before + 3);
        const auto until = platform::monotonic_ns() + 10'000'000'000;
        for (const auto& deck : decks)
            while (deck->readiness().frames < 5000 && platform::monotonic_ns() < until) {
                reader.wake();
                std::this_thread::yield();
            }
        for (const auto& deck : decks) CHECK(deck->readiness().frames == 5000);
    }
    const auto until = platform::monotonic_ns() + 10'000'000'000;
    while (reader.served() > before && platform::monotonic_ns() < until) {
        reader.wake();
        std::this_thread::yield();
    }
    CHECK(reader.served() == before);
}
