// SPDX-License-Identifier: MIT
// A JACK client whose every sample tells which frame it is, so that a recording of it can be
// checked bit for bit; it also writes down what it saw of the server, as the tests' second opinion.
//
//   index_player NAME CHANNELS [LOG]
//
// Frame n of channel c (from 0) is ((n + c * 2^20) mod 2^24 - 2^23) / 2^23: exact in float32 and in
// 24 bits. Prints "ready RATE PERIOD" when it runs; ends on SIGTERM or SIGINT, when standard input
// closes (its parent is gone) or when the server goes away, and prints its counts as one line of
// JSON. LOG gets one line per cycle: monotonic nanoseconds, the server's frame time, its own first
// frame, xruns so far.
//
// libjack is loaded at run time and the few things of it that are needed are declared here: no
// header has to be installed. Build: cc -O2 index_player.c -o index_player -ldl -lpthread
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef struct _jack_client jack_client;
typedef struct _jack_port jack_port;
typedef uint32_t nframes;

static jack_client *(*client_open)(const char *, int, int *, ...);
static int (*client_close)(jack_client *);
static int (*activate)(jack_client *);
static jack_port *(*port_register)(jack_client *, const char *, const char *, unsigned long,
                                   unsigned long);
static void *(*port_get_buffer)(jack_port *, nframes);
static int (*set_process)(jack_client *, int (*)(nframes, void *), void *);
static int (*set_xrun)(jack_client *, int (*)(void *), void *);
static void (*on_shutdown)(jack_client *, void (*)(void *), void *);
static nframes (*last_frame_time)(const jack_client *);
static nframes (*get_sample_rate)(jack_client *);
static nframes (*get_buffer_size)(jack_client *);

enum { no_start_server = 1, port_is_output = 2, most_channels = 8 };
enum { most_cycles = 1 << 20 };  // 47 minutes of 128 frames at 48 kHz

struct cycle {
    int64_t ns;
    uint32_t frame_time;
    uint64_t index;
    uint32_t xruns;
};

static jack_client *client;
static jack_port *ports[most_channels];
static int channels;
static struct cycle *cycles;  // written by the audio thread, read when it has ended
static uint64_t cycle_count, played, skipped;
static atomic_uint xruns;
static atomic_int server_gone, stopping;

static int process(nframes count, void *unused) {
    (void)unused;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const uint32_t frame_time = last_frame_time(client);
    if (cycle_count > 0 && cycle_count <= most_cycles) {
        const uint32_t step = frame_time - cycles[cycle_count - 1].frame_time;
        if (step > count) skipped += (step - count) / count;
    }
    if (cycle_count < most_cycles)
        cycles[cycle_count] = (struct cycle){now.tv_sec * INT64_C(1000000000) + now.tv_nsec,
                                             frame_time, played, atomic_load(&xruns)};
    ++cycle_count;
    for (int c = 0; c < channels; ++c) {
        float *out = port_get_buffer(ports[c], count);
        for (nframes i = 0; i < count; ++i) {
            const uint32_t code = (uint32_t)(played + i + ((uint64_t)c << 20)) & 0xFFFFFF;
            out[i] = (float)((int32_t)code - 8388608) / 8388608.0F;
        }
    }
    played += count;
    return 0;
}

static int count_xrun(void *unused) {
    (void)unused;
    atomic_fetch_add(&xruns, 1);
    return 0;
}

static void note_shutdown(void *unused) {
    (void)unused;
    atomic_store(&server_gone, 1);
}

static void stop(int unused) {
    (void)unused;
    atomic_store(&stopping, 1);
}

static void *load(void *library, const char *name) {
    void *found = dlsym(library, name);
    if (found == NULL) {
        fprintf(stderr, "index_player: libjack has no %s\n", name);
        exit(2);
    }
    return found;
}

static void load_jack(void) {
    void *jack = dlopen("libjack.so.0", RTLD_NOW);
    if (jack == NULL) {
        fprintf(stderr, "index_player: %s\n", dlerror());
        exit(2);
    }
    // POSIX's own way to turn dlsym's pointer to an object into one to a function.
#define LOAD(variable, name) *(void **)&variable = load(jack, name)
    LOAD(client_open, "jack_client_open");
    LOAD(client_close, "jack_client_close");
    LOAD(activate, "jack_activate");
    LOAD(port_register, "jack_port_register");
    LOAD(port_get_buffer, "jack_port_get_buffer");
    LOAD(set_process, "jack_set_process_callback");
    LOAD(set_xrun, "jack_set_xrun_callback");
    LOAD(on_shutdown, "jack_on_shutdown");
    LOAD(last_frame_time, "jack_last_frame_time");
    LOAD(get_sample_rate, "jack_get_sample_rate");
    LOAD(get_buffer_size, "jack_get_buffer_size");
#undef LOAD
}

static void write_log(const char *path) {
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    const uint64_t kept = cycle_count < most_cycles ? cycle_count : most_cycles;
    for (uint64_t i = 0; i < kept; ++i)
        fprintf(file, "%lld %u %llu %u\n", (long long)cycles[i].ns, cycles[i].frame_time,
                (unsigned long long)cycles[i].index, cycles[i].xruns);
    fclose(file);
}

int main(int count, char **arguments) {
    if (count < 3 || (channels = atoi(arguments[2])) < 1 || channels > most_channels) {
        fprintf(stderr, "usage: index_player NAME CHANNELS [LOG]; 1 to 8 channels\n");
        return 2;
    }
    // Touched now: the audio thread must not meet a page fault.
    cycles = malloc(most_cycles * sizeof *cycles);
    if (cycles == NULL) return 2;
    memset(cycles, 0, most_cycles * sizeof *cycles);
    mlockall(MCL_CURRENT);
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);

    load_jack();
    client = client_open(arguments[1], no_start_server, NULL);
    if (client == NULL) {
        fprintf(stderr, "index_player: no JACK server\n");
        return 3;
    }
    set_process(client, process, NULL);
    set_xrun(client, count_xrun, NULL);
    on_shutdown(client, note_shutdown, NULL);
    for (int c = 0; c < channels; ++c) {
        char name[16];
        snprintf(name, sizeof name, "out_%d", c + 1);
        ports[c] = port_register(client, name, "32 bit float mono audio", port_is_output, 0);
        if (ports[c] == NULL) return 2;
    }
    if (activate(client) != 0) return 2;
    printf("ready %u %u\n", get_sample_rate(client), get_buffer_size(client));
    fflush(stdout);

    struct pollfd parent = {.fd = STDIN_FILENO, .events = POLLIN};
    while (!atomic_load(&stopping) && !atomic_load(&server_gone))
        if (poll(&parent, 1, 50) > 0 && (parent.revents & POLLHUP)) break;
    const int gone = atomic_load(&server_gone);
    if (!gone) client_close(client);  // ends the audio thread
    printf("{\"cycles\": %llu, \"frames\": %llu, \"skipped\": %llu, \"xruns\": %u}\n",
           (unsigned long long)cycle_count, (unsigned long long)played,
           (unsigned long long)skipped, atomic_load(&xruns));
    fflush(stdout);
    if (count > 3) write_log(arguments[3]);
    // Not through exit handlers: closing a client of a dead server can wait for ever.
    _exit(gone ? 3 : 0);
}
