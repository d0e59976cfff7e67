// SPDX-License-Identifier: MIT
// What fills one player: a list of sources, in which order and how often they are played, and the
// feed that they go into, ahead of time.
//
// Control says what should be played (`seek`, `set_rules`); the disk thread obeys at its next turn.
// It remembers what it has put into the ring, so that new rules can take effect at the very place
// that is being played, whatever was read ahead under the old ones.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "disk/source.h"
#include "dsp/feed.h"
#include "shared/counters.h"

namespace tenuto::disk {

class Deck : public std::enable_shared_from_this<Deck> {
  public:
    struct Rules {
        std::vector<std::uint32_t> order;  // items, each at most once
        bool repeat = false;               // the whole order, over and over
        bool loop = false;                 // the item that is being played, over and over
        // A to B of one item over and over, in frames of its file; b = 0: no such thing.
        std::uint32_t span_item = 0;
        std::int64_t a = 0, b = 0;
    };
    struct Trouble {
        std::uint32_t item;
        std::string what;
    };

    // [control]
    Deck(std::size_t ring_frames, std::size_t reserve_frames, std::uint32_t channels);
    ~Deck();

    // [control] One more source; its number.
    std::uint32_t add(std::shared_ptr<Source> source);
    // [control] Another source for the same item (another speed). Takes effect with `set_rules`.
    void replace(std::uint32_t item, std::shared_ptr<Source> source);
    // [control] New rules. `at_once`: what was read ahead under the old ones is read again, unheard
    // at the place that is being played. Otherwise they count for what is read from now on.
    void set_rules(Rules rules, bool at_once);
    // [control] Goes to a frame of an item, counted at the file's rate.
    void seek(std::uint32_t item, std::int64_t frame);
    // [control] The last `seek` is not heard yet.
    bool is_seeking();
    // [control] What went wrong since this was last asked.
    std::vector<Trouble> troubles();
    // [control] Where the player is.
    dsp::PlayerState state();
    struct Readiness {
        std::size_t frames;
        bool is_complete;  // that is all there is
    };
    // [control] Frames that are ready to be played, of what was asked for last.
    Readiness readiness();
    // [control] The sources, for the worker.
    std::vector<std::shared_ptr<Source>> sources();

    // [disk] Reads on, for a moment; true when something was read.
    bool pump();
    // [disk] The audio thread will soon want what is not there yet: look again soon.
    bool is_urgent();

    // [any]
    dsp::Feed& feed() noexcept { return feed_; }
    // [any] The worker waits for this one.
    Bell& bell() noexcept { return *bell_; }
    // [control] The feed, sharing ownership with the deck.
    std::shared_ptr<dsp::Feed> shared_feed() { return {shared_from_this(), &feed_}; }

  private:
    struct Wish {
        bool is_seek = false, is_replan = false;
        std::uint32_t item = 0;
        std::int64_t frame = 0;
    };
    void obey();
    void replan();
    void go(std::uint32_t item, std::int64_t frame, const dsp::Segment* aligned);
    bool read_some();
    bool go_on();
    bool enter(std::size_t place, std::int64_t frame);
    void prepare_next(const Source& source);
    bool spans() const;
    std::int64_t at_rate(std::int64_t frame) const;
    std::size_t room();
    std::shared_ptr<Source> source_of(std::uint32_t item);
    bool put_segment(bool is_end);
    void put(std::size_t frames, std::uint32_t channels);
    void trouble(std::uint32_t item, const std::string& what);
    void finish();
    std::uint64_t read_position();

    dsp::Feed feed_;
    std::shared_ptr<Bell> bell_;

    std::mutex mutex_;  // between control and disk; neither holds it while it waits for a file
    std::vector<std::shared_ptr<Source>> sources_;
    Rules wanted_rules_;
    Wish wish_;
    std::uint32_t asked_ = 0;       // generations that were asked for
    std::uint32_t asked_seek_ = 0;  // the last one of them that was a seek
    std::vector<Trouble> troubles_;

    // The disk thread's.
    Rules rules_;
    Wish sought_;  // the last seek, of this generation
    std::uint32_t sought_in_ = 0;
    std::shared_ptr<Source> source_;
    std::size_t place_ = 0;  // in the order
    std::uint32_t item_ = 0;
    std::uint32_t generation_ = 0;
    std::size_t empty_turns_ = 0;  // items in a row that gave nothing: that has an end
    bool is_over_ = true;
    bool end_is_told_ = true;
    bool has_new_segment_ = false;    // the next frame begins one
    dsp::Segment segment_{};          // a jump's, to be put
    std::shared_ptr<Source> coming_;  // opened ahead of its turn
    std::deque<dsp::Segment> log_;
    std::vector<float> read_, mapped_;

    shared::Setting<std::uint32_t> written_{0};  // generation that has something in the ring
    shared::Setting<std::uint64_t> written_from_{0};
    shared::Setting<bool> complete_{false};
};

}  // namespace tenuto::disk
