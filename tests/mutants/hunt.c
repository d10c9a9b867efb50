#include "hunt.h"

#include "choose.h"
#include "lockstep/target.h"
#include "stress/stress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Short episodes see more tables than long ones. */
#define EPISODE_LENGTH 2000

static void stress(const struct hunt_options *options, const char *config, bool no_timing_check,
                   struct find *find, struct verdict *verdict) {
    struct stress_options stress = {
        .config = config, .seed = options->seed, .no_timing_check = no_timing_check};
    struct stress_coverage coverage = {0};
    while (coverage.accesses < options->accesses && find->level == COMPARE_NONE) {
        const char *why;
        stress.accesses = EPISODE_LENGTH;
        struct lockstep *both = stress_episode(&stress, &coverage, &why);
        if (!both) {
            snprintf(verdict->problem, sizeof verdict->problem, "%s", why);
            return;
        }
        const struct divergence *divergence = lockstep_divergence(both);
        if (divergence) {
            find->level = divergence->level;
            memcpy(find->what, divergence->what, sizeof find->what);
        }
        find->accesses = coverage.accesses;
        lockstep_destroy(both);
        stress.episode++;
    }
}

static bool trace_diverges(const char *path, const char *config, bool no_tlb_check,
                           struct verdict *verdict) {
    const char *why;
    struct trace_error error = {"out of memory"};
    struct lockstep *both = lockstep_create(
        &(struct lockstep_options){
            .config = config, .latency = "3", .seed = 1, .no_tlb_check = no_tlb_check},
        &why);
    struct trace_reader *reader = trace_open(path, &error);
    struct replay_options options = {.mode = MODE_SV39, .page = PAGE_4K};
    struct replay_target target = lockstep_target(both);
    struct replay *replay =
        reader && both ? replay_create(&options, trace_reader_info(reader), &target, NULL) : NULL;
    bool diverged = false;
    if (!replay || replay_trace(replay, reader, NULL, &error) == REPLAY_FAILED) {
        snprintf(verdict->problem, sizeof verdict->problem, "%.100s: %.150s", path, error.text);
    } else {
        lockstep_finish(both);
        diverged = lockstep_divergence(both) != NULL;
    }
    replay_destroy(replay);
    trace_close(reader);
    lockstep_destroy(both);
    return diverged;
}

struct verdict hunt(const struct hunt_options *options, const struct mutant *mutant,
                    const char *config) {
    struct verdict verdict = {.finished = false};
    mutant_chosen = mutant ? (int)mutant->number : 0;
    stress(options, config, false, &verdict.timed, &verdict);
    if (!mutant || !mutant_shows_in_timing_only(mutant))
        stress(options, config, true, &verdict.steps, &verdict);
    for (size_t i = 0; i < options->traces; i++) {
        verdict.traces |= trace_diverges(options->trace[i], config, false, &verdict) << i;
        verdict.answers |= trace_diverges(options->trace[i], config, true, &verdict) << i;
    }
    verdict.finished = true;
    return verdict;
}

int hunt_start(const struct hunt_options *options, const struct mutant *mutant,
               const char *config) {
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        alarm(options->seconds);
        /* A mutant's failed assertions are not for the one who runs the test. */
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        struct verdict verdict = hunt(options, mutant, config);
        ssize_t written = write(ends[1], &verdict, sizeof verdict);
        _exit(written != sizeof verdict);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return -1;
    }
    return ends[0];
}
