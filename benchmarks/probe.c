// SPDX-License-Identifier: MIT
// A bare C client of a JACK server: the yardstick of gil.py, and its source of numbered frames.
//
//     probe NAME LOG      runs until its standard input closes, then writes LOG
//
// Full duplex, two channels. `out_1` counts the frames that this client has produced (n = 0, 1, ...),
// `out_2` is the server's own frame clock. Both are exact in 24 bits: frame n is the sample
// ((n mod 2^24) - 2^23) / 2^23. LOG holds the number of the server's xruns, then one record per
// callback. Two of them can be wired together: one is the source, the other tells what it heard.
//
// Threads    `process` runs on the server's real-time thread: it writes into memory that was
//            allocated and touched before, and makes no system call but the clock's (vDSO).
//            `xrun` runs on the client's message thread and owns `xruns`.
// Linking    libjack is loaded at run time, so that neither headers nor a JACK package for
//            developers is needed.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { channels = 2, most_records = 1 << 20, no_start_server = 1, is_input = 1, is_output = 2 };

typedef struct {
    int64_t begin_ns;     // monotonic clock when the callback began
    uint32_t frame_time;  // the server's frame clock at the cycle's begin
    uint32_t frames;
    uint32_t heard;  // number of the first frame that came in
    uint32_t unused;
} record;

static void *(*port_get_buffer)(void *, uint32_t);
static uint32_t (*last_frame_time)(const void *);
static void *client, *in_ports[channels], *out_ports[channels];
static record *records;
static uint64_t record_count, produced;
static uint64_t xruns;
static volatile float heard;  // keeps the reading of the inputs from being optimised away

static float numbered(uint64_t n) {
    return (float)((int32_t)(n & 0xFFFFFF) - 0x800000) / 8388608.0F;
}

static int process(uint32_t frames, void *unused) {
    (void)unused;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const uint32_t clock = last_frame_time(client);
    const float *first = port_get_buffer(in_ports[0], frames);
    const uint32_t heard_number = (uint32_t)((int32_t)(first[0] * 8388608.0F) + 0x800000);
    if (record_count < most_records)
        records[record_count++] = (record){now.tv_sec * 1000000000LL + now.tv_nsec, clock, frames,
                                           heard_number, 0};
    float sum = 0;
    for (int c = 0; c < channels; ++c) {
        const float *in = port_get_buffer(in_ports[c], frames);
        for (uint32_t i = 0; i < frames; ++i) sum += in[i];
    }
    heard = sum;
    float *index = port_get_buffer(out_ports[0], frames);
    float *time = port_get_buffer(out_ports[1], frames);
    for (uint32_t i = 0; i < frames; ++i) {
        index[i] = numbered(produced + i);
        time[i] = numbered((uint64_t)clock + i);
    }
    produced += frames;
    return 0;
}

static int xrun(void *unused) {
    (void)unused;
    ++xruns;
    return 0;
}

static void *library;
static void *symbol(const char *name) {
    void *found = dlsym(library, name);
    if (!found) fprintf(stderr, "probe: libjack has no %s\n", name), exit(1);
    return found;
}

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "probe: give NAME LOG\n"), 2;
    library = dlopen("libjack.so.0", RTLD_NOW);
    if (!library) return fprintf(stderr, "probe: %s\n", dlerror()), 1;
    void *(*client_open)(const char *, int, int *, ...) = symbol("jack_client_open");
    void *(*port_register)(void *, const char *, const char *, unsigned long, unsigned long) =
        symbol("jack_port_register");
    int (*set_process)(void *, int (*)(uint32_t, void *), void *) =
        symbol("jack_set_process_callback");
    int (*set_xrun)(void *, int (*)(void *), void *) = symbol("jack_set_xrun_callback");
    int (*activate)(void *) = symbol("jack_activate");
    int (*client_close)(void *) = symbol("jack_client_close");
    port_get_buffer = symbol("jack_port_get_buffer");
    last_frame_time = symbol("jack_last_frame_time");

    records = calloc(most_records, sizeof *records);
    if (!records) return 1;
    memset(records, 1, most_records * sizeof *records);  // touched: no page fault in `process`
    int status = 0;
    client = client_open(argv[1], no_start_server, &status);
    if (!client) return fprintf(stderr, "probe: no JACK server (status %d)\n", status), 1;
    for (int c = 0; c < channels; ++c) {
        char name[16];
        snprintf(name, sizeof name, "in_%d", c + 1);
        in_ports[c] = port_register(client, name, "32 bit float mono audio", is_input, 0);
        snprintf(name, sizeof name, "out_%d", c + 1);
        out_ports[c] = port_register(client, name, "32 bit float mono audio", is_output, 0);
    }
    set_process(client, process, NULL);
    set_xrun(client, xrun, NULL);
    if (activate(client)) return fprintf(stderr, "probe: the client does not start\n"), 1;
    puts("ready");
    fflush(stdout);

    char unused;
    while (read(0, &unused, 1) > 0) {
    }
    client_close(client);
    FILE *log = fopen(argv[2], "wb");
    if (!log) return 1;
    fwrite(&xruns, sizeof xruns, 1, log);
    fwrite(records, sizeof *records, record_count, log);
    return fclose(log) != 0;
}
