// SPDX-License-Identifier: MIT
// Rings side by side: nanoseconds for one write and one read of a block on one thread, and millions
// of stereo frames a second from one thread to another. Prints lines of
// "NAME FRAMES PAIR_NS MFRAMES_PER_S"; see ring.py.
#include <jack/ringbuffer.h>
#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "shared/ring.h"

#ifdef WITH_PORTAUDIO
// Its library has them, its packages have no header.
extern "C" {
long PaUtil_InitializeRingBuffer(void* ring, long element_bytes, long count, void* memory);
long PaUtil_WriteRingBuffer(void* ring, const void* from, long count);
long PaUtil_ReadRingBuffer(void* ring, void* to, long count);
}
#endif

namespace {

constexpr std::size_t capacity = 16384;  // frames; a power of two, as some ask for that
constexpr std::size_t channels = 2;

struct Frame {
    float samples[channels];
};

struct Ours {
    tenuto::shared::Ring<float> ring{capacity, channels};
    std::size_t write(const float* from, std::size_t frames) {
        return ring.write({from, frames * channels});
    }
    std::size_t read(float* to, std::size_t frames) { return ring.read({to, frames * channels}); }
};

struct Jack {
    jack_ringbuffer_t* ring = jack_ringbuffer_create(capacity * sizeof(Frame));
    ~Jack() { jack_ringbuffer_free(ring); }
    std::size_t write(const float* from, std::size_t frames) {
        // Whole frames or nothing, as an audio program has to ask for.
        if (jack_ringbuffer_write_space(ring) < frames * sizeof(Frame)) return 0;
        return jack_ringbuffer_write(ring, reinterpret_cast<const char*>(from),
                                     frames * sizeof(Frame)) /
               sizeof(Frame);
    }
    std::size_t read(float* to, std::size_t frames) {
        if (jack_ringbuffer_read_space(ring) < frames * sizeof(Frame)) return 0;
        return jack_ringbuffer_read(ring, reinterpret_cast<char*>(to), frames * sizeof(Frame)) /
               sizeof(Frame);
    }
};

struct Boost {
    boost::lockfree::spsc_queue<Frame, boost::lockfree::capacity<capacity>> ring;
    std::size_t write(const float* from, std::size_t frames) {
        return ring.push(reinterpret_cast<const Frame*>(from), frames);
    }
    std::size_t read(float* to, std::size_t frames) {
        return ring.pop(reinterpret_cast<Frame*>(to), frames);
    }
};

#ifdef WITH_PORTAUDIO
struct PortAudio {
    std::vector<Frame> memory{capacity};
    alignas(64) unsigned char ring[256];  // more than it takes
    PortAudio() { PaUtil_InitializeRingBuffer(ring, sizeof(Frame), capacity, memory.data()); }
    std::size_t write(const float* from, std::size_t frames) {
        return static_cast<std::size_t>(
            PaUtil_WriteRingBuffer(ring, from, static_cast<long>(frames)));
    }
    std::size_t read(float* to, std::size_t frames) {
        return static_cast<std::size_t>(PaUtil_ReadRingBuffer(ring, to, static_cast<long>(frames)));
    }
};
#endif

// The limit: two copies, and between threads a flag for each half of the memory.
struct Memcpy {
    std::vector<Frame> memory{capacity};
    std::size_t at_write = 0, at_read = 0;
    alignas(64) std::atomic<std::size_t> written{0};
    alignas(64) std::atomic<std::size_t> taken{0};
    std::size_t seen_taken = 0;
    alignas(64) std::size_t seen_written = 0;
    std::size_t write(const float* from, std::size_t frames) {
        if (at_write - seen_taken + frames > capacity) {
            seen_taken = taken.load(std::memory_order_acquire);  // pairs with the one in read
            if (at_write - seen_taken + frames > capacity) return 0;
        }
        // (Blocks divide the capacity: none wraps.)
        std::memcpy(&memory[at_write & (capacity - 1)], from, frames * sizeof(Frame));
        at_write += frames;
        written.store(at_write, std::memory_order_release);  // pairs with the one in read
        return frames;
    }
    std::size_t read(float* to, std::size_t frames) {
        if (seen_written - at_read < frames) {
            seen_written = written.load(std::memory_order_acquire);  // pairs with the one in write
            if (seen_written - at_read < frames) return 0;
        }
        std::memcpy(to, &memory[at_read & (capacity - 1)], frames * sizeof(Frame));
        at_read += frames;
        taken.store(at_read, std::memory_order_release);  // pairs with the one in write
        return frames;
    }
};

double now_ns(clockid_t clock) {
    timespec t;
    clock_gettime(clock, &t);
    return 1e9 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec);
}

