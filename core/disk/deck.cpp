// SPDX-License-Identifier: MIT
#include "disk/deck.h"

#include <algorithm>
#include <cmath>

namespace tenuto::disk {

namespace {
constexpr std::size_t chunk_frames = 8192;
constexpr int chunks_at_once = 4;                   // so that no deck keeps the others waiting
constexpr double prepare_seconds_at_48k = 480'000;  // frames before an end

// Generations may wrap.
bool is_before(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(b - a) > 0; }

// Channels of a file to those of a player: one goes to all, all go to one (their mean), otherwise
// the first ones go, and what is missing is silent.
void map_channels(const float* in, std::uint32_t from, std::size_t frames, std::uint32_t to,
                  float* out) {
    for (std::size_t n = 0; n < frames; ++n, in += from, out += to) {
        if (from == 1) {
            std::fill_n(out, to, in[0]);
        } else if (to == 1) {
            float sum = 0;
            for (std::uint32_t c = 0; c < from; ++c) sum += in[c];
            out[0] = sum / static_cast<float>(from);
        } else {
            const std::uint32_t both = std::min(from, to);
            std::copy_n(in, both, out);
            std::fill_n(out + both, to - both, 0.0F);
        }
    }
}
}  // namespace

Deck::Deck(std::size_t ring_frames, std::size_t reserve_frames, std::uint32_t channels)
    : feed_(ring_frames, reserve_frames, channels),
      bell_(std::make_shared<Bell>()),
      mapped_(chunk_frames * channels) {}

Deck::~Deck() {
    for (const auto& source : sources_) source->close();
}

// -- control -------------------------------------------------------------------------------------

std::uint32_t Deck::add(std::shared_ptr<Source> source) {
    if (auto* pushed = dynamic_cast<PushSource*>(source.get())) pushed->attach(bell_);
    const std::lock_guard lock(mutex_);
    sources_.push_back(std::move(source));
    return static_cast<std::uint32_t>(sources_.size() - 1);
}

void Deck::replace(std::uint32_t item, std::shared_ptr<Source> source) {
    if (auto* pushed = dynamic_cast<PushSource*>(source.get())) pushed->attach(bell_);
    const std::lock_guard lock(mutex_);
    // The disk thread may still be reading the old one; it closes what it holds.
    if (item < sources_.size()) sources_[item] = std::move(source);
}

void Deck::set_rules(Rules rules, bool at_once) {
    const std::lock_guard lock(mutex_);
    wanted_rules_ = std::move(rules);
    if (at_once) {
        wish_.is_replan = true;
        feed_.ask(++asked_);
    }
}

void Deck::seek(std::uint32_t item, std::int64_t frame) {
    const std::lock_guard lock(mutex_);
    wish_.is_seek = true;
    wish_.item = item;
    wish_.frame = frame;
    asked_seek_ = ++asked_;
    feed_.ask(asked_);
}

bool Deck::is_seeking() {
    const std::lock_guard lock(mutex_);
    return is_before(feed_.heard(), asked_seek_);
}

std::vector<Deck::Trouble> Deck::troubles() {
    const std::lock_guard lock(mutex_);
    return std::exchange(troubles_, {});
}

dsp::PlayerState Deck::state() {
    const std::lock_guard lock(mutex_);
    return feed_.state();
}

std::vector<std::shared_ptr<Source>> Deck::sources() {
    const std::lock_guard lock(mutex_);
    return sources_;
}

Deck::Readiness Deck::readiness() {
    const std::lock_guard lock(mutex_);
    if (written_.get() != asked_) return {0, false};
    const bool complete = complete_.get();
    const std::uint64_t from = written_from_.get();
    const std::uint64_t read = feed_.samples().read_position();
    const std::uint64_t end = feed_.samples().committed_position();
    return {static_cast<std::size_t>(end - std::min(end, std::max(from, read))), complete};
}

// -- the disk thread -----------------------------------------------------------------------------

std::uint64_t Deck::read_position() {
    return feed_.samples().staged_position() - feed_.samples().fill();
}

std::shared_ptr<Source> Deck::source_of(std::uint32_t item) {
    const std::lock_guard lock(mutex_);
    return item < sources_.size() ? sources_[item] : nullptr;
}

void Deck::trouble(std::uint32_t item, const std::string& what) {
    const std::lock_guard lock(mutex_);
    // A loop over a broken file would fill the memory with the same words.
    if (troubles_.size() < 1000) troubles_.push_back({item, what});
}

bool Deck::pump() {
    obey();
    if (!end_is_told_) finish();
    bool moved = false;
    for (int i = 0; i < chunks_at_once && !is_over_; ++i) {
        if (!read_some()) break;
        moved = true;
    }
    return moved;
}

bool Deck::is_urgent() { return !is_over_ && feed_.samples().fill() < feed_.ring_frames() / 8; }

void Deck::obey() {
    Wish wish;
    {
        const std::lock_guard lock(mutex_);
        wish = std::exchange(wish_, {});
        rules_ = wanted_rules_;
        if (wish.is_seek || wish.is_replan) generation_ = asked_;
    }
    if (wish.is_seek) {
        sought_ = wish;
        sought_in_ = generation_;
    }
    if (wish.is_seek)
        go(wish.item, wish.frame, nullptr);
    else if (wish.is_replan)
        replan();
    else if (is_over_ && generation_ > 0 && place_ + 1 < rules_.order.size()) {
        is_over_ = false;  // something was queued behind the last one
        end_is_told_ = true;
        complete_.set(false);
        if (!enter(place_ + 1, 0) && !go_on()) finish();
    }
}

// Reads again from what is being played right now, under new rules.
void Deck::replan() {
    // Nobody is at the place yet that was asked for: it is still the one to begin with.
    if (is_before(feed_.heard(), sought_in_)) {
        sought_in_ = generation_;
        return go(sought_.item, sought_.frame, nullptr);
    }
    const std::uint64_t here = read_position();
    while (log_.size() > 1 && log_[1].position <= here) log_.pop_front();
    if (log_.empty()) {
        if (!rules_.order.empty()) go(rules_.order[0], 0, nullptr);
        return;
    }
    dsp::Segment now = log_.front();
    now.frame += static_cast<std::int64_t>(here - now.position);
    now.position = here;
    go(now.item, std::llround(static_cast<double>(now.frame) * now.step), &now);
}

// A new generation, which begins with a frame (of the file) of an item; with `aligned` it is the
// one that was being played there.
void Deck::go(std::uint32_t item, std::int64_t frame, const dsp::Segment* aligned) {
    empty_turns_ = 0;
    complete_.set(false);
    segment_ = {};
    is_over_ = false;
    end_is_told_ = true;
    has_new_segment_ = true;
    const auto found = std::find(rules_.order.begin(), rules_.order.end(), item);
    place_ = static_cast<std::size_t>(found - rules_.order.begin());
    if (place_ == rules_.order.size()) {
        place_ = 0;
        frame = 0;
        aligned = nullptr;
    }
    if (rules_.order.empty()) return finish();
    if (rules_.b > 0 && rules_.span_item == item && frame >= rules_.b && aligned != nullptr) {
        frame = rules_.a;  // beyond B already
        aligned = nullptr;
    }
    if (!enter(place_, frame)) {
        if (!go_on()) finish();
        return;
    }
    if (aligned != nullptr) {
        segment_.is_aligned = true;
        segment_.aligned_at = aligned->position;
        segment_.skip_ratio = aligned->step / source_->step();
    }
}

bool Deck::spans() const { return rules_.b > 0 && rules_.span_item == item_; }

std::int64_t Deck::at_rate(std::int64_t frame) const {
    return std::llround(static_cast<double>(frame) / source_->step());
}

// Opens the item at a place of the order, at a frame of its file; false when that cannot be.
bool Deck::enter(std::size_t place, std::int64_t frame) {
    place_ = place;
    item_ = rules_.order[place];
    auto next = source_of(item_);
    if (source_ && source_ != next) source_->close();
    if (coming_ && coming_ != next) coming_->close();
    coming_.reset();
    source_ = std::move(next);
    if (!source_) return false;
    if (!source_->open()) {
        trouble(item_, source_->error());
        source_.reset();
        return false;
    }
    const std::int64_t at = at_rate(frame);
    if (source_->position() != at && !source_->seek(at)) {
        trouble(item_, source_->error());
        source_.reset();
        return false;
    }
    has_new_segment_ = true;
    segment_.frame = source_->position();
    segment_.step = source_->step();
    segment_.item = item_;
    return true;
}

// What comes after the end of an item (or B); false when nothing does.
bool Deck::go_on() {
    const bool again = source_ && (rules_.loop || spans());
    if (again && empty_turns_++ == 0 && enter(place_, spans() ? rules_.a : 0)) return true;
    while (empty_turns_ <= rules_.order.size()) {
        ++empty_turns_;
        if (place_ + 1 < rules_.order.size())
            ++place_;
        else if (rules_.repeat && !rules_.order.empty())
            place_ = 0;
        else
            return false;
        if (enter(place_, 0)) return true;
    }
    return false;
}

// Opens what comes next before it is needed: a worker then has time to begin.
void Deck::prepare_next(const Source& source) {
    if (coming_ || rules_.loop || spans()) return;
    const std::int64_t length = source.frames();
    if (length >= 0 && static_cast<double>(length - source.position()) > prepare_seconds_at_48k)
        return;
    std::size_t next = place_ + 1;
    if (next >= rules_.order.size()) {
        if (!rules_.repeat) return;
        next = 0;
    }
    coming_ = source_of(rules_.order[next]);
    if (coming_ == source_) coming_.reset();
    if (coming_) coming_->open();  // a failure is told when its turn comes
}

// Until a jump was heard it may use the reserve; but no generation fills more than `ring_frames`,
// so that there is room for a jump behind it even when nothing is being played.
std::size_t Deck::room() {
    const auto left = [](std::uint64_t most, std::uint64_t used) {
        return static_cast<std::size_t>(used < most ? most - used : 0);
    };
    const std::size_t fill = feed_.samples().fill();
    const std::size_t ring = feed_.ring_frames();
    if (feed_.heard() == generation_ || written_.get() == 0) return left(ring, fill);
    const bool has_begun = written_.get() == generation_;
    const std::uint64_t mine = has_begun ? feed_.samples().staged_position() -
                                               std::max(written_from_.get(), read_position())
                                         : 0;
    return std::min(left(feed_.samples().capacity(), fill), left(ring, mine));
}

bool Deck::put_segment(bool is_end) {
    auto& segments = feed_.segments();
    segment_.position = feed_.samples().staged_position();
    segment_.generation = generation_;
    segment_.is_end = is_end;
    if (segments.write({&segment_, 1}) == 0) return false;
    if (!is_end) {
        const std::uint64_t here = read_position();
        while (log_.size() > 1 && log_[1].position <= here) log_.pop_front();
        log_.push_back(segment_);
    }
    if (written_.get() != generation_) {
        written_from_.set(segment_.position);
        written_.set(generation_);
    }
    segment_.is_aligned = false;
    has_new_segment_ = false;
    return true;
}

void Deck::put(std::size_t frames, std::uint32_t channels) {
    const std::uint32_t width = feed_.channels();
    const float* from = read_.data();
    if (channels != width) {
        map_channels(from, channels, frames, width, mapped_.data());
        from = mapped_.data();
    }
    feed_.samples().write({from, frames * width});
    empty_turns_ = 0;
}

bool Deck::read_some() {
    if (!source_) {
        if (!go_on()) finish();
        return !is_over_;
    }
    // One place for what comes next and one for an end.
    if (feed_.segments().capacity() - feed_.segments().fill() < 2) return false;
    std::size_t wanted = std::min(room(), chunk_frames);
    if (wanted == 0) return false;
    if (spans()) {
        const std::int64_t left = at_rate(rules_.b) - source_->position();
        if (left <= 0) {
            if (!go_on()) finish();
            return !is_over_;
        }
        wanted = std::min(wanted, static_cast<std::size_t>(left));
    }
    const std::uint32_t channels = source_->channels();
    read_.resize(std::max(read_.size(), chunk_frames * channels));
    const std::size_t got = source_->read(read_.data(), wanted);
    if (got == 0) {
        if (source_->is_dry()) return false;
        if (const std::string why = source_->error(); !why.empty()) trouble(item_, why);
        if (!go_on()) finish();
        return !is_over_;
    }
    if (has_new_segment_ && !put_segment(false)) return false;
    put(got, channels);
    prepare_next(*source_);
    return true;
}

void Deck::finish() {
    is_over_ = true;
    end_is_told_ = put_segment(true);
    complete_.set(end_is_told_);
}

}  // namespace tenuto::disk
