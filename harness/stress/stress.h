/*
 * Random soak in lockstep: both ports at once, fences, register and memory changes at any cycle of
 * a walk, random latencies and back-pressure, bus errors, over adversarial tables. It is cut into
 * episodes, each from reset and from a seed of its own, so that one can be run again alone.
 */
#ifndef TWINWALK_STRESS_STRESS_H
#define TWINWALK_STRESS_STRESS_H

#include "lockstep/lockstep.h"
#include "waves/dump.h"

struct stress_options {
    const char *config;
    uint64_t seed;
    uint64_t episode;  /* which */
    uint64_t accesses; /* in it */
    const char *waves; /* NULL: none; else the dump goes on when the episode is over: */
    struct waves *dump;
    uint64_t waves_first;
};

#define STRESS_READS 5

/* What was met, so that a soak that stopped meeting something is seen. */
struct stress_coverage {
    uint64_t accesses, cycles;
    uint64_t answers[FAULT_REASONS];       /* by fault reason */
    uint64_t answers_from[LEVEL_WALK + 1]; /* by hit level */
    uint64_t page_sizes[PAGE_SIZES];
    uint64_t modes[MODE_SV57 + 1];
    uint64_t fences, fences_in_walk, restarts;
    /* In a walk that had read so many PTEs (the last: or more), waiting for another or not. */
    uint64_t fences_after[STRESS_READS][2];
    uint64_t updates, lost_updates;
    uint64_t clean_hits, evictions;
    uint64_t memory_changes, control_changes;
};

/* Plays one episode and adds to the coverage. The sides, for reports; NULL and a reason. */
struct lockstep *stress_episode(const struct stress_options *options,
                                struct stress_coverage *coverage, const char **why);

/* Something that a long soak must meet and this one did not: its name, NULL if it met all. */
const char *stress_not_met(const struct stress_coverage *coverage);

#endif
