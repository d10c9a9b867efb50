/*
 * Random soak in lockstep: both ports at once with all ids, several requests for a page, fences,
 * register and memory changes at any cycle of a walk, latencies of all forms and back-pressure, bus
 * errors and parity errors, over adversarial tables. It is cut into episodes, each from reset and
 * from a seed of its own, so that one can be run again alone.
 */
#ifndef TWINWALK_STRESS_STRESS_H
#define TWINWALK_STRESS_STRESS_H

#include "coverage.h"
#include "lockstep/lockstep.h"
#include "waves/dump.h"

struct stress_options {
    const char *config;
    uint64_t seed;
    uint64_t episode;  /* which */
    uint64_t accesses; /* in it */
    bool no_timing_check;
    const char *waves; /* NULL: none; else the dump goes on when the episode is over: */
    struct waves *dump;
    uint64_t waves_first;
};

/* Plays one episode and adds to the coverage. The sides, for reports; NULL and a reason. */
struct lockstep *stress_episode(const struct stress_options *options,
                                struct stress_coverage *coverage, const char **why);

#endif
