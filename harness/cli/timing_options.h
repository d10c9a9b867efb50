/*
 * Options of runs with time (study/timed.h), as an argp child parser; its input is a struct
 * timing_options. What belongs to the MMU's configuration goes there.
 */
#ifndef TWINWALK_CLI_TIMING_OPTIONS_H
#define TWINWALK_CLI_TIMING_OPTIONS_H

#include "study/timed.h"

#include <argp.h>

struct timing_options {
    bool run[TIMED_MODES]; /* which of them; none: without time */
    unsigned in_flight;
    const char *latency; /* timing/latency.h */
    const char *alone;   /* an option that means nothing without --timing; NULL: none was given */
    struct mmu_config *config;
};

/* --timing, --walks, --misses, --prefetch, --latency, --in-flight */
extern const struct argp timing_options_argp;

/* Without time; in `config` the walks and miss files of the hardware's default configuration. */
void timing_options_init(struct timing_options *options, struct mmu_config *config);

bool timing_wanted(const struct timing_options *options);

#endif
