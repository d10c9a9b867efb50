/*
 * How fast traces play, in CPU time of this process: to the model from the file (decoding, paging
 * on first touch and counting included), to the model one mmu_translate() per reference without any
 * folding, and in lockstep with the hardware. Median of REPETITIONS; figures, not tests.
 * usage: bench_replay TRACE...
 */
#include "lockstep/lockstep.h"
#include "lockstep/target.h"
#include "replay/replay.h"
#include "study/sim.h"
#include "timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPETITIONS = 5 };

static const struct mmu_config geometry = {
    .tlb = {{16, 4, POLICY_LRU}, {16, 4, POLICY_LRU}, {128, 12, POLICY_LRU}}, .seed = 1};

static void die(const char *what) {
    fprintf(stderr, "bench_replay: %s\n", what);
    exit(2);
}

/* Plays the file to the target; how many references that were. */
static uint64_t play(const char *path, const struct replay_target *target) {
    struct trace_error error;
    const struct replay_options options = {.mode = MODE_SV39, .page = PAGE_4K};
    struct trace_reader *reader = trace_open(path, &error);
    if (!reader)
        die(error.text);
    struct replay *replay = replay_create(&options, trace_reader_info(reader), target, NULL);
    if (!replay || replay_trace(replay, reader, NULL, &error) != REPLAY_DONE)
        die("a trace does not play to its end");
    const struct replay_counters *counters = replay_counters(replay);
    uint64_t references = counters->references[PORT_I] + counters->references[PORT_D];
    replay_destroy(replay);
    trace_close(reader);
    return references;
}

static double model_from_file(const char *path) {
    const char *why;
    struct sim sim;
    if (!sim_init(&sim, &geometry, &why))
        die(why);
    struct replay_target target = sim_target(&sim);
    double start = cpu_seconds();
    uint64_t references = play(path, &target);
    double seconds = cpu_seconds() - start;
    sim_free(&sim);
    return (double)references / seconds;
}

static double lockstep_from_file(const char *path) {
    const char *why;
    const struct lockstep_options options = {.config = "default", .latency = "10", .seed = 1};
    struct lockstep *both = lockstep_create(&options, &why);
    if (!both)
        die(why);
    struct replay_target target = lockstep_target(both);
    double start = cpu_seconds();
    uint64_t references = play(path, &target);
    if (!lockstep_finish(both))
        die("the sides diverge");
    double seconds = cpu_seconds() - start;
    lockstep_destroy(both);
    return (double)references / seconds;
}

/* Every reference of a trace as a request of its own, as a program with its own loop would have it.
 */
struct requests {
    struct sim sim;
    struct replay_target target;
    struct mmu_request *request;
    size_t count, room;
    bool over; /* another process runs */
};

static void keep(struct requests *requests, const struct mmu_request *request) {
    if (requests->over)
        return;
    if (requests->count == requests->room) {
        requests->room = requests->room ? 2 * requests->room : 1 << 20;
        requests->request = realloc(requests->request, requests->room * sizeof *requests->request);
        if (!requests->request)
            die("out of memory");
    }
    requests->request[requests->count++] = *request;
}

static bool keep_translate(void *context, const struct mmu_request *request,
                           struct mmu_response *response, uint64_t *pa) {
    (void)pa;
    struct requests *requests = context;
    mmu_translate(requests->sim.mmu, request, response);
    if (response->reason == FAULT_NONE)
        keep(requests, request);
    return true;
}

/* Requests are played again without register changes: of several processes the first counts. */
static void keep_control(void *context, const struct mmu_control *control) {
    struct requests *requests = context;
    requests->over |= control->asid > 1;
    if (!requests->over)
        mmu_set_control(requests->sim.mmu, control);
}

/* The sim is the first member, so that its own functions find it at the same address. */
static void expand(struct requests *requests, const char *path) {
    const char *why;
    memset(requests, 0, sizeof *requests);
    if (!sim_init(&requests->sim, &geometry, &why))
        die(why);
    struct replay_target target = sim_target(&requests->sim);
    target.context = requests;
    target.control = keep_control;
    target.translate = keep_translate;
    target.skips_repeats = false;
    play(path, &target);
}

static double model_one_by_one(struct requests *requests) {
    uint64_t sum = 0;
    double start = cpu_seconds();
    for (size_t i = 0; i < requests->count; i++) {
        struct mmu_response response;
        mmu_translate(requests->sim.mmu, &requests->request[i], &response);
        sum += response.pa;
    }
    double seconds = cpu_seconds() - start;
    if (sum == 0)
        die("nothing was translated");
    return (double)requests->count / seconds;
}

static double median(double *rate) {
    return median_of(rate, REPETITIONS) / 1e6;
}

int main(int argc, char **argv) {
    if (argc < 2)
        die("give it traces");
    printf("million references per CPU-second, median of %d\n", REPETITIONS);
    printf("%-32s %12s %14s %10s\n", "trace", "model, file", "one by one", "lockstep");
    for (int i = 1; i < argc; i++) {
        double file[REPETITIONS], single[REPETITIONS], both[REPETITIONS];
        struct requests requests;
        expand(&requests, argv[i]);
        for (int k = 0; k < REPETITIONS; k++) {
            file[k] = model_from_file(argv[i]);
            single[k] = model_one_by_one(&requests);
            both[k] = lockstep_from_file(argv[i]);
        }
        sim_free(&requests.sim);
        free(requests.request);
        printf("%-32s %12.1f %14.1f %10.2f\n", argv[i], median(file), median(single), median(both));
    }
    return 0;
}