// The best of some trials: what others take from this thread is not the ring's.
template <typename Ring>
double pair_ns(std::size_t frames, long rounds) {
    Ring ring;
    std::vector<float> in(frames * channels, 0.5F), out(frames * channels);
    double best = 1e18;
    for (int trial = 0; trial < 7; ++trial) {
        const double began = now_ns(CLOCK_THREAD_CPUTIME_ID);
        for (long i = 0; i < rounds; ++i) {
            ring.write(in.data(), frames);
            ring.read(out.data(), frames);
            asm volatile("" : : "r"(out.data()) : "memory");
        }
        best =
            std::min(best, (now_ns(CLOCK_THREAD_CPUTIME_ID) - began) / static_cast<double>(rounds));
    }
    return best;
}

void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    // Where that is allowed: other programs would be measured otherwise.
    const sched_param priority{1};
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
}
void unpin() {
    const sched_param none{0};
    pthread_setschedparam(pthread_self(), SCHED_OTHER, &none);
}

// Millions of frames a second between two threads, each on its processor; the order is checked.
template <typename Ring>
double through(std::size_t frames, std::size_t total) {
    auto ring = std::make_unique<Ring>();
    std::atomic<bool> ready{false};
    bool right = true;
    std::thread reader([&] {
        pin(1);
        std::vector<float> out(frames * channels);
        ready = true;
        for (std::size_t done = 0; done < total;) {
            const std::size_t got = ring->read(out.data(), frames);
            if (got > 0) right &= out[0] == static_cast<float>(done / frames % 65536);
            done += got;
        }
    });
    pin(0);
    std::vector<float> in(frames * channels, 0.5F);
    while (!ready) {
    }
    const double began = now_ns(CLOCK_MONOTONIC);
    for (std::size_t done = 0; done < total;) {
        in[0] = static_cast<float>(done / frames % 65536);
        done += ring->write(in.data(), frames);
    }
    reader.join();
    const double took = now_ns(CLOCK_MONOTONIC) - began;
    unpin();
    if (!right) std::abort();
    return static_cast<double>(total) / took * 1e3;
}

template <typename Ring>
void measure(const char* name, double scale) {
    for (const std::size_t frames : {1, 16, 64, 512, 4096}) {
        const auto rounds = static_cast<long>(scale * 4e6 / static_cast<double>(frames + 20));
        const auto total = static_cast<std::size_t>(scale * (frames == 1    ? 2e6
                                                             : frames == 16 ? 2e7
                                                                            : 6e7)) /
                           frames * frames;
        std::printf("%s %zu %.3f %.3f\n", name, frames, pair_ns<Ring>(frames, rounds),
                    through<Ring>(frames, total));
        std::fflush(stdout);
    }
}

}  // namespace

int main(int count, char** words) {
    const double scale = count > 1 ? std::atof(words[1]) : 1;
    measure<Ours>("tenuto", scale);
    measure<Jack>("JACK", scale);
#ifdef WITH_PORTAUDIO
    measure<PortAudio>("PortAudio", scale);
#endif
    measure<Boost>("boost", scale);
    measure<Memcpy>("memcpy", scale);
}
