/*
 * The figures of runs with time, for people and as JSON (docs/json.md).
 */
#ifndef TWINWALK_CLI_TIMING_RESULTS_H
#define TWINWALK_CLI_TIMING_RESULTS_H

#include "study/timed.h"

#include <jansson.h>

struct timing_results {
    bool has[TIMED_MODES];
    struct timing_figures figures[TIMED_MODES];
    uint64_t differences; /* EXACT: answers of the twin that the model did not give */
};

/* A line for each, and one for the error of the fast mode if there are both. */
void timing_results_print(const struct timing_results *results);

/* The object `timing`. */
json_t *timing_results_json(const struct timing_results *results);

#endif
