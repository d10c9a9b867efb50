/*
 * One mutant, hunted: random stress in lockstep until something differs, with the twin and without,
 * then the hand-written traces with and without a look at the TLBs.
 */
#ifndef TWINWALK_TESTS_MUTANTS_HUNT_H
#define TWINWALK_TESTS_MUTANTS_HUNT_H

#include "lockstep/lockstep.h"
#include "table.h"

#define HUNT_TRACES 32

struct hunt_options {
    uint64_t accesses; /* of stress, at most */
    uint64_t seed;
    unsigned seconds; /* a mutant that takes longer is given up */
    size_t traces;
    char *trace[HUNT_TRACES]; /* paths */
};

/* How random stress found it. */
struct find {
    enum compare_level level; /* of the first divergence; COMPARE_NONE: it was not found */
    uint64_t accesses;        /* until then */
    char what[256];
};

struct verdict {
    bool finished;     /* else the process died, or its time was up */
    struct find timed; /* the twin compared */
    struct find steps; /* without it; not tried with mutants that only the twin can show */
    unsigned traces;   /* bit of each trace that diverges, TLBs compared */
    unsigned answers;  /* the same by answers and walks alone */
    char problem[256]; /* why it could not be hunted; "" */
};

/* NULL hunts no mutant at all: nothing may differ. Runs in a process of its own. */
struct verdict hunt(const struct hunt_options *options, const struct mutant *mutant,
                    const char *config);

/* Starts it; the verdict comes down the pipe that is returned (-1: it does not). */
int hunt_start(const struct hunt_options *options, const struct mutant *mutant, const char *config);

#endif
